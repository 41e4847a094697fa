"""What a node knows beside its rules is the same once it was kept, and whatever else is kept is refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.condition_scores import CERTAIN
from domain.conditions import Words
from domain.errors import BadEvent
from domain.events import MomentDescribed
from domain.incident_events import IncidentOpened
from domain.moment_reading import LabelledMoment
from domain.rule_watch import RuleWatch
from domain.rules import Rule
from domain.rules_state import RulesState, pack, unpack
from domain.told_incidents import ToldIncidents

RULE = Rule("r1", "fire", Words("fire"))


def said(number: int) -> MomentDescribed:
    return MomentDescribed("gate", "text", 700.0 * number, 700.0 * number, "e", {"text": (1.0,)}, f"fire {number}")


@given(st.integers(0, 5), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_it_goes_on_where_it_was(moments: int, learnt: dict[str, str]) -> None:
    watch, told = RuleWatch(), ToldIncidents()
    watch.add(RULE)
    for number in range(moments):
        told.note(watch.push(said(number)))
    state = unpack(pack(RulesState(watch.to_data(), told, learnt)))
    assert (state.learnt, state.told.latest()) == (learnt, told.latest())
    assert state.watch is not None
    again = RuleWatch()
    again.add(RULE)
    again.restore(state.watch)
    assert again.push(said(moments)) == watch.push(said(moments))


@given(st.binary(max_size=40) | st.binary(max_size=40).map(zlib.compress))
def test_whatever_else_is_refused(packed: bytes) -> None:
    with pytest.raises(BadEvent, match="can't be read"):
        unpack(packed)


def test_how_a_rule_holds_in_one_moment_is_what_would_be_told_of_it() -> None:
    watch = RuleWatch()
    watch.add(RULE)
    match = watch.match_one("r1", LabelledMoment(said(1)))
    assert match is not None and match.score == CERTAIN
    assert watch.match_one("r1", LabelledMoment(MomentDescribed("gate", "text", 0.0, 0.0, "e", {}, "smoke"))) is None
    (opened,) = watch.push(said(1))
    assert isinstance(opened, IncidentOpened) and opened.incident.best == match
