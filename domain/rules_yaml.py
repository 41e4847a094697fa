"""A file of rules, by name:

rules:
  Fire drill:
    query: '"fire drill" source:hall'
    hours: mon-fri 08:00-18:00 Europe/Berlin
    webhooks: [team]
    false_alarms_per_day: 2
  Forklift:
    picture: forklift.jpg
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from domain.conditions import Graded, Meaning, Picture, Voice
from domain.errors import BadRequest
from domain.rule_drafts import RuleDraft, rule_of
from domain.rules import DECIDED_BY, LEAST_ALARMS_PER_DAY, MOST_ALARMS_PER_DAY, RULE_STATES, DecidedBy, RuleState
from domain.yaml_sections import Mistakes, Section, compose

_MOST_CHARACTERS = 4_000_000  # of ten thousand rules
_NAMES = re.compile(r"\S(.{0,98}\S)?")
# Each for what may be given as an example, to find out what is wrong with all the rest: it is not read here.
_STAND_INS: dict[str, Graded] = {
    "picture": Picture(vector=(1.0,)),
    "voice": Voice(vector=(1.0,)),
    "like": Meaning("something"),
}


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """As it stands in a file, with the example that it names; at most one of these is not empty."""

    draft: RuleDraft  # without the example
    picture: str = ""  # path of a file, as it was written: relative to the file of rules
    voice: str = ""
    like: str = ""  # id of a moment


def parse_rules(text: str) -> tuple[WrittenRule, ...]:
    """Whether the speakers, webhooks and files exist is not known here. Raises ConfigError with every mistake and its
    line."""
    mistakes = Mistakes()
    root = Section(compose(text, _MOST_CHARACTERS), "", mistakes)
    drafts = [_draft(name, section) for name, section in root.sections("rules", _NAMES).items()]
    root.finish()
    mistakes.raise_any()
    return tuple(drafts)


def _draft(name: str, section: Section) -> WrittenRule:
    state: RuleState = "active"
    decided_by: DecidedBy = "budget"
    if section.has("state"):
        given = section.text("state", one_of=RULE_STATES, what="state")
        state = next((each for each in RULE_STATES if each == given), state)
    if section.has("decided_by"):
        given = section.text("decided_by", one_of=DECIDED_BY, what="way to decide")
        decided_by = next((each for each in DECIDED_BY if each == given), decided_by)
    examples = {each: section.text(each) for each in _STAND_INS if section.has(each)}
    if len(examples) > 1:
        section.refuse(list(examples)[1], "one example at a time: a picture, a voice or the id of a moment")
    draft = RuleDraft(
        section.text("query") if section.has("query") or not examples else "",
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
        example = next((_STAND_INS[each] for each in examples), None)
        _check(replace(draft, example=example), section)
    section.finish()
    return WrittenRule(draft, **examples)


def _check(draft: RuleDraft, section: Section) -> None:
    without_hours = RuleDraft(draft.query, draft.name, webhooks=draft.webhooks, example=draft.example)
    try:
        rule_of(without_hours, "file", lambda who: (who,))
    except BadRequest as mistake:
        section.refuse("query", str(mistake))
        return
    try:
        rule_of(draft, "file", lambda who: (who,))
    except BadRequest as mistake:
        section.refuse("hours", str(mistake))
