"""Measures rules on a data set: its queries in words stand, and its items come.

The items are dealt into folds at random, once and for all. What comes is one fold, and what is learnt from are the
others; each fold comes once. So nothing is judged that was learnt from. A rule is right to tell of an item that is
relevant to its query. For comparison one threshold on the cosine, the same for all rules of a kind, which is given more
to learn from than rules are: it is told what was relevant in the other folds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from domain.bootstrap import BootstrapOptions
from domain.errors import ConfigError
from domain.events import MomentDescribed
from domain.moment_reading import ScoreOptions
from domain.ports import EncoderInfo, Matrix, VoiceActivity
from nowseen.retrieval.dataset import TASKS, ItemKind, Query, RetrievalDataset
from nowseen.retrieval.described_items import IMAGE, TEXT, describe_items
from nowseen.retrieval.fingerprint import fingerprint
from nowseen.retrieval.models import RetrievalModels
from nowseen.retrieval.raw_thresholds import Pairs, best_threshold, told_in_folds
from nowseen.retrieval.rule_judging import RAW, RAW_AT_BEST, RulesOfKind, Told, judged
from nowseen.retrieval.rule_trial import Items, rule_for, told_of
from search.query_bank import QueryBank


@dataclass(frozen=True, slots=True)
class RuleEvaluationOptions:
    folds: int = 10
    seed: int = 0
    budgets_per_day: tuple[float, ...] = (1.0, 1 / 3)  # the first is a rule's that says nothing else
    bootstrap: BootstrapOptions = field(default_factory=BootstrapOptions)


@dataclass(frozen=True, slots=True)
class RulesEvaluated:
    rules_precision: float  # of all kinds, at the first budget
    rules_recall: float
    raw_precision: float  # of the cosine with a learnt threshold
    raw_recall: float
    dataset: str
    fingerprint: str
    encoders: tuple[EncoderInfo, ...]
    bootstrap: BootstrapOptions
    kinds: tuple[RulesOfKind, ...]  # the last is all of them, where there are several


def evaluate_rules(
    dataset: RetrievalDataset,
    models: RetrievalModels,
    voice_activity: Callable[[], VoiceActivity],
    *,
    tell: Callable[[str], None] = lambda _: None,
    options: RuleEvaluationOptions | None = None,
) -> RulesEvaluated:
    """The same data set, models and machine give the same figures. Raises ConfigError for media that can't be read, and
    for a data set without queries in words or with fewer items of a kind than folds."""
    options = options or RuleEvaluationOptions()
    described: dict[ItemKind, defaultdict[str, list[MomentDescribed]]] = {
        "scene": defaultdict(list),
        "speech": defaultdict(list),
    }
    for batch in describe_items(dataset, models, voice_activity, tell):
        for item, moment in batch:
            described[item.kind][item.id].append(moment)
    told = [
        _told(task.kind, queries, described[task.kind], models, tell, options)
        for task in TASKS
        if task.by == "text" and (queries := dataset.asked(task))
    ]
    if not told:
        raise ConfigError(f"the data set {dataset.name!r} has no queries in words: rules have nothing to watch for")
    kinds = [judged(each.kind, [each], options.bootstrap) for each in told]
    kinds += [judged("all", told, options.bootstrap)] if len(told) > 1 else []
    rules, raw = kinds[-1].tellings[_budget(options.budgets_per_day[0])], kinds[-1].tellings[RAW]
    return RulesEvaluated(
        rules.precision.mean, rules.recall.mean, raw.precision.mean, raw.recall.mean,
        dataset.name, fingerprint(dataset), models.used, options.bootstrap, tuple(kinds),
    )  # fmt: skip


def _told(
    kind: ItemKind,
    queries: Sequence[Query],
    items: Items,
    models: RetrievalModels,
    tell: Callable[[str], None],
    options: RuleEvaluationOptions,
) -> Told:
    if len(items) < options.folds:
        raise ConfigError(f"{len(items)} items of the kind {kind} can't be dealt into {options.folds} folds")
    encoder, name = (models.pictures, IMAGE) if kind == "scene" else (models.sentences, TEXT)
    tell(f"{kind}: reading the queries")
    rows = encoder.encode_texts([query.text for query in queries])
    names = list(items)
    order = [names[at] for at in np.random.default_rng(options.seed).permutation(len(names))]
    dealt = {item: items[item] for item in order}
    folds = np.arange(len(order)) % options.folds
    relevant = np.asarray([[item in query.relevant for item in order] for query in queries])
    if not relevant.any():
        raise ConfigError(f"in nothing of the kind {kind} that is asked for any words were heard")
    bank = QueryBank(encoder).vectors()
    scores = ScoreOptions({"scene" if kind == "scene" else "meaning": bank})
    by: dict[str, Pairs] = {}
    for budget in options.budgets_per_day:
        tell(f"{kind}: {_budget(budget)}")
        rules = [
            rule_for(str(at), query.text, kind, tuple(row.tolist()), budget)
            for at, (query, row) in enumerate(zip(queries, rows, strict=True))
        ]
        told = np.zeros_like(relevant)
        for history, coming in _folds(dealt, folds):
            for rule, item in told_of(rules, scores, history, coming):
                told[int(rule), order.index(item)] = True
        by[_budget(budget)] = told
    cosines = _cosines(rows, dealt, name)
    by[RAW] = told_in_folds(cosines, relevant, folds)
    by[RAW_AT_BEST] = cosines >= best_threshold(cosines, relevant)
    return Told(kind, relevant, by)


def _folds(items: Items, folds: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Iterator[tuple[Items, Items]]:
    """What is learnt from and what comes, for each fold."""
    for fold in range(int(folds.max()) + 1):
        coming = {item for item, its in zip(items, folds, strict=True) if its == fold}
        yield (
            {item: moments for item, moments in items.items() if item not in coming},
            {item: moments for item, moments in items.items() if item in coming},
        )


def _cosines(rows: Matrix, items: Items, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(queries, items): of an item's moments the nearest."""
    vectors = {item: np.asarray([moment.vectors[name] for moment in moments]) for item, moments in items.items()}
    return np.stack([(rows.astype(np.float64) @ each.T).max(axis=1) for each in vectors.values()], axis=1)


def _budget(per_day: float) -> str:
    return f"rules, {per_day:.2g} false alarms a day"
