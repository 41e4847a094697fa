"""What a node knows beside its rules: wherever a keeping of it was cut off, it comes to the same in the end."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.condition_scores import CERTAIN
from domain.conditions import Words
from domain.errors import BadEvent
from domain.events import MomentDescribed
from domain.incident_events import IncidentOpened
from domain.log_places import Place
from domain.moment_reading import LabelledMoment
from domain.rule_watch import RuleWatch
from domain.rules import Rule
from domain.rules_state import MOST_BYTES, RuleState, pack_common, pack_rule, unpack_common, unpack_rule
from domain.told_incidents import ToldIncidents
from tests.domain.test_rule_watch import FORKLIFT, by_budget, by_examples, quiet_days, streams, watch_for

RULE = Rule("r1", "fire", Words("fire"))
LOG_S = 1_790_000_000.0

several_rules = st.lists(by_budget | by_budget.map(by_examples), min_size=1, max_size=4).map(
    lambda found: [replace(rule, id=f"r{at}") for at, rule in enumerate(found)]
)
keepings = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 6), st.booleans(), st.randoms(use_true_random=False)), max_size=6
)


def said(number: int) -> MomentDescribed:
    return MomentDescribed("gate", "text", 700.0 * number, 700.0 * number, "e", {"text": (1.0,)}, f"fire {number}")


@dataclass
class Node:
    """One that may be killed: what is on its topics is all that it goes on from. Moments of a source are in one
    partition."""

    moments: Sequence[LabelledMoment]
    rules: Sequence[Rule]
    kept: dict[str, bytes] = field(default_factory=dict)  # by rule id, and what is common at "*"
    acknowledged: int = 0
    told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.watch, self.at = watch_for(*self.rules), self.acknowledged
        if "*" in self.kept:
            self.watch.restore(unpack_common(self.kept["*"]))
        for rule_id in self.kept.keys() - {"*"}:
            self.watch.restore_rule(rule_id, unpack_rule(self.kept[rule_id]).watch)
        for each in self.moments:
            self.watch.recall(each.moment, each.labels)

    def read(self, until: int) -> None:
        for at in range(self.at, min(until, len(self.moments))):
            each, self.at = self.moments[at], at + 1
            place = Place(0 if each.moment.source == "gate" else 1, at, LOG_S + at)
            if not self.watch.has_read(place):
                self.told.update(map(repr, self.watch.push(each.moment, each.labels, place)))
                self.watch.note_read(place)

    def keep(self, written: int, and_acknowledge: bool, random: Any) -> None:
        """Records are written in any order, those of the rules before the common one. Where not all of it is done, it
        is killed."""
        changed = sorted(self.watch.take_changed())
        random.shuffle(changed)
        for rule_id in changed[:written]:
            self.kept[rule_id] = pack_rule(RuleState(self.watch.rule_to_data(rule_id)))
        if written > len(changed):
            self.kept["*"] = pack_common(self.watch.to_data())
            if and_acknowledge:
                self.acknowledged = self.at
                return
        self.start()

    def state(self) -> list[Any]:
        return [self.watch.to_data(), *(self.state_of(rule.id) for rule in self.rules)]

    def state_of(self, rule_id: str) -> dict[str, Any]:
        """Thresholds are worked out when they are asked for; where nothing was watched yet, they may be or not."""
        watched = self.watch.thresholds(rule_id)
        state = self.watch.rule_to_data(rule_id)
        for name in ("backgrounds", "thresholds"):
            of_sources = state["calibration"][name]
            state["calibration"][name] = {source: each for source, each in of_sources.items() if source in watched}
        return state


@settings(max_examples=100)
@given(streams(), several_rules, keepings)
def test_wherever_a_keeping_is_cut_off_nothing_is_left_out_or_made_up(
    moments: list[LabelledMoment], rules: list[Rule], keepings: list[tuple[int, int, bool, Any]]
) -> None:
    unharmed, killed = Node(moments, rules), Node(moments, rules)
    unharmed.read(len(moments))
    for ahead, written, and_acknowledge, random in keepings:
        killed.read(killed.at + ahead)
        killed.keep(written, and_acknowledge, random)
    killed.read(len(moments))
    assert killed.told == unharmed.told
    assert killed.state() == unharmed.state()


def test_nor_over_days_in_which_thresholds_move() -> None:
    """The moments are such that one would be told, too, that had come before its rule was warm."""
    moments = quiet_days(3, 3, each_bin=1)
    rules = [replace(FORKLIFT, id=f"r{at}", false_alarms_per_day=24.0 - 4.0 * at) for at in range(6)]
    unharmed, killed, random = Node(moments, rules), Node(moments, rules), Random(7)
    unharmed.read(len(moments))
    for until in range(40, len(moments), 40):
        killed.read(until - 36)
        killed.keep(len(rules) + 1, True, random)
        killed.read(until)
        killed.keep(random.randint(1, 5), False, random)
    killed.read(len(moments))
    assert len(unharmed.told) > 30
    assert killed.told == unharmed.told
    assert killed.state() == unharmed.state()


@given(st.integers(0, 5), st.text(max_size=9))
def test_it_goes_on_where_it_was(moments: int, learnt: str) -> None:
    watch, told = RuleWatch(), ToldIncidents()
    watch.add(RULE)
    for number in range(moments):
        told.note(watch.push(said(number)))
    assert watch.take_changed() == {"r1"} and not watch.take_changed()
    of_rule = RuleState(watch.rule_to_data("r1"), told.by_rule().get("r1", ()), learnt)
    state = unpack_rule(pack_rule(of_rule))
    assert (state.told, state.learnt) == (of_rule.told, learnt)
    again, told_again = RuleWatch(), ToldIncidents()
    again.add(RULE)
    again.restore(unpack_common(pack_common(watch.to_data())))
    again.restore_rule("r1", state.watch)
    told_again.go_on(state.told)
    assert told_again.latest() == told.latest()
    assert not again.take_changed()
    assert again.push(said(moments)) == watch.push(said(moments))


@given(st.binary(max_size=40) | st.binary(max_size=40).map(zlib.compress))
def test_whatever_else_is_refused(packed: bytes) -> None:
    with pytest.raises(BadEvent, match="can't be read"):
        unpack_rule(packed)
    with pytest.raises(BadEvent, match="can't be read"):
        unpack_common(packed)


def test_what_an_older_version_kept_in_one_piece_is_told_as_that() -> None:
    whole = {"watch": {"version": 1, "calibrations": {}, "incidents": {}}, "told": [], "learnt": {}}
    with pytest.raises(BadEvent, match="by an older version of Nowseen"):
        unpack_common(zlib.compress(json.dumps(whole).encode()))


@pytest.mark.parametrize("most_bytes", [60_000, 20_000, 5_000, 2_000])
def test_with_many_sources_a_record_forgets_what_lies_furthest_back(most_bytes: int) -> None:
    watch = RuleWatch()
    watch.add(RULE)
    for number in range(6):
        for source in range(60):
            watch.push(replace(said(number), source=f"gate-{source}"))
    rule, common = RuleState(watch.rule_to_data("r1")), watch.to_data()
    assert len(pack_rule(rule)) > most_bytes or most_bytes > 50_000
    packed, packed_common = pack_rule(rule, most_bytes), pack_common(common, most_bytes)
    assert max(len(packed), len(packed_common)) <= most_bytes
    again = RuleWatch()
    again.add(RULE)
    again.restore(unpack_common(packed_common))
    again.restore_rule("r1", unpack_rule(packed).watch)
    assert len(again.push(replace(said(9), source="gate-1"))) >= 1
    assert pack_rule(rule, MOST_BYTES) == pack_rule(rule)


def test_how_a_rule_holds_in_one_moment_is_what_would_be_told_of_it() -> None:
    watch = RuleWatch()
    watch.add(RULE)
    match = watch.match_one("r1", LabelledMoment(said(1)))
    assert match is not None and match.score == CERTAIN
    assert watch.match_one("r1", LabelledMoment(MomentDescribed("gate", "text", 0.0, 0.0, "e", {}, "smoke"))) is None
    (opened,) = watch.push(said(1))
    assert isinstance(opened, IncidentOpened) and opened.incident.best == match
