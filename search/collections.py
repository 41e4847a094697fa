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
FORMAT = 2

WORDS = "words"  # the name of the sparse vector
_SHORTEST = 1e-6  # vectors are of unit length
_MOST_MEASURED = 1e6  # in any unit: Hz, dB, syllables

_SETTING: Mapping[Modality | None, str] = {
    "scene": "NOWSEEN_PICTURES",
    "speech": "NOWSEEN_SENTENCES",
    "text": "NOWSEEN_SENTENCES",
    None: "NOWSEEN_VOICES",
}


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """One collection as the topology declares it and the loaded encoders size it.

    `vectors` holds sizes by name; the first is the one searched by, which every point has, and `encoder` names the
    model that makes it. A point may lack the others; `others` names their models by vector, where it is another one.
    `words` adds a BM25 index of the text. Without a modality it keeps no moments but speakers.
    """

    name: str
    modality: Modality | None
    vectors: Mapping[str, int]
    words: bool
    encoder: str
    others: Mapping[str, str] = field(default_factory=dict)

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
    """A moment or a speaker as an engine takes it."""

    id: str
    vectors: Mapping[str, Vector]
    words: SparseWords | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A moment or a speaker as an engine gives it back."""

    id: str
    payload: Mapping[str, Any]
    score: float = 0.0
    vectors: Mapping[str, Vector] = field(default_factory=dict)


class Collection(Protocol):
    """One collection in one engine. Thread-safe. How it is laid out (one shard or many) is the engine's own affair.

    What is written is searchable when the call returns, and durable after `flush`. An id that is not there is passed
    over.
    """

    @property
    def spec(self) -> CollectionSpec: ...

    def upsert(self, points: Sequence[Point]) -> None: ...

    def set_fields(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        """Replaces these fields of the payload, by id; the others stay."""
        ...

    def forget(self, ids: Sequence[str], vectors: Sequence[str], fields: Sequence[str]) -> None:
        """Removes these vectors and fields; the points stay."""
        ...

    def delete(self, ids: Sequence[str]) -> None: ...

    def flush(self) -> None: ...

    def purge(self) -> None:
        """Leaves nothing in the files of what was deleted, as far as that is in this process's hands."""
        ...

    def get(self, ids: Sequence[str], *, vectors: Sequence[str]) -> list[Row]:
        """In no order, each with those of these vectors that it has."""
        ...

    def nearest(
        self, query: Vector | SparseWords, where: MomentFilter, limit: int, *, vectors: Sequence[str], using: str
    ) -> list[Row]:
        """By the vector of this name, or by words; best first."""
        ...

    def newest(self, where: MomentFilter, limit: int, *, vectors: Sequence[str]) -> list[Row]:
        """By start, latest first."""
        ...

    def everything(self) -> list[Row]:
        """Every point, with its vectors, in no order."""
        ...

    def sources(self) -> dict[str, int]: ...

    def count(self) -> int: ...

    def close(self) -> None: ...


def record_of(spec: CollectionSpec) -> str:
    """What is kept with a collection, as JSON."""
    record = {
        "format": FORMAT,
        "encoder": spec.encoder,
        "others": dict(spec.others),
        "vectors": dict(spec.vectors),
        "words": spec.words,
    }
    return json.dumps(record, indent=1)


def check_record(spec: CollectionSpec, kept: str, where: str, start_anew: str) -> None:
    """Raises ConfigError when the collection kept at `where` is not the one wanted; `start_anew` says how to be rid of
    the old one."""
    try:
        record = json.loads(kept)
        if (old_format := int(record["format"])) != FORMAT:
            raise ConfigError(
                f"collection {spec.name!r} in {where} has format {old_format}; this version reads {FORMAT}: "
                f"{start_anew}"
            )
        old_encoder = str(record["encoder"])
        old_others = {str(name): str(encoder) for name, encoder in record["others"].items()}
        old_vectors = {str(name): int(size) for name, size in record["vectors"].items()}
        old_words = bool(record["words"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"the record of collection {spec.name!r} in {where} can't be read: {start_anew}") from error
    changed = [(_SETTING[spec.modality], old_encoder, spec.encoder)]
    changed += [(_SETTING[None], old_others.get(name, old_encoder), new) for name, new in spec.others.items()]
    for setting, old, new in changed:
        if old != new:
            raise ConfigError(
                f"collection {spec.name!r} in {where} was indexed by {old!r}, but {new!r} is loaded, and their "
                f"vectors can't be compared. Set {setting}={old} to go on with it, or {start_anew}"
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
    if spec.searched_by not in moment.vectors or set(moment.vectors) - set(spec.vectors):
        raise BadEvent(
            f"{what} has vectors {sorted(moment.vectors)}; {spec.name!r} keeps {sorted(spec.vectors)}, of which "
            f"{spec.searched_by!r} must be there"
        )
    for name, vector in moment.vectors.items():
        if len(vector) != spec.vectors[name]:
            raise BadEvent(
                f"{what}: vector {name!r} has {len(vector)} numbers; collection {spec.name!r} keeps "
                f"{spec.vectors[name]}"
            )
        if not all(map(math.isfinite, vector)):
            raise BadEvent(f"{what}: vector {name!r} holds a number that is not finite")
        if math.hypot(*vector) < _SHORTEST:
            raise BadEvent(f"{what}: vector {name!r} is zero: it has no direction")
    for cue in moment.cues:
        if cue.measured is not None and not abs(cue.measured) <= _MOST_MEASURED:
            raise BadEvent(f"{what}: {cue.what!r} measures {cue.measured}, which no voice has")


def _shape(vectors: Mapping[str, int], words: bool) -> str:
    sizes = ", ".join(f"{name} ({size})" for name, size in vectors.items())
    return f"vectors {sizes} {'with' if words else 'without'} words"
