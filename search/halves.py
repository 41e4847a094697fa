"""Evidence for several things that must be true at once: the rarest is found first, the others where and when it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from domain.joining import Span, merged
from domain.ports import MomentFilter
from domain.ranking import Evidence, best_of
from domain.words_in_common import holds_phrase
from search.evidence import EvidenceFinder
from search.request import Wanted
from search.stopwatch import Stopwatch

_MOST_SOURCES = 16  # of the rarest that are looked into, those with its best evidence first
_MOST_SPANS = 32  # in each, where one look over all of them was not enough
_NEAR_S = 10.0  # spans so near each other are looked into as one
_OF_A_SPAN = 40


def find_halves(
    wanted: Sequence[Wanted], finder: EvidenceFinder, fetched: int, watch: Stopwatch
) -> list[list[Evidence]]:
    """In the order of `wanted`. Where a phrase is asked for, only evidence that holds it."""
    ranked = [i for i, each in enumerate(wanted) if each.is_ranked]
    halves = {i: _found(wanted[i], finder, fetched, watch) for i in ranked or (0,)}
    rarest = min(halves, key=lambda i: len(halves[i]))
    for i, each in enumerate(wanted):
        if i != rarest and halves[rarest]:
            there = {piece for narrowed in _within(each, halves[rarest], finder, fetched, watch) for piece in narrowed}
            halves[i] = list(there.union(halves.get(i, ())))
    return [halves.get(i, []) for i in range(len(wanted))]


def _within(
    wanted: Wanted, scope: Sequence[Evidence], finder: EvidenceFinder, fetched: int, watch: Stopwatch
) -> Iterator[list[Evidence]]:
    """One look over all the times of a source, and where that brings up more than it takes, one into each time."""
    best: dict[str, list[Evidence]] = {}
    for each in sorted(scope, key=lambda each: -each.score):
        if not wanted.where.sources or each.source in wanted.where.sources:
            best.setdefault(each.source, []).append(each)
    for source in list(best)[:_MOST_SOURCES]:
        spans = merged(best[source], _NEAR_S)
        found = _in_span(wanted, source, (spans[0][0], spans[-1][1]), finder, fetched, watch) if spans else []
        yield found
        if len(spans) > 1 and len(found) >= fetched:
            for span in _best_first(spans, best[source])[:_MOST_SPANS]:
                yield _in_span(wanted, source, span, finder, _OF_A_SPAN, watch)


def _best_first(spans: Sequence[Span], evidence: Sequence[Evidence]) -> list[Span]:
    """Where there are more than can be looked into, those with the best evidence are what is asked for."""
    starts = [span[0] for span in spans]
    best = [0.0] * len(spans)
    for each in evidence:
        at = bisect_right(starts, each.start_s) - 1
        if at >= 0 and each.start_s < spans[at][1] and each.end_s > spans[at][0]:  # what has no length may lie outside
            best[at] = max(best[at], each.score)
    return [spans[i] for i in sorted(range(len(spans)), key=lambda i: -best[i])]


def _in_span(
    wanted: Wanted, source: str, span: Span, finder: EvidenceFinder, fetched: int, watch: Stopwatch
) -> list[Evidence]:
    since_s = max(span[0], wanted.where.since_s if wanted.where.since_s is not None else span[0])
    until_s = min(span[1], wanted.where.until_s if wanted.where.until_s is not None else span[1])
    if since_s > until_s:
        return []
    where: MomentFilter = replace(wanted.where, sources=(source,), since_s=since_s, until_s=until_s)
    return _found(replace(wanted, where=where), finder, fetched, watch)


def _found(wanted: Wanted, finder: EvidenceFinder, fetched: int, watch: Stopwatch) -> list[Evidence]:
    found: list[Evidence] = []
    for way in wanted.each_way():
        of_it = finder.find(way, fetched, watch)
        found += [each for each in of_it if all(holds_phrase(phrase, each.text) for phrase in way.phrases)]
    return best_of(found)
