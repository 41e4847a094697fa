"""What of a source's moments is out of date: its time was described again, and they did not come out again.

Each description covers a stretch of time and names its moments. Descriptions of neighbouring stretches hold together,
whatever the order they came in, so that a moment may lie across the border of two: chunks and utterances need not be
those of the time before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from domain.events import CoverageAdvanced

JOINED_MS = 30  # containers round times: stretches this close are neighbours


@dataclass(frozen=True, slots=True)
class _Stretch:
    since_ms: int
    until_ms: int
    moments: frozenset[str]  # some of another time, where a newer description took a part of the stretch
    number: int  # the higher, the newer
    is_whole: bool = True


class DescribedTime:
    """Knows the newest descriptions of one source's time, in one modality. Pure state: not thread-safe.

    The same source may come on two partitions at once, by two publishers. Their descriptions are kept apart, so that
    none takes what the other names for out of date.
    """

    def __init__(self, remembered: int | None = None) -> None:
        """`remembered` descriptions of each partition are kept, the newest; None: all."""
        self._remembered = remembered
        self._partitions: defaultdict[int, list[_Stretch]] = defaultdict(list)  # by start, none overlaps another
        self._number = 0

    def cover(self, coverage: CoverageAdvanced) -> None:
        """Takes a description, in place of what was known of its time.

        One that names no moments leaves nothing known: it does not tell of which partition it is either.
        """
        since_ms, until_ms = span_ms(coverage.start_s, coverage.until_s)
        if coverage.moments is None:
            for stretches in self._partitions.values():
                _put(stretches, since_ms, until_ms, [])
        elif since_ms < until_ms:
            self._number += 1
            stretches = self._partitions[coverage.partition]
            new = _Stretch(since_ms, until_ms, frozenset(coverage.moments), self._number)
            _put(stretches, since_ms, until_ms, [new])
            while self._remembered is not None and len(stretches) > self._remembered:
                stretches.remove(min(stretches, key=lambda each: each.number))

    @property
    def partitions(self) -> Collection[int]:
        """Gives those that descriptions came of."""
        return self._partitions.keys()

    def is_out_of_date(self, id: str, start_s: float, end_s: float, partition: int) -> bool:
        """Tells whether all of the moment's time was described of the partition, and no description of any partition
        names the moment."""
        start_ms, end_ms = span_ms(start_s, end_s)
        if any(id in stretch.moments for stretch in self._telling_of(start_ms, end_ms)):
            return False
        return _is_within(start_ms, end_ms, self._partitions.get(partition, []))

    def is_replaced_by(self, coverage: CoverageAdvanced, id: str, start_s: float, end_s: float) -> bool:
        """Tells whether the moment is out of date since this description, which was taken last, came.

        What comes of one partition stands in order. So a moment whose own description is still to come, and whose time
        an earlier one tells of, lies behind this one.
        """
        is_told_of = start_s < coverage.until_s and coverage.start_s < end_s
        return is_told_of and self.is_out_of_date(id, start_s, end_s, coverage.partition)

    def _telling_of(self, start_ms: int, end_ms: int) -> Iterator[_Stretch]:
        for stretches in self._partitions.values():
            first = bisect_right(stretches, start_ms, key=lambda each: each.until_ms)
            # A chunk may last longer than it says: what it shows then lies behind the stretch that names it.
            if first and stretches[first - 1].is_whole:
                yield stretches[first - 1]
            for stretch in stretches[first:]:
                if stretch.since_ms >= end_ms:
                    break
                yield stretch


def span_ms(start_s: float, end_s: float) -> tuple[int, int]:
    """Gives the time in milliseconds, as events carry it."""
    return round(start_s * 1000), round(end_s * 1000)


def _put(stretches: list[_Stretch], since_ms: int, until_ms: int, new: list[_Stretch]) -> None:
    """In place of what there is of that time."""
    first = bisect_right(stretches, since_ms, key=lambda each: each.until_ms)
    last = max(first, bisect_left(stretches, until_ms, key=lambda each: each.since_ms))
    inside = stretches[first:last]
    before = [replace(each, until_ms=since_ms, is_whole=False) for each in inside if each.since_ms < since_ms]
    after = [replace(each, since_ms=until_ms, is_whole=False) for each in inside if each.until_ms > until_ms]
    stretches[first:last] = [*before, *new, *after]


def _is_within(start_ms: int, end_ms: int, stretches: list[_Stretch]) -> bool:
    at_ms = start_ms
    for stretch in stretches[bisect_right(stretches, start_ms, key=lambda each: each.until_ms) :]:
        if stretch.since_ms > at_ms + JOINED_MS:
            return False
        at_ms = stretch.until_ms
        if at_ms >= end_ms - JOINED_MS:
            return True
    return False
