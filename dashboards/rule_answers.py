"""The search node's answers about rules, checked for shape. Fields this page does not know are ignored.

Times are event times in Unix seconds, UTC. Scores are 0 to 1, as a search's; 1 for what holds to the letter.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dashboards.answers import NodeAnswer
from domain.events import Modality
from domain.rules import DecidedBy, RuleState


class Threshold(NodeAnswer):
    """From which likeness on a rule tells, in one source."""

    is_warming_up: bool
    likelihood: float | None = None  # None while it is warming up
    basis: str = ""
    expected_per_day: float | None = None
    hours_watched: float = 0.0
    hours_missing: float = 0.0
    note: str = ""


class Rule(NodeAnswer):
    id: str
    name: str
    query: str
    like: str = ""  # what was given as an example; empty: nothing
    sources: tuple[str, ...] = ()  # empty: all
    hours: str = ""  # empty: always
    webhooks: tuple[str, ...] = ()
    state: RuleState = "active"
    decided_by: DecidedBy = "budget"
    false_alarms_per_day: float = 1.0
    marked_right: int = 0
    marked_wrong: int = 0
    thresholds: dict[str, Threshold] = Field(default_factory=dict)  # by source that it has watched
    open_incidents: int = 0
    suppressed: dict[str, int] = Field(default_factory=dict)  # reason -> matches that nobody was told of
    warnings: tuple[str, ...] = ()


class LeftOut(NodeAnswer):
    """A rule that is not watched for, as the node is set up now."""

    id: str
    query: str
    why: str


class Rules(NodeAnswer):
    rules: tuple[Rule, ...]
    left_out: tuple[LeftOut, ...] = ()


class EvidenceLine(NodeAnswer):
    what: str  # scene, meaning, words, speaker, mood ...
    text: str
    score: float


class Match(NodeAnswer):
    moment_id: str
    source: str
    modality: Modality
    start_s: float
    end_s: float
    text: str = ""
    score: float
    threshold: float | None = None  # what the score was held against
    evidence: tuple[EvidenceLine, ...] = ()
    thumbnail_url: str | None = None
    clip_url: str | None = None


class Incident(NodeAnswer):
    id: str
    rule_id: str
    rule: str  # its name
    is_open: bool
    sources: tuple[str, ...]
    start_s: float
    end_s: float
    matches: int
    is_digest: bool = False
    incidents: int = 1  # in a digest: how many it stands for
    text: str
    best: Match


class Incidents(NodeAnswer):
    incidents: tuple[Incident, ...]


class Suppressed(NodeAnswer):
    """A match that nobody was told of."""

    reason: str
    match: Match


class SuppressedList(NodeAnswer):
    suppressed: tuple[Suppressed, ...]
    counts: dict[str, int] = Field(default_factory=dict)  # of all, also of those no longer listed


class Replay(NodeAnswer):
    """What a replay lacks of what there was."""

    left_out: int = 0  # records
    is_out_of_time: bool = False
    not_stored: int | None = None  # moments of which no speaker, mood or voice is known; None: it asks for none


class Backtest(NodeAnswer):
    """What a rule would have told."""

    replay: Replay | None = None  # None: it was tried on what is stored
    incidents: tuple[Incident, ...]
    per_day: float | None = None
    days_watched: float
    since_s: float
    until_s: float
    moments: int
    learnt_from: Literal["before", "same"]
    suppressed: dict[str, int] = Field(default_factory=dict)
    thresholds: dict[str, Threshold] = Field(default_factory=dict)


class Webhook(NodeAnswer):
    name: str
    disabled_because: str | None = None


class Webhooks(NodeAnswer):
    webhooks: tuple[Webhook, ...]
