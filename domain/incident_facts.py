"""What a webhook tells of an incident, whoever found it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

IncidentState: TypeAlias = Literal["opened", "updated", "closed"]

INCIDENT_STATES: tuple[IncidentState, ...] = ("opened", "updated", "closed")


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One reason why the rule matched."""

    what: str  # "picture", "words", "voice", ...
    text: str  # what was said, written or seen, for people
    score: float  # 0 to 1
    start_s: float  # event time (Unix seconds)


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """An incident as it stood when it opened, changed or closed. `update` counts those from 0, so that a receiver can
    tell which of two is the later."""

    rule: str  # its name
    incident: str  # its id
    update: int
    state: IncidentState
    changed_s: float  # when it came to this state (Unix seconds)
    source: str
    start_s: float  # event time (Unix seconds)
    end_s: float
    text: str  # what was seen or said, for people
    evidence: tuple[EvidenceLine, ...] = ()
    thumbnail_url: str | None = None
    clip_url: str | None = None
