"""A rule tried on what was: what it would have told, by the path that live matching takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from domain.backtest import Backtest, Past, backtest
from domain.errors import BadRequest
from domain.moment_reading import LabelledMoment
from domain.ports import MomentLog, MomentStore
from domain.rule_watch import RuleWatch, WatchOptions
from domain.rules import Rule
from search.labelled_moments import SameSpeaker
from search.moment_history import DAY_S, MomentHistory, Span, kinds_of
from search.replayed_history import WITHIN_S, ReplayedHistory, ReplayReport
from search.rule_encoding import RuleEncoding
from search.rule_history import RuleHistory

LEARNT_DAYS = 14.0  # a threshold looks no further back
LEARNT_MOMENTS = 20_000
TESTED_MOMENTS = 20_000

LearntFrom: TypeAlias = Literal["before", "same"]


@dataclass(frozen=True, slots=True)
class Tried:
    result: Backtest
    span: Span
    learnt_from: LearntFrom  # what lies before it, or, where that is less than what was tested, the same
    replay: ReplayReport | None = None  # of a replay


def learn_from(history: RuleHistory, rule: Rule) -> Iterator[list[LabelledMoment]]:
    """The history that a new rule is warmed with. Blocks."""
    if span := history.latest(rule, LEARNT_DAYS, LEARNT_MOMENTS):
        yield from history.windows(rule, span.since_s, span.until_s)


class _NothingToTryOn(BadRequest):
    """No moment of the rule's sources and kinds."""


def try_rule(rule: Rule, days: float, encoding: RuleEncoding, history: MomentHistory) -> Tried:
    """Blocks: about a second for some thousands of moments. Raises BadRequest for a rule that can't be watched for,
    and when there is nothing that it could be tried on."""
    encoding.check(rule.condition)
    watch = RuleWatch(WatchOptions(encoding.scores()))
    watch.add(rule, encoding.vectors(rule.condition))
    tested = history.latest(rule, days, TESTED_MOMENTS)
    if tested is None:
        raise _NothingToTryOn("there is nothing that it could be tried on: no moment of its sources and kinds")
    before = history.latest(rule, LEARNT_DAYS, LEARNT_MOMENTS, before_s=tested.since_s)
    enough = before is not None and before.moments >= tested.moments
    learnt = before if before is not None and enough else tested
    for window in history.windows(rule, learnt.since_s, learnt.until_s):
        watch.learn([rule.id], _lesson(rule, window))
    past = (each for window in history.windows(rule, tested.since_s, tested.until_s) for each in window)
    return Tried(backtest(watch, past)[rule.id], tested, "before" if enough else "same")


def try_on_replay(
    rule: Rule, days: float, encoding: RuleEncoding, log: MomentLog, store: MomentStore, same_speaker: SameSpeaker
) -> Tried:
    """As `try_rule`, on what the log holds. Raises ConnectionError too, when that can't be read."""
    history = ReplayedHistory(log, store, same_speaker, TESTED_MOMENTS + LEARNT_MOMENTS, days + LEARNT_DAYS)
    try:
        tried = try_rule(rule, days, encoding, history)
    except _NothingToTryOn as nothing:
        raise BadRequest(f"{nothing}{_why_none(history.report(rule))}") from nothing
    is_full = tried.span.moments >= TESTED_MOMENTS
    asked_s = math.inf if is_full else tried.span.until_s - days * DAY_S
    return replace(tried, replay=history.report(rule, min(asked_s, tried.span.since_s)))


def _why_none(report: ReplayReport) -> str:
    late = f" was reached within {WITHIN_S:.0f} s, and Kafka may hold some from before that"
    left_out = f", but {report.left_out} records that were left out: they are damaged, or the store would refuse them"
    return (late if report.is_out_of_time else "") + (left_out if report.left_out else "")


def _lesson(rule: Rule, window: Iterable[Past]) -> list[LabelledMoment]:
    kinds = kinds_of(rule)
    moments = [each for each in window if isinstance(each, LabelledMoment) and each.moment.modality in kinds]
    return sorted(moments, key=lambda each: each.moment.start_s)
