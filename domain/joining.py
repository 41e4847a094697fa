"""What is true at the same time of the same source: "a microphone while Ana talks of the budget"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.ranking import Evidence, FusionOptions, RankedMoment, combine, ranked_moment

Span = tuple[float, float]  # from, and until before


def join(halves: Sequence[Sequence[Evidence]], options: FusionOptions | None = None) -> list[RankedMoment]:
    """Moments during which every half has evidence, best first; each is as good as its weakest half.

    A moment is as long as all halves last at once, cut where that is longer than `longest_s`; neighbouring ones merge
    across `gap_s`. Two that only touch do not overlap.
    """
    options = options or FusionOptions()
    by_source = [_by_source(half) for half in halves]
    shared = set(by_source[0]).intersection(*by_source[1:])
    found = [
        moment
        for source in shared
        for span in _cut(_common([merged(half[source]) for half in by_source]), options)
        if (moment := _during(span, source, [half[source] for half in by_source])) is not None
    ]
    return sorted(found, key=lambda moment: (-moment.score, -moment.start_s, moment.source, -moment.end_s))


def merged(evidence: Iterable[Evidence], gap_s: float = 0.0) -> list[Span]:
    """The times of the evidence, in order, those that overlap or lie within `gap_s` as one."""
    spans: list[Span] = []
    for start_s, end_s in sorted((each.start_s, each.end_s) for each in evidence if each.end_s > each.start_s):
        if spans and start_s <= spans[-1][1] + gap_s:
            spans[-1] = spans[-1][0], max(spans[-1][1], end_s)
        else:
            spans.append((start_s, end_s))
    return spans


def _by_source(half: Iterable[Evidence]) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = {}
    for each in half:
        found.setdefault(each.source, []).append(each)
    return found


def _common(halves: Sequence[list[Span]]) -> list[Span]:
    """Where all of them are, by one sweep for each two."""
    common = halves[0]
    for other in halves[1:]:
        both: list[Span] = []
        i = j = 0
        while i < len(common) and j < len(other):
            start_s, end_s = max(common[i][0], other[j][0]), min(common[i][1], other[j][1])
            if start_s < end_s:
                both.append((start_s, end_s))
            if common[i][1] < other[j][1]:
                i += 1
            else:
                j += 1
        common = both
    return common


def _cut(spans: Iterable[Span], options: FusionOptions) -> list[Span]:
    found: list[Span] = []
    for start_s, end_s in spans:
        at_s = start_s
        while at_s < end_s:
            until_s = min(end_s, at_s + options.longest_s)
            if found and at_s - found[-1][1] <= options.gap_s and until_s - found[-1][0] <= options.longest_s:
                found[-1] = found[-1][0], until_s
            else:
                found.append((at_s, until_s))
            at_s = until_s
    return found


def _during(span: Span, source: str, halves: Sequence[Sequence[Evidence]]) -> RankedMoment | None:
    start_s, end_s = span
    there = [[each for each in half if each.start_s < end_s and start_s < each.end_s] for half in halves]
    if not all(there):  # rounding: a span shorter than the times can tell
        return None
    return ranked_moment(source, start_s, end_s, {each for half in there for each in half}, min(map(combine, there)))
