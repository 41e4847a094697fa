"""The log of moments, read back as far as a rule is to be tried on it, in little memory.

Of each moment only what the rule compares is kept, as float32; of one that it could not match, when it was. A moment
that came again is one: what it was last, in the place where it first came; one that was withdrawn, or that a later
description of its time did not make, is none.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from domain.conditions import VECTOR_NAMES, graded_leaves, space_of
from domain.described_time import DescribedTime
from domain.errors import BadEvent
from domain.events import CoverageAdvanced, Modality, MomentDescribed, MomentWithdrawn
from domain.moments import moment_id
from domain.ports import Logged, MomentFact, MomentLog
from domain.rules import Rule
from search.moment_history import DAY_S, is_ahead, kinds_of


@dataclass(frozen=True, slots=True)
class KeptMoment:
    id: str
    bare: MomentDescribed  # without vectors
    vectors: Mapping[str, npt.NDArray[np.float32]]
    is_watched: bool  # the rule could match it; else it only says how far its source has got

    def whole(self, but: str | None = None) -> MomentDescribed:
        """The moment, without the vector of one name."""
        vectors = {name: tuple(vector.tolist()) for name, vector in self.vectors.items() if name != but}
        return replace(self.bare, vectors=vectors)


@dataclass(frozen=True, slots=True)
class LogReading:
    facts: tuple[KeptMoment | CoverageAdvanced, ...]  # in the order they came
    left_out: tuple[float, ...]  # when, in event time: records that are damaged, or that the store would refuse
    since_s: float  # what was written after then was read; minus infinity: all of it
    is_out_of_time: bool  # what was written earlier was not read


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    id: str


@dataclass(frozen=True, slots=True)
class _LeftOut:
    start_s: float | None  # None: it can't be read


_Described: TypeAlias = defaultdict[tuple[str, Modality], DescribedTime]
_Entry = KeptMoment | CoverageAdvanced | _Withdrawn | _LeftOut


def read_back(
    log: MomentLog,
    rule: Rule,
    check: Callable[[MomentDescribed], None],
    most: int,
    within_s: float,
    days: float = math.inf,
) -> LogReading:
    """The latest `most` moments that the rule could match, those of the last `days` (up to the newest of them), or as
    many as can be read within the time; and what came between them. `check` raises BadEvent for a moment that is to be
    left out. Raises ConnectionError."""
    keep = _Keeping(rule, check)
    stretch: list[tuple[Logged, _Entry]] = []
    parts: defaultdict[int, list[list[tuple[float, _Entry]]]] = defaultdict(list)  # by partition, latest first
    written_s: list[float] = []
    since_s, newest_s, is_enough = math.inf, -math.inf, False
    with closing(log.newest_first(within_s)) as stretches:
        for each in stretches:
            if isinstance(each, Logged):
                if keep.concerns(each.fact):
                    stretch.append((each, keep.kept(each)))
                continue
            since_s = each.since_s
            for partition, entries in _by_partition(stretch).items():
                parts[partition].append(entries)
                watched = [(at_s, kept) for at_s, kept in entries if isinstance(kept, KeptMoment) and kept.is_watched]
                written_s += [at_s for at_s, _ in watched]
                newest_s = max([newest_s, *(kept.bare.start_s for _, kept in watched)])
            stretch = []
            # Nothing is written before it begins: all that began after `since_s` was read.
            is_enough = since_s < newest_s - days * DAY_S or (
                len(written_s) >= most and sum(at_s >= since_s for at_s in written_s) >= most
            )
            if is_enough:
                break
    in_order = heapq.merge(*(_in_order(parts[partition]) for partition in sorted(parts)), key=_time)
    merged = [entry for at_s, entry in in_order if at_s >= since_s]
    is_out_of_time = since_s > -math.inf and not is_enough
    return LogReading(tuple(_last_of_each(merged)), tuple(_left_out(merged)), since_s, is_out_of_time)


class _Keeping:
    def __init__(self, rule: Rule, check: Callable[[MomentDescribed], None]) -> None:
        self._rule, self._check, self._kinds = rule, check, kinds_of(rule)
        self._names = {VECTOR_NAMES[space_of(leaf)] for leaf in graded_leaves(rule.condition)}

    def concerns(self, fact: MomentFact | None) -> bool:
        """What is not final is never told; what is damaged may have been of any source."""
        if fact is None:
            return True
        return self._rule.watches(fact.source) and not (isinstance(fact, MomentDescribed) and not fact.is_final)

    def kept(self, logged: Logged) -> _Entry:
        match logged.fact:
            case MomentDescribed() as moment:
                try:
                    self._check(moment)
                except BadEvent:
                    return _LeftOut(moment.start_s)
                return self._compact(moment)
            case MomentWithdrawn() as withdrawn:
                return _Withdrawn(moment_id(withdrawn))
            case CoverageAdvanced() as coverage:
                return coverage
            case None:
                return _LeftOut(None)

    def _compact(self, moment: MomentDescribed) -> KeptMoment:
        bare = replace(moment, vectors={}, words=(), attributes={}, cues=())
        if moment.modality not in self._kinds:
            return KeptMoment("", replace(bare, text="", thumbnail_key=None), {}, False)
        vectors = {name: np.asarray(moment.vectors[name], np.float32) for name in self._names & moment.vectors.keys()}
        return KeptMoment(moment_id(moment), bare, vectors, True)


def _by_partition(stretch: Iterable[tuple[Logged, _Entry]]) -> dict[int, list[tuple[float, _Entry]]]:
    parts: defaultdict[int, list[tuple[float, _Entry]]] = defaultdict(list)
    for logged, entry in stretch:
        if not (isinstance(entry, CoverageAdvanced) and is_ahead(entry, logged.place.written_s)):
            parts[logged.place.partition].append((logged.place.written_s, entry))
    return parts


def _in_order(stretches: list[list[tuple[float, _Entry]]]) -> Iterator[tuple[float, _Entry]]:
    """Of one partition; clocks that were put back don't change what came first."""
    latest_s = -math.inf
    for stretch in reversed(stretches):
        for written_s, entry in stretch:
            latest_s = max(latest_s, written_s)
            yield latest_s, entry


