"""The speakers told apart so far: which records are one person, and how near a voice is to each."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from domain.errors import BadRequest
from domain.events import Vector
from domain.speakers import Speaker

_ANONYMOUS = re.compile(r"speaker\s*\d+", re.IGNORECASE)
_LONGEST_NAME = 100
_STRETCH = 1.8  # how much farther apart voices come out once all that they share is taken out


class KnownVoices:
    """Speakers by id. Those merged into another stay as records of their own, so that their ids and voices are known:
    a person is the record that is merged into nobody, and its family is all that were merged into it, itself first."""

    def __init__(self, speakers: Iterable[Speaker]) -> None:
        self._by_id: dict[str, Speaker] = {}
        # (2, d) each: the voice heard, and the enrolled one if there is one. As tuples they would take longer to read
        # than to compare.
        self._rows: dict[str, npt.NDArray[np.float64]] = {}
        for speaker in speakers:
            self.put(speaker)
        self._next_number = 1 + max((speaker.number for speaker in self._by_id.values()), default=0)

    def get(self, id: str) -> Speaker | None:
        return self._by_id.get(id)

    def all(self) -> list[Speaker]:
        return list(self._by_id.values())

    def person(self, id: str) -> Speaker | None:
        speaker = self._by_id.get(id)
        while speaker is not None and speaker.merged_into in self._by_id:
            speaker = self._by_id[speaker.merged_into]
        return speaker

    def persons(self) -> list[Speaker]:
        """By number."""
        return sorted(
            (each for each in self._by_id.values() if each.merged_into not in self._by_id),
            key=lambda each: each.number,
        )

    def family(self, person: Speaker) -> list[Speaker]:
        family = [each for each in self._by_id.values() if self.person(each.id) == person]
        return sorted(family, key=lambda each: (each.id != person.id, each.number))

    def named(self, name: str) -> Speaker | None:
        """The person of a name in any case, a merged record's name included."""
        return next((self.person(each.id) for each in self._by_id.values() if _same(each.name, name)), None)

    def called(self, who: str) -> Speaker | None:
        """The person of an id, a name or a number ("speaker 7")."""
        for each in self._by_id.values():
            if _same(each.id, who) or _same(each.name, who) or _same(f"speaker {each.number}", who):
                return self.person(each.id)
        return None

    def free_name(self, name: str, person: Speaker | None) -> str:
        """The name without needless spaces. Raises BadRequest when it can't be this person's."""
        name = " ".join(name.split())
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise BadRequest(f"a name has 1 to {_LONGEST_NAME} printable characters")
        if "/" in name or not name.strip("."):
            raise BadRequest("a name has no '/' and is not made of dots alone: in an address it would mean a path")
        if _ANONYMOUS.fullmatch(name):
            raise BadRequest(f"{name!r} is how people without a name are called: give another name")
        whose = self.named(name)
        if whose is not None and whose != person:
            raise BadRequest(f"{name} is speaker {whose.number} already: if the two are one person, merge them")
        return name

    def put(self, speaker: Speaker) -> Speaker:
        self._by_id[speaker.id] = speaker
        self._rows[speaker.id] = np.asarray([speaker.voice, speaker.enrolled or speaker.voice])
        return speaker

    def remove(self, ids: Iterable[str]) -> None:
        for id in ids:
            del self._by_id[id], self._rows[id]

    def new_number(self) -> int:
        """One that nobody has or had."""
        self._next_number += 1
        return self._next_number - 1

    def likeness(self, voice: Vector) -> list[tuple[float, Speaker]]:
        """How alike a unit vector is to each record's voice, or to its enrolment if that is nearer; nearest first.

        With one person known it is the cosine. The more are known, the more of what all their voices share (the
        telephone they came through, being a voice) is taken out first, as is usual with such vectors (Dehak et al.,
        "Front-end factor analysis for speaker verification", 2011); two people come out farther apart by it, and the
        scale is drawn together so that 1 is the same and a threshold keeps its meaning.
        """
        persons = self.persons()
        if not persons:
            return []
        known = (len(persons) - 1) / (len(persons) + 2)
        shared = known * np.mean([self._rows[person.id][0] for person in persons], axis=0)
        rows = _unit(np.stack([self._rows[id] for id in self._by_id]) - shared)
        cosines = (rows @ _unit(np.asarray(voice) - shared)).max(axis=1)
        alike = (1 - (1 - cosines) / (1 + _STRETCH * known)).tolist()
        return sorted(zip(alike, self._by_id.values(), strict=True), key=lambda pair: (-pair[0], pair[1].number))


def _same(one: str | None, other: str) -> bool:
    return one is not None and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
