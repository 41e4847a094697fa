"""A rule reads a query as a search does, and says what it can't ask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.condition_faults import condition_faults
from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
    Graded,
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
from domain.errors import BadRequest
from domain.events import MODALITIES
from domain.query import QueryMistake, parse_query
from domain.rule_query import Asked, read_rule_query
from domain.words_in_common import content_words

PEOPLE = {"Ana": ("a",), "Bob": ("b", "b2")}


def resolve(who: str) -> tuple[str, ...]:
    if who not in PEOPLE:
        raise BadRequest(f"there is no speaker {who}")
    return PEOPLE[who]


def read(text: str) -> Asked:
    return read_rule_query(text, resolve)


def either(text: str) -> Condition:
    return AnyOfThem((Meaning(text), SceneText(text)))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("red car", either("red car")),
        ("kind:scene red car", SceneText("red car")),
        ("-kind:scene red car", Meaning("red car")),
        ("kind:speech red car", AllOf((Meaning("red car"), OfKind(("speech",))))),
        ("kind:scene kind:text red car", AllOf((either("red car"), OfKind(("scene", "text"))))),
        ('"climate change"', Words("", ("climate change",))),
        ('"climate change" flood', AllOf((Words("", ("climate change",)), Meaning("climate change flood")))),
        ('"climate change" the', Words("", ("climate change",))),
        ("speaker:Ana", Speaker(("a",))),
        ("kind:speech speaker:Ana", AllOf((Speaker(("a",)), OfKind(("speech",))))),
        ("speaker:Ana speaker:Bob", Speaker(("a", "b", "b2"))),
        ("mood:angry", MoodIs(("angry",))),
        ("speaker:Ana mood:sad mood:angry", AllOf((Speaker(("a",)), MoodIs(("sad", "angry"), speakers=("a",))))),
        (
            "street -cars",
            AllOf((either("street"), Not(Words("cars")), Not(Meaning("cars")), Not(SceneText("cars")))),
        ),
        ("kind:scene street without red cars", AllOf((SceneText("street"), Not(SceneText("red cars"))))),
        (
            '"good morning" -speaker:Bob -mood:sad',
            AllOf((Words("", ("good morning",)), Not(Speaker(("b", "b2"))), Not(MoodIs(("sad",))))),
        ),
        ("kind:scene microphone while speaker:Ana", While(SceneText("microphone"), Speaker(("a",)))),
        ("fire OR smoke", AnyOfThem((Meaning("fire"), SceneText("fire"), Meaning("smoke"), SceneText("smoke")))),
        ("kind:scene fire OR smoke", AnyOfThem((SceneText("fire"), SceneText("smoke")))),
        ('-kind:scene fire OR "smoke alarm"', AnyOfThem((Meaning("fire"), Words("", ("smoke alarm",))))),
        (
            '-kind:scene "fire drill" hall OR smoke',
            AnyOfThem((AllOf((Words("", ("fire drill",)), Meaning("fire drill hall"))), Meaning("smoke"))),
        ),
        (
            "kind:speech fire OR smoke speaker:Ana -drill",
            AllOf(
                (
                    AnyOfThem((Meaning("fire"), Meaning("smoke"))),
                    Speaker(("a",)),
                    OfKind(("speech",)),
                    Not(Words("drill")),
                    Not(Meaning("drill")),
                )
            ),
        ),
        (
            "kind:scene cup OR glass while kind:speech -kind:text tea OR coffee",
            While(
                AnyOfThem((SceneText("cup"), SceneText("glass"))),
                AllOf((AnyOfThem((Meaning("tea"), Meaning("coffee"))), OfKind(("speech",)))),
            ),
        ),
    ],
)
def test_what_is_asked(text: str, condition: Condition) -> None:
    assert read(text) == Asked(condition)
    assert condition_faults(condition) == ()


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("fire", ()),
        ("fire source:gate source:hall", ("gate", "hall")),
        ("source:gate fire while smoke", ("gate",)),
        ("source:gate source:hall fire while source:hall smoke", ("hall",)),
    ],
)
def test_where_it_is_watched_for(text: str, sources: tuple[str, ...]) -> None:
    assert read(text).sources == sources


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fire since:2h", "a rule has no time"),
        ("fire until:yesterday", "give it hours"),
        ("lang:en fire", "can't tell languages apart"),
        ("fire -lang:en", "can't tell languages apart"),
        ("fire -source:gate", "name them with source:"),
        ("source:gate", "it matches everything"),
        ("kind:scene", "it matches everything"),
        ("source:gate -cars", "it matches everything"),
        ("-mood:angry", "it matches everything"),
        ("kind:scene -kind:scene fire", "exclude each other"),
        ('kind:scene "fire exit"', "a scene has no words"),
        ('kind:scene door OR "fire exit"', "a scene has no words"),
        ("fire OR", "one of them is missing"),
        ("kind:text speaker:Ana", "neither a speaker nor a mood"),
        ("speaker:Cid", "there is no speaker Cid"),
        ("source:gate fire while source:hall smoke", "different ones are named"),
        ("a fire while smoke while water", "two things by 'while'"),
        ("", "the query is empty"),
    ],
)
def test_what_a_rule_can_t_ask_is_said(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read(text)


LIFT, ANA = Picture(vector=(1.0,)), Voice(vector=(1.0,))


@pytest.mark.parametrize(
    ("text", "example", "condition"),
    [
        ("", LIFT, LIFT),
        ("source:hall", LIFT, LIFT),
        ("kind:scene", LIFT, LIFT),
        ("a hall", LIFT, AllOf((LIFT, SceneText("a hall")))),
        ("fire OR smoke", LIFT, AllOf((LIFT, AnyOfThem((SceneText("fire"), SceneText("smoke")))))),
        ("source:hall -person", LIFT, AllOf((LIFT, Not(SceneText("person"))))),
        ('"good morning"', ANA, AllOf((ANA, Words("", ("good morning",))))),
        ("mood:angry -joke", ANA, AllOf((ANA, MoodIs(("angry",)), Not(Words("joke")), Not(Meaning("joke"))))),
        ("kind:scene while speaker:Ana", LIFT, While(LIFT, Speaker(("a",)))),
        ("source:hall", Meaning("a fire"), Meaning("a fire")),
    ],
)
def test_an_example_comes_first_and_all_else_must_hold_too(text: str, example: Graded, condition: Condition) -> None:
    assert read_rule_query(text, resolve, example).condition == condition
    assert condition_faults(condition) == ()
    assert graded_leaves(condition)[0] == example


@pytest.mark.parametrize(
    ("text", "example", "says"),
    [
        ("kind:text", LIFT, "what is like the example is scene, not of kind:"),
        ("-kind:speech", ANA, "what is like the example is speech"),
        ("kind:scene", Meaning("a fire"), "is speech or text"),
        ('"fire exit"', LIFT, "a scene has no words"),
        ("since:2h", LIFT, "a rule has no time"),
    ],
)
def test_what_an_example_can_t_be_beside_is_said(text: str, example: Graded, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read_rule_query(text, resolve, example)


def test_a_mistake_says_where() -> None:
    with pytest.raises(QueryMistake) as caught:
        read("fire mood:bored")
    assert (caught.value.start, caught.value.end) == (5, 15)


PIECES = st.sampled_from(
    ["fire", "red car", '"good morning"', "-smoke", "without", "while", "OR", "speaker:Ana", "-speaker:Bob", "mood:sad",
     "-mood:happy", "kind:scene", "kind:speech", "-kind:text", "source:gate", "source:hall", "since:1h",
     "lang:en", "the"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=7).map(" ".join) | st.text(max_size=60))
def test_whatever_is_written_is_watched_for_or_refused_in_words(text: str) -> None:
    try:
        asked = read(text)
    except BadRequest as refused:
        assert str(refused)
        return
    clauses = parse_query(text, 0.0).clauses
    kinds = {kind for clause in clauses for kind in clause.where.kinds or MODALITIES}
    assert modalities_of(asked.condition) <= kinds
    assert isinstance(asked.condition, While) == (len(clauses) == 2)
    for fault in condition_faults(asked.condition):
        assert "matches everything" not in fault, text


WORDS = st.lists(st.text("abcdefghij", min_size=1, max_size=8).filter(lambda word: bool(content_words(word))),
                 min_size=1, max_size=5).map(" ".join)  # fmt: skip


@given(WORDS, WORDS, WORDS)
def test_no_word_is_lost(words: str, phrase: str, excluded: str) -> None:
    leaves = list(walk(read(f'{words} "{phrase}" without {excluded}').condition))
    assert Words("", (phrase,)) in leaves
    assert Not(Words(excluded)) in leaves
    if phrase not in words:
        assert any(isinstance(leaf, Meaning) and words in leaf.text for leaf in leaves)
