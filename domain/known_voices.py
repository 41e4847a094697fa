"""The speakers told apart so far: which records are one person, and how near a voice is to each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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

    def __init__(self, speakers: Iterable[Speaker], last_number: int = 0) -> None:
        self._by_id: dict[str, Speaker] = {}
        # (room, 2, d), in the order of the ids: the voice heard, and the enrolled one if there is one. As tuples they
        # would take longer to read than to compare.
        self._rows: npt.NDArray[np.float64] = np.empty((0, 2, 0))
        self._places: dict[str, int] = {}
        for speaker in speakers:
            self.put(speaker)
        self._next_number = 1 + max([last_number, *(speaker.number for speaker in self._by_id.values())])

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
        if who in self._by_id:
            return self.person(who)
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
        place = self._places.setdefault(speaker.id, len(self._places))
        if place >= len(self._rows):
            room = np.empty((max(16, 2 * place), 2, len(speaker.voice)))
            if place:
                room[:place] = self._rows
            self._rows = room
        self._rows[place] = speaker.voice, speaker.enrolled or speaker.voice
        return speaker

    def remove(self, ids: Iterable[str]) -> None:
        gone = set(ids)
        self._rows = np.delete(self._rows, [self._places[id] for id in gone], axis=0)
        self._by_id = {id: speaker for id, speaker in self._by_id.items() if id not in gone}
        self._places = {id: place for place, id in enumerate(self._by_id)}

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
        if not self._by_id:
            return []
        alike = self._alike(self._rows[: len(self._places)], [voice])[0].tolist()
        return sorted(zip(alike, self._by_id.values(), strict=True), key=lambda pair: (-pair[0], pair[1].number))

    def likeness_to(self, person: Speaker, voices: Sequence[Vector]) -> list[float]:
        """How alike each of the voices is to the nearest record of the person's family, as `likeness` has it."""
        if not voices:
            return []
        family = [self._places[each.id] for each in self.family(person)]
        return [float(each) for each in self._alike(self._rows[family], voices).max(axis=1)]

    def _alike(self, rows: npt.NDArray[np.float64], voices: Sequence[Vector]) -> npt.NDArray[np.float64]:
        """(n, r), of n voices and these r rows, each a heard and an enrolled one, of those there are."""
        persons = self.persons()
        known = (len(persons) - 1) / (len(persons) + 2)
        shared = known * self._rows[[self._places[person.id] for person in persons], 0].mean(axis=0)
        asked = _unit(np.asarray(voices) - shared)
        both = asked @ _unit(rows - shared).reshape(2 * len(rows), -1).T
        cosines = both.reshape(len(voices), len(rows), 2).max(axis=2)
        return np.asarray(1 - (1 - cosines) / (1 + _STRETCH * known))


def _same(one: str | None, other: str) -> bool:
    return one is not None and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
