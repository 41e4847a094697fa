from __future__ import annotations

from domain.conditions import AllOf, AnyOfThem, Condition, Meaning, MoodIs, Not, OfKind, Speaker, Voice, While, Words
from domain.rule_people import speakers_in, speakers_left_out, voices_in


def test_whom_a_condition_knows_wherever_it_stands() -> None:
    ana, bea = Voice(vector=(1.0, 0.0)), Voice(vector=(0.0, 1.0), encoder="v")
    condition: Condition = While(
        AllOf((Meaning("the budget"), ana, Speaker(("a", "a2")))),
        AllOf((OfKind(("speech",)), Not(bea), MoodIs(("angry",), speakers=("c",)), Voice("d"))),
    )
    assert voices_in(condition) == [ana, bea, Voice("d")]
    assert speakers_in(condition) == [("a", "a2"), ("c",), ("d",)]
    assert speakers_left_out(condition) == []


def test_whom_it_leaves_out_it_does_not_ask_for() -> None:
    left_out = AnyOfThem((Speaker(("a", "a2")), MoodIs(("angry",), speakers=("b",)), Voice("c"), Not(Speaker(("d",)))))
    condition = AllOf((Words("fire"), Not(left_out), Speaker(("e",))))
    assert speakers_in(condition) == [("d",), ("e",)]
    assert speakers_left_out(condition) == [("a", "a2"), ("b",), ("c",)]


def test_most_know_nobody() -> None:
    condition = AllOf((Meaning("the budget"), MoodIs(("angry",))))
    assert (voices_in(condition), speakers_in(condition), speakers_left_out(condition)) == ([], [], [])
