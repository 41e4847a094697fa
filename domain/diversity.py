"""One static camera must not fill the page: alike moments of one source make room for others.

Maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents
and Producing Summaries", SIGIR 1998), with a product in place of their difference, so that a weight stays a score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.ranking import RankedMoment

Alike = Callable[[RankedMoment, RankedMoment], float]  # -1 to 1: the cosine of two moments of one source

ALIKE_FROM = 0.8  # below it two moments are two things
STRENGTH = 0.6  # of its score, what a moment loses that is the same as one shown before it


def diversify(moments: Sequence[RankedMoment], alike: Alike, limit: int) -> list[RankedMoment]:
    """The first `limit`, chosen one by one: the best score once each is made smaller by its likeness to those already
    chosen of the same source. No moment is left out for it, and scores stay as they are."""
    waiting = list(moments)
    likeness = [0.0] * len(waiting)
    chosen: list[RankedMoment] = []
    while waiting and len(chosen) < limit:
        worth = [each.score * (1 - STRENGTH * like) for each, like in zip(waiting, likeness, strict=True)]
        at = max(range(len(waiting)), key=lambda i: (worth[i], -i))
        picked = waiting.pop(at)
        likeness.pop(at)
        chosen.append(picked)
        for i, each in enumerate(waiting):
            if each.source == picked.source:
                above = (alike(each, picked) - ALIKE_FROM) / (1 - ALIKE_FROM)
                likeness[i] = max(likeness[i], min(1.0, above))
    return chosen
