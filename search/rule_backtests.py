"""A rule tried on what is stored: what it would have told, by the path that live matching takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.backtest import Backtest, backtest
from domain.errors import BadRequest
from domain.moment_reading import LabelledMoment
from domain.rule_watch import RuleWatch, WatchOptions
from domain.rules import Rule
from search.rule_encoding import RuleEncoding
from search.rule_history import RuleHistory, Span

LEARNT_DAYS = 14.0  # a threshold looks no further back
LEARNT_MOMENTS = 20_000
TESTED_MOMENTS = 20_000

LearntFrom: TypeAlias = Literal["before", "same"]


@dataclass(frozen=True, slots=True)
class Tried:
    result: Backtest
    span: Span
    learnt_from: LearntFrom  # what lies before it, or, where that is less than what was tested, the same


def learn_from(history: RuleHistory, rule: Rule) -> Iterator[list[LabelledMoment]]:
    """The history that a new rule is warmed with. Blocks."""
    if span := history.latest(rule, LEARNT_DAYS, LEARNT_MOMENTS):
        yield from history.windows(rule, span.since_s, span.until_s)


def try_rule(rule: Rule, days: float, encoding: RuleEncoding, history: RuleHistory) -> Tried:
    """Blocks: about a second for some thousands of moments. Raises BadRequest for a rule that can't be watched for,
    and when nothing is stored that it could be tried on."""
    encoding.check(rule.condition)
    watch = RuleWatch(WatchOptions(encoding.scores()))
    watch.add(rule, encoding.vectors(rule.condition))
    tested = history.latest(rule, days, TESTED_MOMENTS)
    if tested is None:
        raise BadRequest("nothing is stored that it could be tried on: no moment of its sources and kinds")
    before = history.latest(rule, LEARNT_DAYS, LEARNT_MOMENTS, before_s=tested.since_s)
    enough = before is not None and before.moments >= tested.moments
    learnt = before if before is not None and enough else tested
    for window in history.windows(rule, learnt.since_s, learnt.until_s):
        watch.learn([rule.id], window)
    moments = (moment for window in history.windows(rule, tested.since_s, tested.until_s) for moment in window)
    return Tried(backtest(watch, moments)[rule.id], tested, "before" if enough else "same")
