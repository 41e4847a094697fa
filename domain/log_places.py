"""How far a log was read, partition by partition, so that what comes again after a crash is known for what it is.

An offset alone would not do: a log that was deleted and made anew begins at 0 again, and all that it holds would be
taken for what was read before. What was read before was written no later than the newest that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands."""

    partition: int
    offset: int
    written_s: float  # Unix seconds, as the log has it


class LogPlaces:
    """Reading on only adds. Not thread-safe."""

    __slots__ = ("_parts",)

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self._parts: dict[int, tuple[int, float]] = {}  # by partition: the next offset, and when the newest was written
        for place in places:
            self.note(place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogPlaces) and self._parts == other._parts

    __hash__ = None  # type: ignore[assignment]  # it changes

    def has(self, place: Place) -> bool:
        """Whether the record there was read."""
        next_offset, newest_s = self._parts.get(place.partition, (0, 0.0))
        return place.offset < next_offset and place.written_s <= newest_s

    def note(self, place: Place) -> None:
        """This one was read. One that was written later than all before, and stands before them, is of another log."""
        next_offset, newest_s = self._parts.get(place.partition, (0, 0.0))
        if place.offset >= next_offset:
            self._parts[place.partition] = place.offset + 1, max(newest_s, place.written_s)
        elif place.written_s > newest_s:
            self._parts[place.partition] = place.offset + 1, place.written_s

    def covers(self, other: LogPlaces) -> bool:
        """Whether it was read as far as there, or further, in every partition."""
        return all(self._parts.get(partition, (0, 0.0)) >= read for partition, read in other._parts.items())

    def with_all_of(self, other: LogPlaces) -> LogPlaces:
        """As far as the one or the other, whichever is further."""
        joined = LogPlaces()
        for partition in self._parts.keys() | other._parts.keys():
            joined._parts[partition] = max(self._parts.get(partition, (0, 0.0)), other._parts.get(partition, (0, 0.0)))
        return joined

    def to_data(self) -> dict[str, list[float]]:
        return {str(partition): [*read] for partition, read in sorted(self._parts.items())}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> LogPlaces:
        """Raises ValueError, TypeError or AttributeError when it is not what `to_data` gives."""
        places = cls()
        for partition, (next_offset, newest_s) in data.items():
            places._parts[int(partition)] = int(next_offset), float(newest_s)
        return places
