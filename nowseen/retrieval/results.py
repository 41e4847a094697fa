"""An evaluation's result: what was measured, of what, by whom; and as the JSON it is kept as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from domain.bootstrap import BootstrapOptions, Interval
from domain.errors import ConfigError
from domain.ports import EncoderInfo
from domain.retrieval_metrics import METRICS
from nowseen.retrieval.reading import read_text


@dataclass(frozen=True, slots=True)
class RankingEvaluated:
    metrics: Mapping[str, Interval]
    by_query: Mapping[str, Mapping[str, float]]  # metrics by query id: what a comparison pairs


@dataclass(frozen=True, slots=True)
class TaskEvaluated:
    task: str
    queries: int
    items: int
    rankings: Mapping[str, RankingEvaluated]  # "search": the product's; "vectors": the encoder's alone


@dataclass(frozen=True, slots=True)
class RetrievalEvaluated:
    format: Literal[1]
    dataset: str
    fingerprint: str
    date: str  # ISO 8601, UTC
    encoders: tuple[EncoderInfo, ...]
    versions: Mapping[str, str]
    bootstrap: BootstrapOptions
    tasks: tuple[TaskEvaluated, ...]
    not_indexed: tuple[str, ...]  # ids of speech in which no words were heard


_JSON = TypeAdapter(RetrievalEvaluated)


def to_json(evaluated: RetrievalEvaluated, *, indent: int | None = None) -> str:
    return _JSON.dump_json(evaluated, indent=indent).decode()


def read_result(path: Path) -> RetrievalEvaluated:
    """Raises ConfigError when the file is no result of this version."""
    no_result = f"{path} is no result of `nowseen evaluate retrieval` that this version reads"
    try:
        found = _JSON.validate_json(read_text(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigError(f"{no_result}: {'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from error
    for task in found.tasks:
        for ranking in task.rankings.values():
            rows = (ranking.metrics, *ranking.by_query.values())
            if not ranking.by_query or any(row.keys() != METRICS.keys() for row in rows):
                raise ConfigError(f"{no_result}: its figures for {task.task} are others than {', '.join(METRICS)}")
    return found
