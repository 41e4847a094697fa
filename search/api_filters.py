"""What a question may ask of moments beside its words: source, kind, time, and who speaks in what mood and language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Query

from domain.events import Modality
from domain.instants import parse_instant
from domain.mood import MoodLabel
from domain.ports import MomentFilter
from search.api_parts import ApiParts
from search.request import MOST_MOMENTS

_Sources = Annotated[list[str], Query(description="only these; repeat it for several")]
_Kinds = Annotated[list[Modality], Query(description="only these; repeat it for several")]
_Instant = Annotated[
    str | None,
    Query(
        description='how long ago ("10m", "2h", "3d"), ISO 8601 (UTC where no zone is given) or Unix seconds',
        max_length=60,
    ),
]
_Speakers = Annotated[
    list[str], Query(description='a name, "speaker 7" or an id; repeat it: any of them is heard', max_length=50)
]
_Moods = Annotated[list[MoodLabel], Query(description="any of them is heard; repeat it for several")]
_Languages = Annotated[list[str], Query(description="such as en or fr; repeat it for several", max_length=50)]
_Bound = Annotated[float | None, Query(ge=-1, le=1)]
_Final = Annotated[bool, Query(description="leave out text that may still change")]
Limit = Annotated[int, Query(ge=1, le=MOST_MOMENTS, description="moments at most")]


@dataclass(frozen=True, slots=True)
class Scope:
    """Speakers and times as they were asked for, not looked up yet."""

    sources: tuple[str, ...]
    kinds: tuple[Modality, ...]
    speakers: tuple[str, ...]
    since: str | None
    until: str | None
    rest: MomentFilter

    def where(self, parts: ApiParts) -> MomentFilter:
        """Raises BadQuery for a speaker nobody knows, BadInstant for what is no time."""
        now_s = parts.clock()
        return replace(
            self.rest,
            sources=self.sources,
            speakers=tuple(dict.fromkeys(id for who in self.speakers for id in parts.ids_of(who))),
            since_s=None if self.since is None else parse_instant(self.since, now_s),
            until_s=None if self.until is None else parse_instant(self.until, now_s),
        )


def scope(
    source: _Sources = [],  # noqa: B006  (the framework copies it)
    kind: _Kinds = [],  # noqa: B006
    since: _Instant = None,
    until: _Instant = None,
    speaker: _Speakers = [],  # noqa: B006
    mood: _Moods = [],  # noqa: B006
    language: _Languages = [],  # noqa: B006
    valence_min: _Bound = None,
    valence_max: _Bound = None,
    arousal_min: _Bound = None,
    arousal_max: _Bound = None,
    final: _Final = False,
) -> Scope:
    rest = MomentFilter(
        moods=tuple(mood),
        languages=tuple(each.lower() for each in language),
        valence=_range(valence_min, valence_max),
        arousal=_range(arousal_min, arousal_max),
        only_final=final,
    )
    return Scope(tuple(source), tuple(kind), tuple(speaker), since, until, rest)


def _range(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    return -1.0 if low is None else low, 1.0 if high is None else high
