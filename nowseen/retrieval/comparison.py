"""Results side by side: what changed from the first, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.bootstrap import Difference, paired_differences
from domain.errors import ConfigError
from domain.retrieval_metrics import METRICS
from nowseen.retrieval.results import RankingEvaluated, RetrievalEvaluated


@dataclass(frozen=True, slots=True)
class RankingCompared:
    """One row of figures of the first result and of each other one."""

    task: str
    ranking: str
    queries: int
    means: tuple[Mapping[str, float], ...]  # of every result, in order
    differences: tuple[Mapping[str, Difference], ...]  # of every result but the first, less the first


@dataclass(frozen=True, slots=True)
class RetrievalCompared:
    names: tuple[str, ...]
    dataset: str
    encoders: tuple[Mapping[str, str], ...]  # names by role, of every result
    rows: tuple[RankingCompared, ...]


def compare(named: Sequence[tuple[str, RetrievalEvaluated]]) -> RetrievalCompared:
    """Raises ConfigError for fewer than two results, and for results of different data sets."""
    if len(named) < 2:
        raise ConfigError("a comparison needs two results or more")
    (first_name, first), others = named[0], named[1:]
    for name, other in others:
        if other.fingerprint != first.fingerprint:
            raise ConfigError(
                f"{name} is of another data set than {first_name}: {other.dataset} ({other.fingerprint[:8]}) and "
                f"{first.dataset} ({first.fingerprint[:8]}). Figures of two data sets can't be compared"
            )
    ours, theirs = _rankings(first), [_rankings(other) for _, other in others]
    shared = [key for key in ours if all(key in each for each in theirs)]
    queries = {task.task: task.queries for task in first.tasks}
    return RetrievalCompared(
        names=tuple(name for name, _ in named),
        dataset=first.dataset,
        encoders=tuple({info.role: info.name for info in each.encoders} for _, each in named),
        rows=tuple(
            RankingCompared(
                task=key[0],
                ranking=key[1],
                queries=queries[key[0]],
                means=tuple({metric: each[key].metrics[metric].mean for metric in METRICS} for each in (ours, *theirs)),
                differences=tuple(_differences(ours[key], each[key]) for each in theirs),
            )
            for key in shared
        ),
    )


def _rankings(evaluated: RetrievalEvaluated) -> dict[tuple[str, str], RankingEvaluated]:
    return {(task.task, name): ranking for task in evaluated.tasks for name, ranking in task.rankings.items()}


def _differences(first: RankingEvaluated, other: RankingEvaluated) -> Mapping[str, Difference]:
    if first.by_query.keys() != other.by_query.keys():
        raise ConfigError("the results hold different queries although their data set is one: one was changed by hand")
    before, after = (
        [[ranking.by_query[query][metric] for metric in METRICS] for query in first.by_query]
        for ranking in (first, other)
    )
    return dict(zip(METRICS, paired_differences(before, after), strict=True))
