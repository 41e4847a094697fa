"""Who and what mood is heard during a scene: a function of the scene and of the speech, whichever came first."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.events import MomentDescribed, MomentWithdrawn
from domain.moments import share_time
from domain.mood import Mood
from domain.ports import Labels, StoredMoment

_NEAR_S = 30.0  # spans this near are looked up together
_ROUNDING_S = 0.001


class Speech:
    """Utterances of any sources, to be asked for those of a scene."""

    def __init__(self, utterances: Iterable[StoredMoment]) -> None:
        self._by_source: defaultdict[str, list[StoredMoment]] = defaultdict(list)
        for each in sorted(utterances, key=lambda each: each.moment.start_s):
            self._by_source[each.moment.source].append(each)
        self._longest_s = {
            source: max(each.moment.end_s - each.moment.start_s for each in its)
            for source, its in self._by_source.items()
        }

    def during(self, scene: MomentDescribed) -> list[StoredMoment]:
        """In the order they are heard."""
        its = self._by_source.get(scene.source, [])
        since_s = scene.start_s - self._longest_s.get(scene.source, 0.0) - _ROUNDING_S
        first = bisect_left(its, since_s, key=lambda each: each.moment.start_s)
        last = bisect_left(its, scene.end_s, key=lambda each: each.moment.start_s)
        return [each for each in its[first:last] if share_time(each.moment, scene)]


def scene_labels(scene: MomentDescribed, pictured: Sequence[Mood], speech: Speech) -> Labels:
    """The moods of the scene's picture, then what is heard during it.

    A mood that is unknown says nothing of a scene.
    """
    during = speech.during(scene)
    speakers = dict.fromkeys(speaker for each in during for speaker in each.labels.speakers)
    moods = (mood for each in during for mood in each.labels.moods)
    return Labels(tuple(speakers), tuple(mood for mood in (*pictured, *moods) if mood.label != "unknown"))


def pictured_moods(labels: Labels) -> list[Mood]:
    """Those of a scene's moods that its picture alone gave: what is left when nothing is heard."""
    return [mood for mood in labels.moods if mood.evidence and all(share.kind == "picture" for share in mood.evidence)]


def spans(facts: Iterable[MomentDescribed | MomentWithdrawn]) -> list[tuple[str, float, float]]:
    """Source, start and end of stretches of time that cover the facts: few of them, each to be looked up at once."""
    found: list[tuple[str, float, float]] = []
    for fact in sorted(facts, key=lambda fact: (fact.source, fact.start_s)):
        end_s = fact.end_s if isinstance(fact, MomentDescribed) else fact.start_s
        if found and found[-1][0] == fact.source and fact.start_s <= found[-1][2] + _NEAR_S:
            found[-1] = (fact.source, found[-1][1], max(found[-1][2], end_s))
        else:
            found.append((fact.source, fact.start_s, end_s))
    return found
