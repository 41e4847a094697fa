"""What a collection of moments is, whichever engine keeps it, and the narrow face each engine gives to one.

A collection belongs to one encoder for life: vectors of two models share a size by chance and a space never, and
searching a mixture fails silently. So its record (encoder, sizes) is kept with the data and compared at every opening.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.errors import BadEvent, ConfigError
from domain.events import Modality, MomentDescribed, Vector
from domain.ports import MomentFilter

# Raised whenever the payload, its indexes or the cutting of text into words changes, so that old data is never misread.
FORMAT = 1

WORDS = "words"  # the name of the sparse vector

# What is filtered, ordered or counted by. Exact match for keywords, ranges for floats.
INDEXED: Mapping[str, str] = {"source": "keyword", "start_s": "float", "end_s": "float"}

_SETTING: Mapping[Modality, str] = {
    "scene": "NOWSEEN_PICTURES",
    "speech": "NOWSEEN_SENTENCES",
    "text": "NOWSEEN_SENTENCES",
}


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """One collection as the topology declares it and the loaded encoder sizes it.

    `vectors` holds sizes by name; the first is the one searched by, and `encoder` names the model that makes it.
    `words` adds a BM25 index of the text.
    """

    name: str
    modality: Modality
    vectors: Mapping[str, int]
    words: bool
    encoder: str

    def __post_init__(self) -> None:
        if not self.vectors:
            raise ConfigError(f"collection {self.name!r} has no vector")

    @property
    def searched_by(self) -> str:
        return next(iter(self.vectors))


@dataclass(frozen=True, slots=True)
class SparseWords:
    """A text as BM25 sees it: a number for each distinct word, and its weight."""

    indices: list[int]
    values: list[float]


@dataclass(frozen=True, slots=True)
class Point:
    """A moment as an engine takes it."""

    id: str
    vectors: Mapping[str, Vector]
    words: SparseWords | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A moment as an engine gives it back."""

    id: str
    payload: Mapping[str, Any]
    score: float = 0.0
    vectors: Mapping[str, Vector] = field(default_factory=dict)


class Collection(Protocol):
    """One collection in one engine. Thread-safe. How it is laid out (one shard or many) is the engine's own affair."""

    @property
    def spec(self) -> CollectionSpec: ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Searchable when it returns; durable after `flush`."""
        ...

    def flush(self) -> None: ...

    def nearest(self, query: Vector | SparseWords, where: MomentFilter, limit: int, *, with_vectors: bool) -> list[Row]:
        """By the vector searched by, or by words; best first."""
        ...

    def newest(self, where: MomentFilter, limit: int) -> list[Row]:
        """By start, latest first."""
        ...

    def sources(self) -> dict[str, int]: ...

    def count(self) -> int: ...

    def close(self) -> None: ...


def record_of(spec: CollectionSpec) -> str:
    """What is kept with a collection, as JSON."""
    return json.dumps(
        {"format": FORMAT, "encoder": spec.encoder, "vectors": dict(spec.vectors), "words": spec.words}, indent=1
    )


def check_record(spec: CollectionSpec, kept: str, where: str, start_anew: str) -> None:
    """Raises ConfigError when the collection kept at `where` is not the one wanted; `start_anew` says how to be rid of
    the old one."""
    try:
        record = json.loads(kept)
        old_format, old_encoder = int(record["format"]), str(record["encoder"])
        old_vectors = {str(name): int(size) for name, size in record["vectors"].items()}
        old_words = bool(record["words"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"the record of collection {spec.name!r} in {where} can't be read: {start_anew}") from error
    if old_format != FORMAT:
        raise ConfigError(
            f"collection {spec.name!r} in {where} has format {old_format}; this version reads {FORMAT}: {start_anew}"
        )
    if old_encoder != spec.encoder:
        raise ConfigError(
            f"collection {spec.name!r} in {where} was indexed by {old_encoder!r}, but {spec.encoder!r} is loaded, and "
            f"their vectors can't be compared. Set {_SETTING[spec.modality]}={old_encoder} to go on with it, or "
            f"{start_anew}"
        )
    if old_vectors != dict(spec.vectors) or old_words != spec.words:
        raise ConfigError(
            f"collection {spec.name!r} in {where} holds {_shape(old_vectors, old_words)}, but "
            f"{_shape(spec.vectors, spec.words)} is asked for: {start_anew}"
        )


def check_moment(spec: CollectionSpec, moment: MomentDescribed) -> None:
    """Raises BadEvent when the moment can't be kept in the collection: another model's, or vectors of another shape."""
    what = f"moment of {moment.source!r} at {moment.start_s}"
    if moment.encoder != spec.encoder:
        raise BadEvent(
            f"{what} was made by {moment.encoder!r}, but collection {spec.name!r} belongs to {spec.encoder!r}: "
            f"run its worker with {_SETTING[spec.modality]}={spec.encoder}"
        )
    if set(moment.vectors) != set(spec.vectors):
        raise BadEvent(f"{what} has vectors {sorted(moment.vectors)}; {spec.name!r} keeps {sorted(spec.vectors)}")
    for name, vector in moment.vectors.items():
        if len(vector) != spec.vectors[name]:
            raise BadEvent(
                f"{what}: vector {name!r} has {len(vector)} numbers; collection {spec.name!r} keeps "
                f"{spec.vectors[name]}"
            )
        if not all(map(math.isfinite, vector)):
            raise BadEvent(f"{what}: vector {name!r} holds a number that is not finite")


def _shape(vectors: Mapping[str, int], words: bool) -> str:
    sizes = ", ".join(f"{name} ({size})" for name, size in vectors.items())
    return f"vectors {sizes} {'with' if words else 'without'} words"
