"""The speakers told apart so far: which records are one person, and how near a voice is to each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from domain.events import Vector
from domain.speakers import Speaker


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
        """Cosine of a unit vector with each record's voice, or with its enrolment if that is nearer; nearest first."""
        if not self._by_id:
            return []
        cosines = (np.stack([self._rows[id] for id in self._by_id]) @ np.asarray(voice)).max(axis=1).tolist()
        return sorted(zip(cosines, self._by_id.values(), strict=True), key=lambda pair: (-pair[0], pair[1].number))
