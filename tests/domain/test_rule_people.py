from __future__ import annotations

from domain.conditions import AllOf, Condition, Meaning, MoodIs, Not, OfKind, Speaker, Voice, While
from domain.rule_people import speakers_in, voices_in


def test_whom_a_condition_knows_wherever_it_stands() -> None:
    ana, bea = Voice(vector=(1.0, 0.0)), Voice(vector=(0.0, 1.0), encoder="v")
    condition: Condition = While(
        AllOf((Meaning("the budget"), ana, Speaker(("a", "a2")))),
        AllOf((OfKind(("speech",)), Not(bea), Not(Speaker(("b",))), MoodIs(("angry",), speakers=("c",)), Voice("d"))),
    )
    assert voices_in(condition) == [ana, bea, Voice("d")]
    assert speakers_in(condition) == [("a", "a2"), ("b",), ("c",), ("d",)]


def test_most_know_nobody() -> None:
    condition = AllOf((Meaning("the budget"), MoodIs(("angry",))))
    assert (voices_in(condition), speakers_in(condition)) == ([], [])
