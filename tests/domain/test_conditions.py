"""Conditions survive JSON, and what is called impossible never holds in any moment."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.condition_faults import MOST_PARTS, condition_faults
from domain.condition_json import condition_from_data, condition_to_json
from domain.condition_scores import scorer
from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
    Meaning,
    MoodIs,
    Not,
    OfKind,
    Picture,
    SceneText,
    Speaker,
    Voice,
    While,
    Words,
    graded_leaves,
    modalities_of,
    walk,
)
from domain.events import MODALITIES, MomentDescribed
from domain.moment_reading import LabelledMoment, Reading, ScoreOptions
from domain.mood import MOOD_LABELS, Mood, label_of
from domain.ports import Labels

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
vectors = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=4).map(tuple)
bounds = st.none() | st.tuples(st.floats(-1, 1), st.floats(-1, 1))
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Words, texts, st.lists(texts, max_size=2).map(tuple)),
    st.builds(Meaning, texts),
    st.builds(SceneText, texts),
    st.builds(Picture, texts) | st.builds(Picture, st.just(""), vectors, texts),
    st.builds(Voice, texts) | st.builds(Voice, st.just(""), vectors, texts),
    st.builds(Speaker, st.lists(texts, max_size=2).map(tuple)),
    st.builds(OfKind, st.lists(st.sampled_from(MODALITIES), max_size=2).map(tuple)),
    st.builds(
        MoodIs, st.lists(st.sampled_from(MOOD_LABELS), max_size=2).map(tuple), bounds, bounds,
        st.sampled_from([(), ("ann",)]),
    ),
)  # fmt: skip
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda found: AllOf(tuple(found))),
        st.lists(parts, max_size=3).map(lambda found: AnyOfThem(tuple(found))),
        st.builds(Not, parts),
        st.builds(While, parts, parts),
    ),
    max_leaves=8,
)
few_words = st.lists(st.sampled_from(["red", "fire", "the", "to", "be", "exit"]), max_size=4).map(" ".join)
worded = st.builds(Words, few_words, st.lists(few_words, max_size=2).map(tuple))


def hold(condition: Condition, moment: MomentDescribed, labels: Labels | None = None) -> bool:
    reading = Reading(LabelledMoment(moment, labels or Labels()), ScoreOptions())
    return scorer(condition, dict.fromkeys(graded_leaves(condition), (1.0,)), 3.7)(reading, ()) is not None


def said(text: str) -> MomentDescribed:
    return MomentDescribed("desk", "speech", 0.0, 2.0, "minilm", {}, text)


@given(conditions)
def test_a_condition_survives_json(condition: Condition) -> None:
    assert condition_from_data(json.loads(condition_to_json(condition))) == condition


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, "words", {"words": 1}, {"words": {"text": 1}}, {"words": {}, "not": {}}, {"every": []},
        {"all": {}}, {"all": [1]}, {"not": []}, {"while": [{"meaning": "a"}]}, {"meaning": ["a"]},
        {"picture": {"vector": "%"}},
        {"picture": {"vector": "AAA="}}, {"speaker": "ann"}, {"speaker": [1]}, {"mood": {"labels": ["bored"]}},
        {"mood": {"valence": [0]}}, {"mood": {"valence": [0, "1"]}}, {"mood": {"arousal": [0, True]}},
        {"kind": "scene"}, {"kind": ["picture"]},
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        condition_from_data(data)


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        (Words(), "no words are given"),
        (Words("  "), "no words are given"),
        (Words("!?"), "holds no word"),
        (Words("fire", ("",)), "a text is empty"),
        (Meaning(" "), "a text is empty"),
        (SceneText("x" * 2001), "2000 are the most"),
        (Picture(), "exactly one of them"),
        (Picture("a", (1.0,)), "exactly one of them"),
        (Picture(vector=(0.5, 0.5)), "not of unit length"),
        (Voice(vector=(float("nan"),)), "not of unit length"),
        (Speaker(()), "one is missing"),
        (Speaker(("ann", " ")), "one is missing"),
        (MoodIs(), "matches every mood"),
        (MoodIs(MOOD_LABELS), "matches every mood"),
        (MoodIs(valence=(-1.0, 1.0)), "matches every mood"),
        (MoodIs(valence=(0.5, 0.1)), "the lower comes first"),
        (MoodIs(("sad",), valence=(0.5, 1.0)), "no mood within these bounds is sad"),
        (AllOf(()), "'all of' holds nothing"),
        (OfKind(()), "a moment is one of scene, speech, text"),
        (OfKind(("scene",)), "it matches everything that is not excluded"),
        (AnyOfThem((Words("fire"), OfKind(("scene",)))), "it matches everything that is not excluded"),
        (AllOf((Words("fire"), OfKind(("scene",)))), "Join what is seen and what is said by 'while'"),
        (AnyOfThem(()), "'any of' holds nothing"),
        (AllOf((Words("fire"), SceneText("smoke"))), "Join what is seen and what is said by 'while'"),
        (AllOf((Meaning("fire"), Not(Meaning("fire")))), "the same is asked for and excluded"),
        (AllOf((Words("red fire"), Not(Words("fire")))), "the same is asked for and excluded"),
        (AllOf((Words(phrases=("fire exit",)), Not(Words("exit")))), "the same is asked for and excluded"),
        (AllOf((Words("hello"), Speaker(("ann",)), Speaker(("ben",)))), "an utterance has one speaker"),
        (Not(Words("fire")), "it matches everything that is not excluded"),
        (AnyOfThem((Words("fire"), Not(Words("exit")))), "it matches everything that is not excluded"),
        (While(Words("fire"), Not(SceneText("smoke"))), "it matches everything that is not excluded"),
        (While(Words("a"), AllOf((Words("b"), While(Words("c"), Words("d"))))), "a 'while' inside a 'while'"),
        (AllOf((Words("x"),) * MOST_PARTS), "the condition is too large"),
    ],
)  # fmt: skip
def test_what_can_never_or_must_always_match_is_told_at_once(condition: Condition, fault: str) -> None:
    assert any(fault in each for each in condition_faults(condition)), condition_faults(condition)


def test_a_condition_nested_without_end_is_told_and_not_fallen_over() -> None:
    condition: Condition = Words("fire")
    for _ in range(5000):
        condition = Not(condition)
    assert condition_faults(condition) == ("the condition is too large: 100 parts and 10 levels are the most",)


@pytest.mark.parametrize(
    "condition",
    [
        Words("to be or not to be"),
        Words("", ("fire exit",)),
        AllOf((Words("fire"), Not(Words("fire drill")))),
        AllOf((Words("fire exit"), Not(Words(phrases=("exit fire",))))),
        AllOf((SceneText("smoke"), Speaker(("ann",)), Speaker(("ben",)))),  # a scene may hear both
        AllOf((Words("hello"), MoodIs(("sad", "happy"), valence=(0.5, 1.0)))),
        While(SceneText("a forklift"), AllOf((Speaker(("ann",)), Not(Words("stop"))))),
        AnyOfThem((Picture(vector=(0.6, 0.8)), Voice("ann"))),
        MoodIs(("unknown",), valence=(0.0, 0.0)),
    ],
)
def test_what_may_or_may_not_match_has_no_fault(condition: Condition) -> None:
    assert condition_faults(condition) == ()


@given(st.lists(worded, min_size=1, max_size=2), worded, few_words)
def test_words_called_contradictory_hold_in_no_text(asked: list[Words], excluded: Words, text: str) -> None:
    condition = AllOf((*asked, Not(excluded)))
    if any("asked for and excluded" in fault for fault in condition_faults(condition)):
        assert not hold(condition, said(text))


@given(worded, few_words)
def test_the_words_needed_are(words: Words, text: str) -> None:
    if words.needed and words.stand_in(text):
        assert set(words.needed) <= set(text.split())


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_mood_at_a_place_is_possible_there(valence: float, arousal: float) -> None:
    found = label_of(valence, arousal)
    asked = AllOf((Words("hello"), MoodIs((found,), (valence, valence), (arousal, arousal))))
    assert condition_faults(asked) == ()
    assert hold(asked, said("hello"), Labels(("ann",), (Mood(found, valence, arousal, 0.5),)))


@given(conditions)
def test_where_it_could_hold_is_some_of_the_modalities(condition: Condition) -> None:
    assert modalities_of(condition) <= set(MODALITIES)
    assert next(iter(walk(condition))) is condition
