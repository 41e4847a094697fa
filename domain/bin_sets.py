"""Sets of time bins, such as the five minutes in which a source was seen, as one bit each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

BIN_S = 300.0
DAY_BINS = round(86_400 / BIN_S)
WEEK_BINS = 7 * DAY_BINS


def bin_of(time_s: float) -> int:
    return math.floor(time_s / BIN_S)


class BinSet:
    """Union, order and repetition are those of a set: whatever is replayed changes nothing. A week takes 252 bytes."""

    __slots__ = ("_weeks",)

    def __init__(self, weeks: Mapping[int, int] | None = None) -> None:
        self._weeks: dict[int, int] = {week: bits for week, bits in (weeks or {}).items() if bits}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BinSet) and self._weeks == other._weeks

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __iter__(self) -> Iterator[int]:
        """In order."""
        for week in sorted(self._weeks):
            bits = self._weeks[week]
            while bits:
                lowest = bits & -bits
                yield week * WEEK_BINS + lowest.bit_length() - 1
                bits ^= lowest

    def __contains__(self, bin: int) -> bool:
        return bool(self._weeks.get(bin // WEEK_BINS, 0) >> bin % WEEK_BINS & 1)

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._weeks.values())

    def __or__(self, other: BinSet) -> BinSet:
        weeks = self._weeks.keys() | other._weeks.keys()
        return BinSet({week: self._weeks.get(week, 0) | other._weeks.get(week, 0) for week in weeks})

    def __sub__(self, other: BinSet) -> BinSet:
        return BinSet({week: bits & ~other._weeks.get(week, 0) for week, bits in self._weeks.items()})

    @property
    def first(self) -> int:
        """0 when there is none."""
        return next(iter(self), 0)

    @property
    def last(self) -> int:
        """0 when there is none."""
        week = max(self._weeks, default=0)
        return week * WEEK_BINS + max(self._weeks.get(week, 0).bit_length() - 1, 0)

    def add(self, bin: int) -> None:
        week = bin // WEEK_BINS
        self._weeks[week] = self._weeks.get(week, 0) | 1 << bin % WEEK_BINS

    def copy(self) -> BinSet:
        return BinSet(self._weeks)

    def since(self, first: int) -> BinSet:
        """Those that are not before `first`."""
        week, within = divmod(first, WEEK_BINS)
        kept = {each: bits for each, bits in self._weeks.items() if each > week}
        return BinSet(kept | {week: self._weeks.get(week, 0) >> within << within})

    def until(self, end: int) -> BinSet:
        """Those before `end`."""
        week, within = divmod(end, WEEK_BINS)
        kept = {each: bits for each, bits in self._weeks.items() if each < week}
        return BinSet(kept | {week: self._weeks.get(week, 0) & (1 << within) - 1})

    def within(self, bits_of: Callable[[int], int]) -> BinSet:
        """Those that are in a set which is given week by week, one bit a bin."""
        return BinSet({week: bits & bits_of(week) for week, bits in self._weeks.items()})

    def forget_before(self, week: int) -> None:
        for old in [each for each in self._weeks if each < week]:
            del self._weeks[old]

    def runs(self, apart: int) -> int:
        """Groups of bins: one that is `apart` or more after the last begins another."""
        count, last = 0, -math.inf
        for bin in self:
            count += bin - last >= apart
            last = bin
        return count

    def to_data(self) -> dict[str, str]:
        return {str(week): f"{bits:x}" for week, bits in sorted(self._weeks.items())}

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> BinSet:
        """Raises ValueError when it is not what `to_data` gives."""
        if not data:
            return cls()
        weeks = {int(week): int(bits, 16) for week, bits in data.items()}
        if any(bits < 0 or bits.bit_length() > WEEK_BINS for bits in weeks.values()):
            raise ValueError("a week of bins holds more than a week")
        return cls(weeks)
