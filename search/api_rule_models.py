"""What the HTTP API takes and answers about rules. Times are event times in Unix seconds (UTC)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from domain.alert_making import NameOf, likelihood
from domain.backtest import TriedOver
from domain.conditions import Graded
from domain.events import MomentDescribed
from domain.hours_text import format_hours
from domain.incident_events import Reason
from domain.rule_drafts import RuleDraft, example_words
from domain.rule_thresholds import Basis, Threshold
from domain.rules import DecidedBy, Mark, RuleState
from search.api_incident_models import IncidentModel
from search.clip_links import Links
from search.replayed_history import WITHIN_S, ReplayReport
from search.rule_backtests import LearntFrom, Tried
from search.rules_at_work import KnownRule, LeftOut


class DraftModel(BaseModel):
    """A rule as people write it."""

    query: str = Field("", description="what to watch for, in the words of a search: docs/search.md")
    like: UUID | None = Field(None, description="a moment: what is like its picture, or means what it says")
    name: str = Field("", description="what people call it; what it watches for when it is left out")
    hours: str = Field("", description="when it listens, such as mon-fri 08:00-18:00 Europe/Berlin; always when empty")
    webhooks: list[str] = Field([], description="names of those to be told")
    state: RuleState = "active"
    decided_by: DecidedBy = Field(
        "budget", description="by false_alarms_per_day, or by what was marked right and wrong"
    )
    false_alarms_per_day: float = Field(1.0, description="how often it may trouble people for nothing, about")

    def draft(self, example: Graded | None = None) -> RuleDraft:
        return RuleDraft(
            self.query, self.name, self.hours, tuple(filter(None, self.webhooks)), self.state, self.decided_by,
            self.false_alarms_per_day, example,
        )  # fmt: skip


class ChangesModel(BaseModel):
    """What is left out stays as it is."""

    query: str | None = None
    like: UUID | Literal[""] | None = Field(None, description="another example; empty: none any more")
    name: str | None = None
    hours: str | None = None
    webhooks: list[str] | None = None
    state: RuleState | None = None
    decided_by: DecidedBy | None = None
    false_alarms_per_day: float | None = None

    def applied_to(self, known: KnownRule, example: Graded | None = None) -> RuleDraft:
        """`example`: instead of the one it has."""
        rule = known.rule
        words = DraftModel.model_fields.keys() - {"like"}
        given = {name: value for name, value in self if name in words and value is not None}
        before = DraftModel(
            query=known.query,
            name=rule.name,
            hours=format_hours(rule.hours) if rule.hours is not None else "",
            webhooks=list(rule.webhooks),
            state=rule.state,
            decided_by=rule.decided_by,
            false_alarms_per_day=rule.false_alarms_per_day,
        )
        kept = None if self.like == "" else rule.example
        return before.model_copy(update=given).draft(example or kept)


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
    like: str = Field(description="what was given as an example: a picture, a voice or what was said; empty: nothing")
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
            like=example_words(rule.example) if rule.example is not None else "",
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


class LeftOutModel(BaseModel):
    id: str
    query: str
    why: str

    @staticmethod
    def of(left_out: LeftOut) -> LeftOutModel:
        return LeftOutModel(id=left_out.rule_id, query=left_out.query, why=left_out.why)


class RulesModel(BaseModel):
    rules: list[RuleModel]
    left_out: list[LeftOutModel] = Field([], description="set before, and not watched for as this node is set up")


class MarkModel(BaseModel):
    moment_id: UUID
    is_right: bool | None = Field(description="whether people should be told of it; null takes back what was said")


class MarkedModel(BaseModel):
    """What somebody said of a moment."""

    moment_id: str
    is_right: bool = Field(description="whether people should be told of it")
    is_used: bool = Field(description="the rule learns from it; not when it watched for something else then")
    source: str
    start_s: float
    end_s: float
    score: float = Field(description="0 to 1, as a search's scores: by what the rule watched for then")
    text: str = Field(description="what was said or written; empty for a scene, and for what is no longer stored")
    thumbnail_url: str | None
    clip_url: str | None

    @staticmethod
    def of(mark: Mark, current: str, moment: MomentDescribed | None, links: Links) -> MarkedModel:
        """`current`: the id of the rule's condition; `moment`: None when it is no longer stored."""
        key = None if moment is None else moment.thumbnail_key
        return MarkedModel(
            moment_id=mark.moment_id,
            is_right=mark.is_right,
            is_used=mark.condition == current,
            source=mark.source,
            start_s=mark.start_s,
            end_s=mark.end_s,
            score=round(likelihood(mark.score), 3),
            text="" if moment is None else moment.text,
            thumbnail_url=links.picture_url(key, mark.source, mark.start_s, mark.end_s),
            clip_url=links.clip_url(mark.source, mark.start_s, mark.end_s),
        )


class MarksModel(BaseModel):
    marks: list[MarkedModel]


class TryModel(DraftModel):
    """A rule to try, as for POST /rules; or the name of one that there is."""

    rule: str | None = Field(None, description="id or name of one that there is")
    days: float = Field(7.0, gt=0.0, le=366.0)
    over: TriedOver = Field(
        "stored", description="what is stored, in order of time; or a replay of Kafka, in the order it came"
    )


class ReplayModel(BaseModel):
    """What the replay lacks of what there was in the days asked for, or in what was tried of them."""

    left_out: int = Field(description="records that are damaged, or whose moments the store would refuse")
    is_out_of_time: bool = Field(
        description=f"reading took longer than {WITHIN_S:.0f} s: what was written earlier was not read, though it may "
        "be of the days asked for"
    )
    not_stored: int | None = Field(
        description="moments that are not stored: no speaker, mood or voice is known of them, and what asks for one of "
        "these, or for one that is not there, can't match them; null for a rule that asks for none"
    )

    @staticmethod
    def of(report: ReplayReport) -> ReplayModel:
        return ReplayModel(left_out=report.left_out, is_out_of_time=report.is_out_of_time, not_stored=report.not_stored)


class BacktestModel(BaseModel):
    """What the rule would have told."""

    over: TriedOver = "stored"
    replay: ReplayModel | None = Field(None, description="of a rule that was tried on a replay")
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
            over="stored" if tried.replay is None else "replay",
            replay=None if tried.replay is None else ReplayModel.of(tried.replay),
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