def _time(entry: tuple[float, _Entry]) -> float:
    return entry[0]


def _left_out(entries: Sequence[_Entry]) -> Iterator[float]:
    """When each was: of one that can't be read, when what came before it was, or else what came after it."""
    starts_s = [
        each.bare.start_s if isinstance(each, KeptMoment) else each.start_s
        for each in entries
        if isinstance(each, KeptMoment | _LeftOut)
    ]
    at_s = next((start_s for start_s in starts_s if start_s is not None), math.inf)
    for each in entries:
        if isinstance(each, KeptMoment):
            at_s = each.bare.start_s
        elif isinstance(each, _LeftOut):
            at_s = at_s if each.start_s is None else each.start_s
            yield at_s


def _last_of_each(entries: Iterable[_Entry]) -> Iterator[KeptMoment | CoverageAdvanced]:
    found: dict[str | int, KeptMoment | CoverageAdvanced] = {}
    for number, entry in enumerate(entries):
        match entry:
            case KeptMoment(id=id) if entry.is_watched:
                found[id] = entry
            case _Withdrawn(id):
                found.pop(id, None)
            case KeptMoment() | CoverageAdvanced():
                found[number] = entry
    described = _described(found)
    return (entry for entry in found.values() if not _is_out_of_date(entry, described))


def _described(found: Mapping[str | int, KeptMoment | CoverageAdvanced]) -> _Described:
    """By source and modality. A description of which a moment is missing, refused by the store, counts as none."""
    described: _Described = defaultdict(DescribedTime)
    for entry in found.values():
        if isinstance(entry, CoverageAdvanced) and entry.modality != "text":
            is_whole = all(id in found for id in entry.moments or ())
            described[entry.source, entry.modality].cover(entry if is_whole else replace(entry, moments=None))
    return described


def _is_out_of_date(entry: KeptMoment | CoverageAdvanced, described: _Described) -> bool:
    if isinstance(entry, CoverageAdvanced) or not entry.is_watched:
        return False
    moment, time = entry.bare, described.get((entry.bare.source, entry.bare.modality), DescribedTime())
    return any(time.is_out_of_date(entry.id, moment.start_s, moment.end_s, each) for each in time.partitions)
