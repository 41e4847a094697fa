"""Who and what mood is heard during a scene: a function of the scene and of the speech, whichever came first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.events import MomentDescribed, MomentWithdrawn
from domain.moments import share_time
from domain.mood import Mood
from domain.ports import Labels, StoredMoment

_NEAR_S = 30.0  # spans this near are looked up together


def scene_labels(scene: MomentDescribed, pictured: Sequence[Mood], speech: Iterable[StoredMoment]) -> Labels:
    """The moods of the scene's picture, then what is heard during it, in the order it is heard.

    `speech` may hold utterances of other times and sources. A mood that is unknown says nothing of a scene.
    """
    during = sorted((each for each in speech if share_time(each.moment, scene)), key=lambda each: each.moment.start_s)
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
