"""The moments in the store that a newer description of their time did not make.

Where time only goes on, nothing can be out of date but what has just been stored: the store is asked only about time
that it may hold moments of.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from domain.described_time import DescribedTime
from domain.events import CoverageAdvanced, Modality, MomentDescribed
from domain.moments import moment_id
from domain.ports import MomentFilter, MomentStore

_REMEMBERED = 64  # descriptions of one source and modality: some minutes
_WAITING = 1_000  # moments that are stored and not described yet
_AT_ONCE = 10_000  # moments of one look-up: more than a chunk holds
_NEAR_S = 600.0  # descriptions that are all within so much time are looked up together
_LATEST = 16

Key: TypeAlias = tuple[str, Modality]


@dataclass(slots=True)
class _Source:
    described: DescribedTime = field(default_factory=lambda: DescribedTime(_REMEMBERED))
    reached_s: float | None = None  # what was stored earlier ends by then; None: to be looked up
    waiting: dict[str, MomentDescribed] = field(default_factory=dict)  # stored since then

    def makes_stale(self, coverage: CoverageAdvanced, id: str, moment: MomentDescribed) -> bool:
        if len(self.described.partitions) > 1 and id in self.waiting:
            return False  # its own description may come of the other partition
        return self.described.is_replaced_by(coverage, id, moment.start_s, moment.end_s)

    def settle(self, until_s: float) -> None:
        """What is described up to `until_s` was stored earlier from now on."""
        for id, moment in list(self.waiting.items()):
            if moment.end_s <= until_s:
                self.reached_s = None if self.reached_s is None else max(self.reached_s, moment.end_s)
                del self.waiting[id]


class StaleMoments:
    """Finds what is out of date in the store. Not thread-safe."""

    def __init__(self, store: MomentStore) -> None:
        self._store = store
        self._sources: dict[Key, _Source] = {}

    def stored(self, moments: Iterable[MomentDescribed]) -> None:
        """Takes note of final moments when they have been stored."""
        for moment in moments:
            if moment.modality != "text":
                source = self._sources.setdefault((moment.source, moment.modality), _Source())
                source.waiting[moment_id(moment)] = replace(moment, vectors={}, words=())
                if len(source.waiting) > _WAITING:
                    source.settle(math.inf)

    def find(self, covered: Iterable[CoverageAdvanced]) -> dict[str, MomentDescribed]:
        """Gives what is out of date by these, which came after all that they name, by moment id.

        Raises what the store raises; then it can be asked again.
        """
        found: dict[str, MomentDescribed] = {}
        for key, coverages in _by_source(covered).items():
            source = self._sources.setdefault(key, _Source())
            coverages = self._without_refused(key, source, coverages)
            for each in coverages:
                source.described.cover(each)
            named = [each for each in coverages if each.moments is not None]
            for since_s, until_s in _together(named):
                there = self._stored_between(key, source, since_s, until_s)
                found |= {
                    id: moment
                    for id, moment in there.items()
                    if any(source.makes_stale(each, id, moment) for each in named)
                }
        return found

    def settled(self, covered: Iterable[CoverageAdvanced]) -> None:
        """Takes note that what `find` gave of these has been deleted."""
        for key, coverages in _by_source(covered).items():
            if (source := self._sources.get(key)) is not None:
                source.settle(max(each.until_s for each in coverages))

    def _without_refused(
        self, key: Key, source: _Source, coverages: Sequence[CoverageAdvanced]
    ) -> list[CoverageAdvanced]:
        """Where the store refused what is named, as of a worker with another encoder, nothing takes the place of what
        is there: such a description counts as one without names."""
        named = {id for each in coverages for id in each.moments or ()}
        missing = named - source.waiting.keys()
        missing -= {row.id for row in self._store.get(key[1], missing)}
        return [each if missing.isdisjoint(each.moments or ()) else replace(each, moments=None) for each in coverages]

    def _stored_between(self, key: Key, source: _Source, since_s: float, until_s: float) -> dict[str, MomentDescribed]:
        name, modality = key
        if source.reached_s is None:
            latest = self._store.newest(modality, MomentFilter((name,), only_final=True), _LATEST)
            source.reached_s = max((row.moment.end_s for row in latest), default=-math.inf)
        if since_s >= source.reached_s:
            return dict(source.waiting)
        where = MomentFilter((name,), since_s, until_s, only_final=True)
        return {row.id: row.moment for row in self._store.newest(modality, where, _AT_ONCE)}


def _by_source(covered: Iterable[CoverageAdvanced]) -> dict[Key, list[CoverageAdvanced]]:
    found: dict[Key, list[CoverageAdvanced]] = {}
    for each in covered:
        if each.modality != "text":
            found.setdefault((each.source, each.modality), []).append(each)
    return found


def _together(coverages: Sequence[CoverageAdvanced]) -> list[tuple[float, float]]:
    """Start and end of stretches that hold all of them: few, each to be looked up at once."""
    found: list[tuple[float, float]] = []
    for each in sorted(coverages, key=lambda each: each.start_s):
        if found and each.until_s <= found[-1][0] + _NEAR_S:
            found[-1] = (found[-1][0], max(found[-1][1], each.until_s))
        else:
            found.append((each.start_s, each.until_s))
    return found
