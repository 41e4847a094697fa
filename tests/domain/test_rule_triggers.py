"""Of all that a condition asks for, the rarest is watched."""

from __future__ import annotations

import pytest

from domain.conditions import AllOf, AnyOfThem, Condition, Meaning, MoodIs, Not, SceneText, Speaker, While, Words
from domain.mood import Mood
from domain.ports import Labels
from domain.rule_triggers import TriggerIndex, Triggers, triggers_of

ANGRY = Mood("angry", -0.6, 0.6, 0.5)


@pytest.mark.parametrize(
    ("condition", "triggers"),
    [
        (Words("the fire extinguisher"), Triggers((("word", "extinguisher"),))),
        (Words("", ("to be or not",)), Triggers((("word", "not"),))),
        (AllOf((MoodIs(("angry",)), Meaning("help"), Words("fire"))), Triggers((("word", "fire"),))),
        (AllOf((MoodIs(("angry",)), Meaning("help"))), Triggers(graded=(Meaning("help"),))),
        (AllOf((Not(Words("x")), MoodIs(valence=(0.0, 0.5)))), Triggers((("mood", ""),))),
        (AllOf((Speaker(("ann", "ben")), Speaker(("ann",)))), Triggers((("speaker", "ann"),))),
        (AnyOfThem((Words("fire"), Meaning("help"))), Triggers((("word", "fire"),), (Meaning("help"),))),
        (While(SceneText("smoke"), Words("fire")), Triggers((("word", "fire"),), (SceneText("smoke"),))),
        (AllOf((AnyOfThem((Words("a b"), Not(Words("c")))), Words("fire"))), Triggers((("word", "fire"),))),
        (Not(Words("fire")), None),
        (AnyOfThem((Words("fire"), Not(Words("x")))), None),
    ],
)
def test_what_is_watched(condition: Condition, triggers: Triggers | None) -> None:
    assert triggers_of(condition) == triggers


def test_the_longest_word_is_taken_for_the_rarest_and_accents_don_t_count() -> None:
    index = TriggerIndex()
    for owner, words in enumerate(("café noir", "fire exit")):
        found = triggers_of(Words(words))
        assert found is not None
        index.add(owner, found.keys)
    assert index.pulled("Le CAFE est là", Labels()) == {0}
    assert index.pulled("the exit", Labels()) == set()
    index.remove(0, (("word", "cafe"),))
    assert index.pulled("Le CAFE est là", Labels()) == set()


def test_a_mood_pulls_those_that_name_it_and_those_that_take_any() -> None:
    index = TriggerIndex()
    for owner, mood in enumerate((MoodIs(("angry", "sad")), MoodIs(("calm",)), MoodIs(arousal=(0.5, 1.0)))):
        found = triggers_of(mood)
        assert found is not None
        index.add(owner, found.keys)
    assert index.pulled("", Labels((), (ANGRY,))) == {0, 2}
    assert index.pulled("", Labels(("ann",))) == set()
