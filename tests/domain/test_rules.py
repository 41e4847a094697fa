"""A rule survives the topic, and one that could not work is refused with every reason at once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.condition_scores import CERTAIN, Witness
from domain.conditions import (
    AllOf,
    Meaning,
    MoodIs,
    Not,
    Picture,
    SceneText,
    Speaker,
    Voice,
    While,
    Words,
    graded_leaves,
)
from domain.errors import BadEvent, BadRequest
from domain.hours import WEEKDAYS, Hours
from domain.incident_events import Match
from domain.marks import marked, unmarked
from domain.rule_json import decode_rule, encode_rule
from domain.rules import DECIDED_BY, MOST_MARKS, RULE_STATES, Mark, Rule, check_rule, rule_faults

FORKLIFT = Rule("forklift", "Forklift in the aisle", SceneText("a forklift"))

names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
ids = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
times_s = st.floats(0, 4e9)
marks = st.builds(
    lambda start_s, length_s, *rest: Mark(rest[0], "gate", start_s, start_s + length_s, *rest[1:]),
    times_s, st.floats(0, 60), names, st.floats(-9, 99), st.booleans(), names,
)  # fmt: skip
hours = st.builds(
    Hours, st.integers(0, 700), st.integers(701, 1440), st.sampled_from(["UTC", "Europe/Berlin"]),
    st.lists(st.sampled_from(WEEKDAYS), max_size=2).map(tuple),
)  # fmt: skip
rules = st.builds(
    Rule,
    ids,
    names,
    st.sampled_from(
        [
            Words("fire", ("fire exit",)),
            AllOf((Meaning("help"), Not(Words("joke")), Speaker(("ann",)))),
            While(Picture(vector=(1.0, 0.0)), AllOf((Voice("ann"), MoodIs(("sad",), (-1.0, 0.0), None, ("ann",))))),
        ]
    ),
    st.lists(ids, max_size=2).map(tuple),
    st.none() | hours,
    st.lists(names, max_size=2).map(tuple),
    st.sampled_from(RULE_STATES),
    st.sampled_from(DECIDED_BY),
    st.floats(0.1, 24),
    st.lists(marks, max_size=2).map(tuple),
).flatmap(lambda rule: st.sampled_from([rule, replace(rule, by_example=bool(graded_leaves(rule.condition)))]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def match(**changes: Any) -> Match:
    witness = Witness("scene", "a forklift", 4.2, "m1")
    return replace(Match("forklift", "m1", "gate", "scene", 10.0, 12.0, 4.2, 3.0, (witness,)), **changes)


@given(rules)
def test_a_rule_survives_the_topic(rule: Rule) -> None:
    assert decode_rule(encode_rule(rule)) == rule


@given(rules, st.data())
def test_whatever_is_put_in_a_field_is_a_rule_or_a_bad_event(rule: Rule, data: st.DataObject) -> None:
    fields = json.loads(encode_rule(rule))
    fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(json_values)
    try:
        assert rule_faults(decode_rule(json.dumps(fields).encode())) == ()
    except BadEvent as error:
        assert str(error)


@given(st.binary(max_size=20))
def test_bytes_that_are_no_rule_are_a_bad_event(value: bytes) -> None:
    with pytest.raises(BadEvent):
        decode_rule(value)


@pytest.mark.parametrize("name", sorted(json.loads(encode_rule(FORKLIFT))))
def test_a_missing_field_is_named(name: str) -> None:
    fields = json.loads(encode_rule(FORKLIFT))
    del fields[name]
    with pytest.raises(BadEvent, match=f"'{name}' is missing"):
        decode_rule(json.dumps(fields).encode())


def test_a_version_of_the_future_is_not_guessed_at() -> None:
    fields = json.loads(encode_rule(FORKLIFT)) | {"version": 2}
    with pytest.raises(BadEvent, match="its version is 2; this version of Nowseen reads 1"):
        decode_rule(json.dumps(fields).encode())


def test_nesting_without_end_is_a_bad_event() -> None:
    fields = encode_rule(FORKLIFT).replace(b'{"scene":"a forklift"}', b'{"not":' * 100_000 + b"1" + b"}" * 100_000)
    with pytest.raises(BadEvent):
        decode_rule(fields)


def test_all_faults_are_told_at_once() -> None:
    rule = Rule("", " ", Words(), ("no source",), Hours(1, 1), ("",), "active", "budget", 0.0)
    with pytest.raises(BadRequest) as told:
        check_rule(rule)
    for fault in ("an id has", "a name has", "no words are given", "'no source'", "end as they start", "one is empty",
                  "one a year to 24"):  # fmt: skip
        assert fault in str(told.value)


@pytest.mark.parametrize(
    "mark",
    [Mark("m", "gate", 2.0, 1.0, 3.0, True, "c"), Mark("m", "gate", 1.0, 2.0, float("inf"), True, "c")],
)
def test_a_mark_without_a_score_or_a_time_is_a_fault(mark: Mark) -> None:
    assert rule_faults(replace(FORKLIFT, marks=(mark,))) == (
        "a mark has a finite score, and ends no earlier than it starts",
    )


def test_a_rule_watches_the_sources_it_names_or_all() -> None:
    assert FORKLIFT.watches("gate")
    assert replace(FORKLIFT, sources=("gate",)).watches("gate")
    assert not replace(FORKLIFT, sources=("gate",)).watches("desk")


def test_the_last_word_on_a_moment_counts() -> None:
    rule = marked(marked(FORKLIFT, match(), True), match(moment_id="m2"), True)
    rule = marked(rule, match(), False)
    assert [(mark.moment_id, mark.is_right) for mark in rule.marks] == [("m2", True), ("m1", False)]
    assert [mark.moment_id for mark in unmarked(rule, "m2").marks] == ["m1"]


def test_marks_of_another_condition_are_kept_and_not_used() -> None:
    rule = marked(FORKLIFT, match(), True)
    changed = replace(rule, condition=SceneText("a pallet"))
    assert len(rule.marks_of_condition) == 1
    assert len(changed.marks) == 1 and changed.marks_of_condition == ()


def test_no_more_marks_are_kept_than_a_rule_may_have() -> None:
    full = replace(FORKLIFT, marks=tuple(Mark(str(n), "gate", 0.0, 1.0, 3.0, True, "c") for n in range(MOST_MARKS)))
    rule = marked(full, match(), True)
    assert rule_faults(rule) == ()
    assert [mark.moment_id for mark in rule.marks][-2:] == [str(MOST_MARKS - 1), "m1"]


@pytest.mark.parametrize(
    ("changes", "why"), [({"score": CERTAIN}, "to the letter"), ({"rule_id": "other"}, "another rule")]
)
def test_what_teaches_nothing_can_t_be_marked(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        marked(FORKLIFT, match(**changes), True)


def test_an_example_is_the_first_likeness_of_the_condition() -> None:
    lift = Picture(vector=(1.0, 0.0), encoder="concept")
    rule = Rule("r", "Lift", While(AllOf((lift, SceneText("a hall"))), Meaning("careful")), by_example=True)
    assert rule.example == lift == decode_rule(encode_rule(rule)).example
    assert replace(rule, by_example=False).example is None
    (fault,) = rule_faults(replace(rule, condition=Words("fire")))
    assert "by example" in fault
