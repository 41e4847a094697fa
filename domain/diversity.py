"""One static camera must not fill the page: alike moments of one source make room for others.

Maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents
and Producing Summaries", SIGIR 1998), with a product in place of their difference, so that a weight stays a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from domain.events import Vector
from domain.ranking import RankedMoment

ALIKE_FROM = 0.8  # a cosine; below it two moments are two things
STRENGTH = 0.6  # of its score, what a moment loses that is the same as one shown before it


def diversify(moments: Sequence[RankedMoment], vectors: Mapping[str, Vector], limit: int) -> list[RankedMoment]:
    """The first `limit`, chosen one by one: the best score once each is made smaller by its likeness to those already
    chosen of the same source. No moment is left out for it, and scores stay as they are.

    `vectors`, of unit length, by the id of a moment's best evidence; one without is like nothing.
    """
    firsts = [moment.evidence[0] for moment in moments]
    groups: dict[tuple[str, str, int], list[int]] = {}
    for at, each in enumerate(firsts):
        groups.setdefault((each.source, each.modality, len(vectors.get(each.moment_id, ()))), []).append(at)
    rows = {
        key: np.asarray([vectors[firsts[at].moment_id] for at in members], dtype=np.float32)
        for key, members in groups.items()
        if key[2]
    }
    place = {at: (key, i) for key, members in groups.items() for i, at in enumerate(members)}
    scores = np.asarray([moment.score for moment in moments])
    likeness, is_waiting = np.zeros(len(moments)), np.ones(len(moments), dtype=bool)
    chosen: list[RankedMoment] = []
    while len(chosen) < min(limit, len(moments)):
        worth = np.where(is_waiting, scores * (1 - STRENGTH * likeness), -1.0)
        at = int(worth.argmax())  # the first of equals
        is_waiting[at] = False
        chosen.append(moments[at])
        key, i = place[at]
        if key in rows:
            above = (rows[key] @ rows[key][i] - ALIKE_FROM) / (1 - ALIKE_FROM)
            likeness[groups[key]] = np.maximum(likeness[groups[key]], np.clip(above, 0.0, 1.0))
    return chosen
