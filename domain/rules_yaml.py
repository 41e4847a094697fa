"""A file of rules, by name:

rules:
  Fire drill:
    query: '"fire drill" source:hall'
    hours: mon-fri 08:00-18:00 Europe/Berlin
    webhooks: [team]
    false_alarms_per_day: 2
"""

from __future__ import annotations

import re

from domain.errors import BadRequest
from domain.rule_drafts import RuleDraft, rule_of
from domain.rules import DECIDED_BY, LEAST_ALARMS_PER_DAY, MOST_ALARMS_PER_DAY, RULE_STATES, DecidedBy, RuleState
from domain.yaml_sections import Mistakes, Section, compose

_NAMES = re.compile(r"\S(.{0,98}\S)?")


def parse_rules(text: str) -> tuple[RuleDraft, ...]:
    """Whether the speakers and webhooks exist is not known here. Raises ConfigError with every mistake and its line."""
    mistakes = Mistakes()
    root = Section(compose(text), "", mistakes)
    drafts = [_draft(name, section) for name, section in root.sections("rules", _NAMES).items()]
    root.finish()
    mistakes.raise_any()
    return tuple(drafts)


def _draft(name: str, section: Section) -> RuleDraft:
    state: RuleState = "active"
    decided_by: DecidedBy = "budget"
    if section.has("state"):
        given = section.text("state", one_of=RULE_STATES, what="state")
        state = next((each for each in RULE_STATES if each == given), state)
    if section.has("decided_by"):
        given = section.text("decided_by", one_of=DECIDED_BY, what="way to decide")
        decided_by = next((each for each in DECIDED_BY if each == given), decided_by)
    draft = RuleDraft(
        section.text("query"),
        name,
        section.text("hours") if section.has("hours") else "",
        section.texts("webhooks") if section.has("webhooks") else (),
        state,
        decided_by,
        section.number("false_alarms_per_day", LEAST_ALARMS_PER_DAY, MOST_ALARMS_PER_DAY)
        if section.has("false_alarms_per_day")
        else 1.0,
    )
    if section.clean:
        _check(draft, section)
    section.finish()
    return draft


def _check(draft: RuleDraft, section: Section) -> None:
    without_hours = RuleDraft(draft.query, draft.name, webhooks=draft.webhooks)
    try:
        rule_of(without_hours, "file", lambda who: (who,))
    except BadRequest as mistake:
        section.refuse("query", str(mistake))
        return
    try:
        rule_of(draft, "file", lambda who: (who,))
    except BadRequest as mistake:
        section.refuse("hours", str(mistake))
