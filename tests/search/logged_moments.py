"""A log of moments in memory; it passes the tests of the one in Kafka (tests/streams/test_moment_log.py)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Generator

from domain.events import MomentDescribed
from domain.log_places import Place
from domain.ports import Logged, MomentFact, ReadBack


class LoggedMoments:
    def __init__(self, partitions: int = 2, stretch: int = 4) -> None:
        self._parts: list[list[Logged]] = [[] for _ in range(partitions)]
        self._stretch = stretch
        self._clock_s = 0.0
        self.patience = math.inf  # stretches that there is time for
        self.given = 0  # records
        self.is_down = False

    def write(self, *facts: MomentFact | None, partition: int | None = None, written_s: float | None = None) -> None:
        """None: a damaged record. The same source stands in the same partition; each is written a second later,
        and not before it begins."""
        for fact in facts:
            begins_s = fact.start_s if isinstance(fact, MomentDescribed) else 0.0
            self._clock_s = max(self._clock_s + 1.0, begins_s) if written_s is None else written_s
            chosen = partition if partition is not None else sum(fact.source.encode()) % len(self._parts) if fact else 0
            part = self._parts[chosen]
            part.append(Logged(Place(chosen, len(part), self._clock_s), fact))

    def newest_first(self, within_s: float) -> Generator[Logged | ReadBack, None, None]:
        if self.is_down:
            raise ConnectionError("nobody answers")
        starts = {number: len(part) for number, part in enumerate(self._parts)}
        since_s: defaultdict[int, float] = defaultdict(lambda: math.inf)
        stretches = 0.0
        while (number := max(starts, key=lambda each: since_s[each])) is not None and since_s[number] > -math.inf:
            part, end = self._parts[number], starts[number]
            if within_s <= 0.0 or stretches >= self.patience:
                if max(since_s[each] for each in starts) == math.inf:
                    raise ConnectionError("there was no time")
                return
            start = max(0, end - self._stretch)
            for logged in part[start:end]:
                self.given += 1
                yield logged
            stretches += 1
            starts[number], since_s[number] = start, part[start].place.written_s if start else -math.inf
            yield ReadBack(max(since_s[each] for each in starts))
