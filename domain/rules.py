"""Standing queries: tell somebody when this is seen or said."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID, uuid5

from domain.condition_faults import condition_faults
from domain.condition_json import condition_to_json
from domain.conditions import Condition, Graded, graded_leaves
from domain.errors import BadRequest
from domain.events import SOURCE_PATTERN
from domain.hours import Hours

RuleState: TypeAlias = Literal["active", "paused"]
DecidedBy: TypeAlias = Literal["budget", "examples"]

RULE_STATES: tuple[RuleState, ...] = ("active", "paused")
DECIDED_BY: tuple[DecidedBy, ...] = ("budget", "examples")
MOST_ALARMS_PER_DAY = 24.0  # one an hour: who wants more wants a search
LEAST_ALARMS_PER_DAY = 1 / 366
MOST_MARKS = 1000
MOST_NAMES = 200  # of sources, and of webhooks

_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LONGEST_NAME = 100
_NAMESPACE = UUID("b4f2a1de-9d37-5c61-8e0a-5f6b7c2d1e90")


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody said of a match whether it was right. The score is the one it had under `condition` (condition_id)."""

    moment_id: str
    source: str
    start_s: float
    end_s: float
    score: float  # standard score, finite: a match of words alone has none to learn from
    is_right: bool
    condition: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition, where and when it is watched for, and whom to tell.

    Nobody is asked for a cosine. A rule alarms about `false_alarms_per_day` times in a day of watching at the most, or,
    decided by examples, where those marked right and wrong part best (domain/rule_thresholds.py).
    """

    id: str
    name: str
    condition: Condition
    sources: tuple[str, ...] = ()  # empty: all
    hours: Hours | None = None  # None: always
    webhooks: tuple[str, ...] = ()  # by name
    state: RuleState = "active"
    decided_by: DecidedBy = "budget"
    false_alarms_per_day: float = 1.0
    marks: tuple[Mark, ...] = field(default=())
    by_example: bool = False  # somebody gave an example: it is the first graded leaf of the condition

    @property
    def example(self) -> Graded | None:
        """What it is to be like; None where it was asked for in words alone."""
        return graded_leaves(self.condition)[0] if self.by_example else None

    def watches(self, source: str) -> bool:
        return not self.sources or source in self.sources

    def listens(self, time_s: float) -> bool:
        return self.hours is None or self.hours.contain(time_s)

    @property
    def condition_id(self) -> str:
        """A function of the condition: scores of two rules with the same one mean the same."""
        return str(uuid5(_NAMESPACE, condition_to_json(self.condition)))

    @property
    def marks_of_condition(self) -> tuple[Mark, ...]:
        """Those that were scored by the condition as it is now."""
        if not self.marks:
            return ()
        current = self.condition_id
        return tuple(mark for mark in self.marks if mark.condition == current)


def rule_faults(rule: Rule) -> tuple[str, ...]:
    """Every reason why this rule could never alarm, would always do so, or can't be kept, in plain sentences."""
    faults = []
    if not _ID_PATTERN.fullmatch(rule.id):
        faults.append("an id has 1 to 64 letters, digits, '_' or '-', starting with a letter or digit")
    if not rule.name.strip() or len(rule.name) > _LONGEST_NAME or not rule.name.isprintable():
        faults.append(f"a name has 1 to {_LONGEST_NAME} printable characters")
    faults += condition_faults(rule.condition)
    if rule.by_example and not graded_leaves(rule.condition):
        faults.append("it is said to be by example, and there is none in it")
    for source in rule.sources:
        if not SOURCE_PATTERN.fullmatch(source):
            faults.append(f"it can never match: {source[:40]!r} can't be the name of a source")
    if rule.hours is not None:
        faults += rule.hours.faults()
    if any(not name.strip() for name in rule.webhooks):
        faults.append("a webhook is named by a name, and one is empty")
    if max(len(rule.sources), len(rule.webhooks)) > MOST_NAMES or len(rule.marks) > MOST_MARKS:
        faults.append(f"{MOST_NAMES} sources, {MOST_NAMES} webhooks and {MOST_MARKS} marks are the most")
    if not LEAST_ALARMS_PER_DAY <= rule.false_alarms_per_day <= MOST_ALARMS_PER_DAY:
        faults.append(f"false alarms a day go from one a year to {MOST_ALARMS_PER_DAY:g}, one an hour")
    if any(not math.isfinite(mark.score) or mark.end_s < mark.start_s for mark in rule.marks):
        faults.append("a mark has a finite score, and ends no earlier than it starts")
    return tuple(faults)


def check_rule(rule: Rule) -> None:
    """Raises BadRequest that lists every fault."""
    if faults := rule_faults(rule):
        raise BadRequest(f"the rule {rule.name.strip()[:40]!r} can't be watched for: " + "; ".join(faults))
