"""A file of rules: what stands in it, or everything that is wrong with it."""

from __future__ import annotations

import pytest

from domain.errors import ConfigError
from domain.rule_drafts import RuleDraft
from domain.rules_yaml import WrittenRule, parse_rules

GOOD = """
rules:
  Fire drill:
    query: '"fire drill" source:hall'
    hours: mon-fri 08:00-18:00 Europe/Berlin
    webhooks: [team]
    state: paused
    decided_by: examples
    false_alarms_per_day: 2
  Ana at the desk: {query: "kind:scene desk while speaker:Ana"}
  Forklift: {picture: lifts/lift.jpg}
  Bob says so: {voice: bob.wav, query: '"fire drill"'}
  Once more: {like: 6f3c1c2e-0000-4000-8000-00000000000a}
"""
BAD = """
rules:
  One:
    query: 'fire since:2h'
  Two:
    query: fire
    hours: at night
  Three:
    query: fire
    state: asleep
    cooldown: 5
  Four: {hours: "08:00-18:00"}
  Five: {query: fire, false_alarms_per_day: 100}
  Six: {picture: lift.jpg, voice: bob.wav}
  Seven: {picture: lift.jpg, query: "kind:text"}
  Eight: {voice: bob.wav, hours: never}
"""


def test_what_stands_in_it() -> None:
    assert parse_rules(GOOD) == (
        WrittenRule(
            RuleDraft(
                '"fire drill" source:hall', "Fire drill", "mon-fri 08:00-18:00 Europe/Berlin", ("team",), "paused",
                "examples", 2.0,
            )
        ),
        WrittenRule(RuleDraft("kind:scene desk while speaker:Ana", "Ana at the desk")),
        WrittenRule(RuleDraft("", "Forklift"), picture="lifts/lift.jpg"),
        WrittenRule(RuleDraft('"fire drill"', "Bob says so"), voice="bob.wav"),
        WrittenRule(RuleDraft("", "Once more"), like="6f3c1c2e-0000-4000-8000-00000000000a"),
    )  # fmt: skip


def test_everything_that_is_wrong_is_said_with_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_rules(BAD)
    told = "\n".join(caught.value.mistakes)
    for line, why in [
        (4, "a rule has no time"), (7, "are no hours"), (10, "asleep"), (11, "cooldown"), (12, "query"),
        (13, "false_alarms_per_day"), (14, "one example at a time"), (15, "not of kind:"), (16, "are no hours"),
    ]:  # fmt: skip
        assert any(each.startswith(f"line {line}: ") and why in each for each in caught.value.mistakes), told
    assert len(caught.value.mistakes) == 9, told
