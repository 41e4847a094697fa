"""What a question may ask of the voices in a moment: who speaks, in what mood, in which language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Query

from domain.mood import MoodLabel
from domain.ports import MomentFilter
from search.api_parts import ApiParts
from search.service import BadQuery

_Speakers = Annotated[
    list[str], Query(description='a name, "speaker 7" or an id; repeat it: any of them is heard', max_length=50)
]
_Moods = Annotated[list[MoodLabel], Query(description="any of them is heard; repeat it for several")]
_Languages = Annotated[list[str], Query(description="such as en or fr; repeat it for several", max_length=50)]
_Bound = Annotated[float | None, Query(ge=-1, le=1)]
_Final = Annotated[bool, Query(description="leave out text that may still change")]


@dataclass(frozen=True, slots=True)
class Heard:
    """Speakers as they were asked for, not looked up yet."""

    speakers: tuple[str, ...]
    rest: MomentFilter

    def where(self, parts: ApiParts) -> MomentFilter:
        """Raises BadQuery for a speaker nobody knows."""
        ids = dict.fromkeys(id for who in self.speakers for id in _ids(parts, who))
        return replace(self.rest, speakers=tuple(ids))


def heard(
    speaker: _Speakers = [],  # noqa: B006  (the framework copies it)
    mood: _Moods = [],  # noqa: B006
    language: _Languages = [],  # noqa: B006
    valence_min: _Bound = None,
    valence_max: _Bound = None,
    arousal_min: _Bound = None,
    arousal_max: _Bound = None,
    final: _Final = False,
) -> Heard:
    rest = MomentFilter(
        moods=tuple(mood),
        languages=tuple(each.lower() for each in language),
        valence=_range(valence_min, valence_max),
        arousal=_range(arousal_min, arousal_max),
        only_final=final,
    )
    return Heard(tuple(speaker), rest)


def _range(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    return -1.0 if low is None else low, 1.0 if high is None else high


def _ids(parts: ApiParts, who: str) -> tuple[str, ...]:
    if ids := parts.speakers.resolve(who):
        return ids
    raise BadQuery(parts.speakers.nobody(who))
