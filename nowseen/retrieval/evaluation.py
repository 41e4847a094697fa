"""Measures a data set: every item indexed, every query asked, every ranking judged."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from domain.bootstrap import BootstrapOptions, mean_intervals
from domain.ports import VoiceActivity
from domain.retrieval_metrics import METRICS
from nowseen.retrieval.dataset import TASKS, RetrievalDataset, Task
from nowseen.retrieval.fingerprint import fingerprint
from nowseen.retrieval.index import RetrievalIndex, retrieval_index
from nowseen.retrieval.models import RetrievalModels
from nowseen.retrieval.rankings import rankings, without_itself
from nowseen.retrieval.remembered_texts import RememberedTexts
from nowseen.retrieval.results import RankingEvaluated, RetrievalEvaluated, TaskEvaluated

_PACKAGES = ("nowseen", "numpy", "torch", "open_clip_torch", "openai-whisper", "qdrant-edge-py")
_TOLD_EVERY = 20  # queries


def must_hear(dataset: RetrievalDataset) -> bool:
    """Whether there is speech whose words are not given."""
    return any(item.kind == "speech" and not item.text for item in dataset.items)


def evaluate_retrieval(
    dataset: RetrievalDataset,
    models: RetrievalModels,
    voice_activity: Callable[[], VoiceActivity],
    now: datetime,
    *,
    tell: Callable[[str], None] = lambda _: None,
    bootstrap: BootstrapOptions | None = None,
) -> RetrievalEvaluated:
    """The same data set, models and machine give the same figures. Raises ConfigError for media that can't be read."""
    bootstrap = bootstrap or BootstrapOptions()
    seen = [query.text for task in TASKS if task.by == "text" and task.kind == "scene" for query in dataset.asked(task)]
    remembering = replace(models, pictures=RememberedTexts(models.pictures, seen))
    with retrieval_index(dataset, remembering, voice_activity, tell) as index:
        asked = [task for task in TASKS if dataset.asked(task)]
        tasks = [_task(dataset, task, index, remembering, tell, bootstrap) for task in asked]
        found = set(index.item_of.values())
    return RetrievalEvaluated(
        format=1,
        dataset=dataset.name,
        fingerprint=fingerprint(dataset),
        date=now.astimezone(UTC).isoformat(timespec="seconds"),
        encoders=models.used,
        versions=_versions(),
        bootstrap=bootstrap,
        tasks=tuple(tasks),
        not_indexed=tuple(item.id for item in dataset.items if item.id not in found),
    )


def _task(
    dataset: RetrievalDataset,
    task: Task,
    index: RetrievalIndex,
    models: RetrievalModels,
    tell: Callable[[str], None],
    bootstrap: BootstrapOptions,
) -> TaskEvaluated:
    tell(f"{task.name}: reading the queries")
    items, queries = dataset.of_kind(task.kind), dataset.asked(task)
    judged: dict[str, RankingEvaluated] = {}
    for name, ranked in rankings(task, queries, index, models).items():
        by_query: dict[str, Mapping[str, float]] = {}
        for number, query in enumerate(queries, start=1):
            if number % _TOLD_EVERY == 0:
                tell(f"{task.name}, {name}: query {number} of {len(queries)}")
            asked, same = without_itself(query, items)
            ranking = [item for item in ranked(asked) if item not in same]
            by_query[query.id] = {metric: judge(ranking, asked.relevant) for metric, judge in METRICS.items()}
        intervals = mean_intervals([list(values.values()) for values in by_query.values()], bootstrap)
        judged[name] = RankingEvaluated(dict(zip(METRICS, intervals, strict=True)), by_query)
    return TaskEvaluated(task.name, len(queries), len(items), judged)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from its folder, not installed
            continue
    return found
