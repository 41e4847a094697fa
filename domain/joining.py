"""What is true at the same time of the same source: "a microphone while Ana talks of the budget"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from domain.ranking import Evidence, FusionOptions, RankedMoment, combine, fuse


def join(halves: Sequence[Sequence[Evidence]], options: FusionOptions | None = None) -> list[RankedMoment]:
    """Moments during which every half has evidence, best first; each is as good as its weakest half.

    A moment is as long as its halves overlap, and neighbouring ones merge as they do in `fuse`. Two that only touch do
    not overlap.
    """
    together = [_during(half, [other for other in halves if other is not half]) for half in halves]
    found = []
    for moment in fuse([each for half in together for each in half], options):
        members = set(moment.evidence)
        scores = [combine([each for each in half if each in members]) for half in together]
        if min(scores) > 0.0:
            found.append(replace(moment, score=min(scores), evidence=_once(moment.evidence)))
    return sorted(found, key=lambda moment: (-moment.score, -moment.start_s, moment.source, -moment.end_s))


def _during(half: Sequence[Evidence], others: Sequence[Sequence[Evidence]]) -> set[Evidence]:
    """The evidence of one half, cut to where it overlaps with all the others."""
    kept: set[Evidence] = set(half)
    for other in others:
        by_source: dict[str, list[Evidence]] = {}
        for each in other:
            by_source.setdefault(each.source, []).append(each)
        kept = {
            replace(each, start_s=max(each.start_s, near.start_s), end_s=min(each.end_s, near.end_s))
            for each in kept
            for near in by_source.get(each.source, ())
            if each.start_s < near.end_s and near.start_s < each.end_s
        }
    return kept


def _once(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence that overlaps with several others was cut several times: one piece of each, as long as all of them."""
    kept: dict[tuple[str, str], Evidence] = {}
    for each in evidence:
        key = each.moment_id, each.why
        before = kept.get(key, each)
        kept[key] = replace(before, start_s=min(before.start_s, each.start_s), end_s=max(before.end_s, each.end_s))
    return tuple(kept.values())
