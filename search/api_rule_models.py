"""What the HTTP API takes and answers about rules. Times are event times in Unix seconds (UTC)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import BaseModel, Field

from domain.alert_making import NameOf, likelihood
from domain.hours_text import format_hours
from domain.incident_events import Reason
from domain.rule_drafts import RuleDraft
from domain.rule_thresholds import Basis, Threshold
from domain.rules import DecidedBy, RuleState
from search.api_incident_models import IncidentModel
from search.clip_links import Links
from search.rule_backtests import LearntFrom, Tried
from search.rules_at_work import KnownRule


class DraftModel(BaseModel):
    """A rule as people write it."""

    query: str = Field(description="what to watch for, in the words of a search: docs/search.md")
    name: str = Field("", description="what people call it; the query when it is left out")
    hours: str = Field("", description="when it listens, such as mon-fri 08:00-18:00 Europe/Berlin; always when empty")
    webhooks: list[str] = Field([], description="names of those to be told")
    state: RuleState = "active"
    decided_by: DecidedBy = Field(
        "budget", description="by false_alarms_per_day, or by what was marked right and wrong"
    )
    false_alarms_per_day: float = Field(1.0, description="how often it may trouble people for nothing, about")

    def draft(self) -> RuleDraft:
        return RuleDraft(
            self.query, self.name, self.hours, tuple(self.webhooks), self.state, self.decided_by,
            self.false_alarms_per_day,
        )  # fmt: skip


class ChangesModel(BaseModel):
    """What is left out stays as it is."""

    query: str | None = None
    name: str | None = None
    hours: str | None = None
    webhooks: list[str] | None = None
    state: RuleState | None = None
    decided_by: DecidedBy | None = None
    false_alarms_per_day: float | None = None

    def applied_to(self, known: KnownRule) -> RuleDraft:
        rule, given = known.rule, {name: value for name, value in self if value is not None}
        before = DraftModel(
            query=known.query,
            name=rule.name,
            hours=format_hours(rule.hours) if rule.hours is not None else "",
            webhooks=list(rule.webhooks),
            state=rule.state,
            decided_by=rule.decided_by,
            false_alarms_per_day=rule.false_alarms_per_day,
        )
        return before.model_copy(update=given).draft()


class ThresholdModel(BaseModel):
    """From which likeness on it tells people, in one source."""

    is_warming_up: bool = Field(description="it tells only what holds to the letter until it has watched long enough")
    likelihood: float | None = Field(description="0 to 1, as a search's scores; null while it is warming up")
    standard_score: float | None
    basis: Basis
    expected_per_day: float | None = Field(description="alarms in a day of watching")
    incidents_seen: int
    hours_watched: float
    hours_missing: float
    note: str

    @staticmethod
    def of(threshold: Threshold) -> ThresholdModel:
        return ThresholdModel(
            is_warming_up=threshold.score is None,
            likelihood=None if threshold.score is None else round(likelihood(threshold.score), 3),
            standard_score=threshold.score,
            basis=threshold.basis,
            expected_per_day=threshold.expected_per_day,
            incidents_seen=threshold.incidents_seen,
            hours_watched=round(threshold.hours_seen, 2),
            hours_missing=round(threshold.hours_missing, 2),
            note=threshold.note,
        )


class RuleModel(BaseModel):
    id: str
    name: str
    query: str
    sources: list[str] = Field(description="of the query; empty: all")
    hours: str
    webhooks: list[str]
    state: RuleState
    decided_by: DecidedBy
    false_alarms_per_day: float
    marked_right: int
    marked_wrong: int
    changed_s: float = Field(description="when it was set last, by the clock on the wall")
    thresholds: dict[str, ThresholdModel] = Field(description="by source that it has watched")
    open_incidents: int
    suppressed: dict[Reason, int] = Field(description="matches that nobody was told of, and why")
    warnings: list[str] = []

    @staticmethod
    def of(
        known: KnownRule,
        thresholds: Mapping[str, Threshold],
        open_incidents: int,
        suppressed: Mapping[Reason, int],
        warnings: list[str],
    ) -> RuleModel:
        rule, marks = known.rule, known.rule.marks_of_condition
        return RuleModel(
            id=rule.id,
            name=rule.name,
            query=known.query,
            sources=list(rule.sources),
            hours=format_hours(rule.hours) if rule.hours is not None else "",
            webhooks=list(rule.webhooks),
            state=rule.state,
            decided_by=rule.decided_by,
            false_alarms_per_day=rule.false_alarms_per_day,
            marked_right=sum(mark.is_right for mark in marks),
            marked_wrong=sum(not mark.is_right for mark in marks),
            changed_s=known.set_s,
            thresholds={source: ThresholdModel.of(each) for source, each in thresholds.items()},
            open_incidents=open_incidents,
            suppressed=dict(suppressed),
            warnings=warnings,
        )


class RulesModel(BaseModel):
    rules: list[RuleModel]


class MarkModel(BaseModel):
    moment_id: UUID
    is_right: bool | None = Field(description="whether people should be told of it; null takes back what was said")


class TryModel(DraftModel):
    query: str = Field("", description="a rule to try, as for POST /rules; or name one that there is")
    rule: str | None = Field(None, description="id or name of one that there is")
    days: float = Field(7.0, gt=0.0, le=366.0)


class BacktestModel(BaseModel):
    """What the rule would have told."""

    incidents: list[IncidentModel]
    per_day: float | None
    days_watched: float
    since_s: float
    until_s: float
    moments: int = Field(description="it was tried on, the latest; there may be more of the days asked for")
    learnt_from: LearntFrom = Field(
        description="what lies before them; or the same, which makes the rate look a little better than it will be"
    )
    suppressed: dict[Reason, int]
    thresholds: dict[str, ThresholdModel]

    @staticmethod
    def of(tried: Tried, rule: str, links: Links, name_of: NameOf) -> BacktestModel:
        result = tried.result
        some = [IncidentModel.of(each, False, rule, links, name_of) for each in result.incidents]
        return BacktestModel(
            incidents=some,
            per_day=result.per_day,
            days_watched=round(result.days, 4),
            since_s=tried.span.since_s,
            until_s=tried.span.until_s,
            moments=tried.span.moments,
            learnt_from=tried.learnt_from,
            suppressed=dict(result.suppressed),
            thresholds={source: ThresholdModel.of(each) for source, each in result.thresholds.items()},
        )
