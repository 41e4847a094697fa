"""The highest scores that a rule had in a source, and when: what a threshold is taken from.

Not a quantile sketch (t-digest; KLL, Karnin et al. 2016): their errors are in ranks of single scores, and a budget of
alarms is about incidents, so it has to be known which high scores stood side by side. The tail is small enough to keep
exactly: the best score of every five minutes, the highest of them in each week.
"""

from __future__ import annotations

import base64
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from operator import ge
from typing import Any

from domain.bin_sets import WEEK_BINS

WEEKS = 2  # the one that goes on and the last: between one and two weeks are remembered


class ScoreTail:
    """For each week its `capacity` highest bins, every bin by its highest score.

    Whatever was observed, how often and in whatever order, gives the same tail, as long as it is of the weeks
    remembered; so do two tails of parts of it when they are merged. (The k largest of maxima are a semilattice.)
    Takes 12 bytes a bin kept. `offset` moves the week's beginning, so that not all rules begin one at once.
    """

    def __init__(self, capacity: int, offset: int = 0) -> None:
        self.capacity, self._offset = capacity, offset
        self._weeks: dict[int, _Week] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScoreTail) and self.to_data() == other.to_data()

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def offset(self) -> int:
        return self._offset

    def observe(self, bin: int, score: float) -> bool:
        """Whether the tail is another now. A score of a week that is forgotten changes nothing."""
        week = self._week((bin + self._offset) // WEEK_BINS)
        return week is not None and week.observe(bin, score, self.capacity)

    def floor(self, bin: int) -> float:
        """A score must be above it to change the tail of the bin's week."""
        week = self._weeks.get((bin + self._offset) // WEEK_BINS)
        return week.floor if week is not None else float("-inf")

    def complete_above(self, first_bin: int) -> float:
        """Every bin from the first on whose best score is above this is in `bins`."""
        first = (first_bin + self._offset) // WEEK_BINS
        return max((week.floor for number, week in self._weeks.items() if number >= first), default=float("-inf"))

    def bins(self) -> dict[int, float]:
        """Best score by bin, in order of time."""
        weeks = [self._weeks[number] for number in sorted(self._weeks)]
        return {bin: score for week in weeks for bin, score in zip(week.bins, week.scores, strict=True)}

    def merge(self, other: ScoreTail) -> None:
        """What `other` observed counts as observed here. Raises ValueError unless both are of one kind."""
        if (self.capacity, self._offset) != (other.capacity, other._offset):
            raise ValueError("tails of two capacities or two offsets can't be merged")
        for number in sorted(other._weeks):
            if (week := self._week(number)) is not None:
                for bin, score in zip(other._weeks[number].bins, other._weeks[number].scores, strict=True):
                    week.observe(bin, score, self.capacity)
                week.raise_floor(other._weeks[number].floor)

    def to_data(self) -> dict[str, Any]:
        return {
            "capacity": self.capacity,
            "offset": self._offset,
            "weeks": {str(number): self._weeks[number].to_data() for number in sorted(self._weeks)},
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ScoreTail:
        """Raises ValueError, KeyError or TypeError when it is not what `to_data` gives."""
        tail = cls(int(data["capacity"]), int(data["offset"]))
        tail._weeks = {int(number): _Week.from_data(week) for number, week in data["weeks"].items()}
        return tail

    def _week(self, number: int) -> _Week | None:
        if number not in self._weeks:
            if self._weeks and number <= max(self._weeks) - WEEKS:
                return None
            self._weeks[number] = _Week()
            for old in [each for each in self._weeks if each <= number - WEEKS]:
                del self._weeks[old]
        return self._weeks[number]


class _Week:
    __slots__ = ("bins", "floor", "scores")

    def __init__(self) -> None:
        self.bins, self.scores = array("i"), array("d")  # by bin
        self.floor = float("-inf")  # the highest best score of a bin that is not here

    def observe(self, bin: int, score: float, capacity: int) -> bool:
        if score <= self.floor:
            return False
        at = bisect_left(self.bins, bin)
        if at < len(self.bins) and self.bins[at] == bin:
            if score <= self.scores[at]:
                return False
            self.scores[at] = score
            return True
        self.bins.insert(at, bin)
        self.scores.insert(at, score)
        if len(self.bins) > capacity:
            self.floor = floor = min(self.scores)
            while floor in self.scores:
                del self.bins[at := self.scores.index(floor)], self.scores[at]
        return True

    def raise_floor(self, floor: float) -> None:
        """Forgets what is no higher."""
        if floor <= self.floor:
            return
        self.floor = floor
        kept = [at for at, score in enumerate(self.scores) if score > floor]
        self.bins = array("i", [self.bins[at] for at in kept])
        self.scores = array("d", [self.scores[at] for at in kept])

    def to_data(self) -> dict[str, Any]:
        return {
            "floor": None if self.floor == float("-inf") else self.floor,
            "bins": base64.b64encode(self.bins.tobytes()).decode(),
            "scores": base64.b64encode(self.scores.tobytes()).decode(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> _Week:
        week = cls()
        week.floor = float("-inf") if data["floor"] is None else float(data["floor"])
        week.bins.frombytes(base64.b64decode(data["bins"], validate=True))
        week.scores.frombytes(base64.b64decode(data["scores"], validate=True))
        if len(week.bins) != len(week.scores) or any(map(ge, week.bins, week.bins[1:])):
            raise ValueError("a tail's bins are not its scores'")
        return week
