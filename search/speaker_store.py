"""The store of speakers over any engine. Their number is that of people heard, so all of them are read at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.events import Vector
from domain.speakers import Speaker, Trait
from search.collections import Collection, Point, Row

_LAST_NUMBER = "5f0c7f3e-7f0f-5d55-9d0c-0f6c1f1f7a10"  # id of a point that is nobody and holds a number


class CollectionSpeakerStore:
    """A `SpeakerStore` in one collection with the vectors "voice" and "enrolled", of which a speaker may lack the
    second."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def load(self) -> list[Speaker]:
        """By number."""
        rows = (row for row in self._collection.everything() if row.id != _LAST_NUMBER)
        return sorted(map(_speaker, rows), key=lambda speaker: speaker.number)

    def last_number(self) -> int:
        return max((int(row.payload["number"]) for row in self._collection.everything()), default=0)

    def flush(self) -> None:
        self._collection.flush()

    def save(self, speakers: Sequence[Speaker]) -> None:
        if points := [_point(speaker) for speaker in {each.id: each for each in speakers}.values()]:
            self._collection.upsert(points)

    def delete(self, ids: Iterable[str]) -> None:
        if gone := list(ids):
            spec = self._collection.spec
            blank = (1.0, *[0.0] * (spec.vectors[spec.searched_by] - 1))
            last = Point(_LAST_NUMBER, {spec.searched_by: blank}, None, {"number": self.last_number()})
            self._collection.upsert([last])  # or a stranger would get a forgotten speaker's number
            self._collection.delete(gone)
            self._collection.purge()


def _point(speaker: Speaker) -> Point:
    vectors: dict[str, Vector] = {"voice": speaker.voice}
    if speaker.enrolled is not None:
        vectors["enrolled"] = speaker.enrolled
    payload: dict[str, Any] = {
        "number": speaker.number,
        "utterances": speaker.utterances,
        "spoken_s": speaker.spoken_s,
        "first_heard_s": speaker.first_heard_s,
        "last_heard_s": speaker.last_heard_s,
        "sources": list(speaker.sources),
        "traits": {name: [trait.mean, trait.deviation, trait.count] for name, trait in speaker.traits.items()},
    }
    for name in ("name", "consent", "merged_into"):
        if (value := getattr(speaker, name)) is not None:
            payload[name] = value
    return Point(speaker.id, vectors, None, payload)


def _speaker(row: Row) -> Speaker:
    kept: Mapping[str, Any] = row.payload
    return Speaker(
        id=row.id,
        number=int(kept["number"]),
        voice=row.vectors["voice"],
        utterances=int(kept["utterances"]),
        spoken_s=float(kept["spoken_s"]),
        first_heard_s=float(kept["first_heard_s"]),
        last_heard_s=float(kept["last_heard_s"]),
        sources=tuple(kept["sources"]),
        name=kept.get("name"),
        enrolled=row.vectors.get("enrolled"),
        consent=kept.get("consent"),
        traits={name: Trait(float(mean), float(spread), int(n)) for name, (mean, spread, n) in kept["traits"].items()},
        merged_into=kept.get("merged_into"),
    )
