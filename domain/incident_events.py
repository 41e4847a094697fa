"""What happened to the matches of a rule: facts that are told, and those that are only kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.condition_scores import CERTAIN, Witness
from domain.events import Modality

Reason: TypeAlias = Literal[
    "paused", "outside hours", "not final", "warming up", "below threshold", "cooldown", "storm",
]  # fmt: skip

REASONS: tuple[Reason, ...] = (
    "paused", "outside hours", "not final", "warming up", "below threshold", "cooldown", "storm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """A rule's condition held in a moment. `threshold`: what its score was held against; None where there was none."""

    rule_id: str
    moment_id: str
    source: str
    modality: Modality
    start_s: float
    end_s: float
    score: float  # standard score, or CERTAIN
    threshold: float | None
    witnesses: tuple[Witness, ...]
    text: str = ""
    thumbnail_key: str | None = None

    @property
    def is_certain(self) -> bool:
        return self.score == CERTAIN


@dataclass(frozen=True, slots=True)
class Incident:
    """Matches of one rule, close in time and alike. A digest stands for incidents that came too fast to tell each."""

    id: str  # a function of rule, source and first moment: a replay gives the same
    rule_id: str
    sources: tuple[str, ...]  # one, except in a digest
    start_s: float
    end_s: float
    matches: int
    best: Match  # by score; among equals the first that came
    is_digest: bool = False
    incidents: int = 1  # in a digest: how many it stands for


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    incident: Incident


@dataclass(frozen=True, slots=True)
class IncidentUpdated:
    incident: Incident
    number: int  # of this incident's updates, from 1


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    """Nothing more will be added to it."""

    incident: Incident
    number: int  # updates before it, and 1


@dataclass(frozen=True, slots=True)
class MatchSuppressed:
    """A match that nobody is told of, and why. The first of its kind for a moment: repetitions are not."""

    match: Match
    reason: Reason
    incident_id: str | None = None  # the digest that counts it, or the incident after which it came too soon


IncidentEvent: TypeAlias = IncidentOpened | IncidentUpdated | IncidentClosed | MatchSuppressed
