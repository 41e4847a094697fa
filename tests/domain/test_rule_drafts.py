"""A rule as people write it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conditions import Graded, Meaning, Picture, Voice, Words
from domain.errors import BadRequest
from domain.hours import DAY_MINUTES, WEEKDAYS, Hours
from domain.hours_text import format_hours, parse_hours
from domain.rule_drafts import MOST_RULES, RuleDraft, new_id, rule_of
from domain.rules import Rule

days = st.sets(st.sampled_from(WEEKDAYS)).map(lambda some: tuple(day for day in WEEKDAYS if day in some))
hours = st.builds(
    Hours, st.integers(0, DAY_MINUTES - 1), st.integers(1, DAY_MINUTES), st.sampled_from(["UTC", "Europe/Berlin"]), days
).filter(lambda each: not each.faults())


def nobody(who: str) -> tuple[str, ...]:
    raise BadRequest(f"there is no speaker {who}")


@given(hours)
def test_hours_are_the_same_written_down(each: Hours) -> None:
    assert parse_hours(format_hours(each)) == each


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("mon-fri 08:00-18:00 Europe/Berlin", Hours(480, 1080, "Europe/Berlin", ("mon", "tue", "wed", "thu", "fri"))),
        ("22:00-6:00", Hours(1320, 360)),
        ("Sat,Sun 0:00 - 24:00", Hours(0, 1440, "UTC", ("sat", "sun"))),
        ("fri-mon 09:00-10:00", Hours(540, 600, "UTC", ("mon", "fri", "sat", "sun"))),
    ],
)
def test_hours_as_people_write_them(text: str, read: Hours) -> None:
    assert parse_hours(text) == read


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at night", "are no hours"),
        ("25:00-26:00", "no time of the day"),
        ("10:75-11:00", "no time of the day"),
        ("mon-day 10:00-11:00", "no day of the week"),
        ("10:00-11:00 Mars/Base", "no time zone"),
        ("10:00-10:00", "end as they start"),
    ],
)
def test_what_are_no_hours_is_said(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        parse_hours(text)


@given(st.text(max_size=40))
def test_whatever_is_written_is_hours_or_refused(text: str) -> None:
    try:
        assert parse_hours(text).faults() == ()
    except BadRequest as refused:
        assert str(refused)


def test_a_draft_becomes_a_rule_named_after_its_query() -> None:
    draft = RuleDraft('source:gate "fire   drill"', hours="08:00-18:00", webhooks=("team",), false_alarms_per_day=2.0)
    assert rule_of(draft, "r", nobody) == Rule(
        "r", 'source:gate "fire drill"', Words("", ("fire   drill",)), ("gate",), Hours(480, 1080), ("team",),
        false_alarms_per_day=2.0,
    )  # fmt: skip


def test_all_that_is_wrong_with_a_rule_is_said_at_once() -> None:
    draft = RuleDraft('"fire" -"fire"', name="x" * 101, false_alarms_per_day=100.0)
    with pytest.raises(BadRequest, match=r"1 to 100.*asked for and excluded.*one an hour"):
        rule_of(draft, "r", nobody)


@given(st.text(max_size=120), st.sets(st.sampled_from(["fire", "fire-2", "red-car"])))
def test_an_id_is_one_that_nobody_has(name: str, taken: set[str]) -> None:
    id = new_id(name, taken)
    assert id not in taken
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", id)
    assert new_id(name, taken) == id


def test_an_id_is_known_again_and_numbered_when_it_is_taken() -> None:
    assert new_id("Fire at the gate!", []) == "fire-at-the-gate"
    assert new_id("Fire", ["fire"]) == "fire-2"
    assert new_id("火", []).startswith("rule-")


def test_there_is_an_end_to_rules() -> None:
    with pytest.raises(BadRequest, match="remove one first"):
        new_id("fire", map(str, range(MOST_RULES)))


@pytest.mark.parametrize(
    ("query", "example", "name"),
    [
        ("", Picture(vector=(1.0,)), "like a picture"),
        ("source:gate", Voice(vector=(1.0,)), "like a voice, source:gate"),
        ("", Meaning("it is on fire"), 'like "it is on fire"'),
    ],
)
def test_a_rule_by_example_is_named_after_it(query: str, example: Graded, name: str) -> None:
    rule = rule_of(RuleDraft(query, example=example), "r", nobody)
    assert (rule.name, rule.example, rule.condition) == (name, example, example)
