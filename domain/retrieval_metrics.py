"""How well a ranking answers a query: pure functions of the items in their order and of what is relevant.

A ranking is taken as it is given, best first: nothing here knows scores. Where equal scores leave the order open,
`pessimistic` gives the one that is worst for the figures, so that a model that scores everything alike earns nothing by
it (on what ties do to such figures: McSherry and Najork, "Computing information retrieval performance measures
efficiently in the presence of tied scores", ECIR 2008).

Relevance is a grade above 0 for each relevant item; for plain right and wrong every grade is 1. Recall and reciprocal
rank ask only whether an item is relevant; the discounted gain counts the grade itself. A relevant item that is not in
the ranking was not found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, TypeVar

Relevance: TypeAlias = Mapping[str, float]  # grade by item
Metric: TypeAlias = Callable[[Sequence[str], Relevance], float]
Id = TypeVar("Id", bound=Hashable)


def recall_at(k: int, ranking: Sequence[str], relevant: Relevance) -> float:
    """Of the relevant items, as many as k places can hold, the share found in the first k. 0 to 1.

    With one relevant item it is the "R@k" of cross-modal retrieval. With more than k of them plain recall could never
    reach 1, so the smaller number divides: capped recall (Thakur et al., "BEIR", NeurIPS 2021).
    Raises ValueError for k below 1, as all here do for a ranking that names an item twice, for no relevant item, and
    for a grade that is not a finite number above 0.
    """
    _check(ranking, relevant)
    _check_places(k)
    return sum(item in relevant for item in ranking[:k]) / min(k, len(relevant))


def reciprocal_rank(ranking: Sequence[str], relevant: Relevance) -> float:
    """1 / the place of the first relevant item, 0 when there is none (Voorhees, TREC-8, 1999). Its mean is MRR."""
    _check(ranking, relevant)
    return next((1.0 / place for place, item in enumerate(ranking, start=1) if item in relevant), 0.0)


def ndcg_at(k: int, ranking: Sequence[str], relevant: Relevance) -> float:
    """Discounted gain of the first k places, of that of the best possible order. 0 to 1.

    The gain is the grade and the discount log2(place + 1) (Järvelin and Kekäläinen, ACM TOIS 20(4), 2002, as trec_eval
    computes it).
    """
    _check(ranking, relevant)
    _check_places(k)
    highest = max(relevant.values())  # divided out, so that no sum of large grades is infinite
    best = sorted(relevant.values(), reverse=True)
    return _gain([relevant.get(item, 0.0) / highest for item in ranking[:k]]) / _gain([g / highest for g in best[:k]])


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "recall@1": lambda ranking, relevant: recall_at(1, ranking, relevant),
        "recall@5": lambda ranking, relevant: recall_at(5, ranking, relevant),
        "recall@10": lambda ranking, relevant: recall_at(10, ranking, relevant),
        "mrr": reciprocal_rank,
        "ndcg@10": lambda ranking, relevant: ndcg_at(10, ranking, relevant),
    }
)


def pessimistic(scores: Mapping[Id, float], relevant: Mapping[Id, float]) -> list[Id]:
    """Highest score first; among equal scores those that are not relevant, then the lower grades."""
    return sorted(scores, key=lambda item: (-scores[item], relevant.get(item, 0.0)))


def _gain(grades: Sequence[float]) -> float:
    return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, start=1))


def _check_places(k: int) -> None:
    if k < 1:
        raise ValueError(f"{k} places; at least the first must count")


def _check(ranking: Sequence[str], relevant: Relevance) -> None:
    if len(set(ranking)) != len(ranking):
        raise ValueError("the ranking names an item twice")
    if not relevant:
        raise ValueError("no item is relevant: whatever is found, there is nothing to measure")
    if not all(math.isfinite(grade) and grade > 0 for grade in relevant.values()):
        raise ValueError("a grade of relevance is a finite number above 0")
