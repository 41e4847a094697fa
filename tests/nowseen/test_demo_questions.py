from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nowseen.demo_questions import QUESTIONS, Question, askable, judge
from nowseen.sample_media import SampleSource
from nowseen.sample_speech import Span

GALLERY = SampleSource("gallery", Path("g.mp4"), 10.0, ("scene",), (Span("a cup", 0.0, 5.0), Span("a cat", 5.0, 10.0)))
PANEL = SampleSource(
    "panel",
    Path("p.mp4"),
    14.0,
    ("scene", "speech"),
    (Span("hello", 0.0, 4.0, "Ana"), Span("hi", 5.0, 9.0, "Bo"), Span("goodbye", 10.0, 14.0, "Ana")),
)
STARTS_S = {"gallery": 1000.0}
CAT = Question("kitten", "what is seen", "gallery", "a cat")
NOTHING = Question("submarine", "nothing")


def answer(source: str, start_s: float, end_s: float) -> dict[str, Any]:
    evidence = [{"why": "picture", "score": 0.8}]
    return {"moments": [{"source": source, "start_s": start_s, "end_s": end_s, "text": "", "evidence": evidence}]}


@pytest.mark.parametrize(
    ("found", "is_right"),
    [
        (answer("gallery", 1005.0, 1010.0), True),
        (answer("gallery", 1000.0, 1005.0), False),  # the cup
        (answer("lobby", 1005.0, 1010.0), False),
        ({"moments": []}, False),
    ],
)
def test_an_answer_is_right_when_source_and_time_are(found: dict[str, Any], is_right: bool) -> None:
    verdict = judge(CAT, found, [GALLERY], STARTS_S)
    assert verdict.is_right is is_right
    assert verdict.expected == "gallery 5.0-10.0 s"


def test_nothing_is_the_right_answer_to_what_nobody_showed() -> None:
    assert judge(NOTHING, {"moments": []}, [GALLERY], STARTS_S).is_right
    wrong = judge(NOTHING, answer("gallery", 1005.0, 1010.0), [GALLERY], STARTS_S)
    assert not wrong.is_right
    assert wrong.got == "gallery 5.0-10.0 s, picture 0.80"


def test_a_refusal_is_no_right_answer() -> None:
    verdict = judge(NOTHING, {"error": "there is no speaker 'Ana'"}, [GALLERY], STARTS_S)
    assert not verdict.is_right
    assert verdict.got == "there is no speaker 'Ana'"


@pytest.mark.parametrize(
    ("start_s", "end_s", "is_right"), [(1001.0, 1003.0, True), (1005.0, 1007.0, False), (1011.0, 1013.0, True)]
)
def test_any_turn_of_the_speaker_is_right_for_what_is_seen_meanwhile(
    start_s: float, end_s: float, is_right: bool
) -> None:
    question = Question("a tripod", "what is seen", "panel", speaker="Ana")
    verdict = judge(question, answer("panel", start_s, end_s), [PANEL], {"panel": 1000.0})
    assert verdict.is_right is is_right
    assert verdict.expected == "panel 0.0-4.0 s or 10.0-14.0 s"


def test_a_question_says_how_it_is_asked() -> None:
    assert CAT.asked == '"kitten"'
    assert CAT.parameters == {"q": "kitten"}
    question = Question("a tripod", "what is seen", "panel", speaker="Ana")
    assert question.asked == '"a tripod" --speaker Ana'
    assert question.parameters == {"q": "a tripod", "speaker": "Ana"}


def test_only_what_is_there_is_asked_for() -> None:
    assert {question.source for question in askable([GALLERY])} == {"gallery", None}
    assert {question.speaker for question in askable([GALLERY])} == {None}
    assert {question.source for question in QUESTIONS} == {"gallery", "bookclub", "newswire", "panel", None}


def test_who_is_not_known_by_name_is_not_asked_for() -> None:
    panel = SampleSource("panel", Path("p.mp4"), 9.0, ("speech",))
    assert {question.source for question in askable([panel])} == {None}
    assert {question.source for question in askable([panel], ["Allison"])} == {"panel", None}


def test_a_question_about_a_mood_is_asked_as_it_is_shown() -> None:
    question = Question("selfish", "words", "panel", speaker="Ana", valence_max=-0.2)
    assert question.asked == '"selfish" --speaker Ana --valence=:-0.2'
    assert question.parameters == {"q": "selfish", "speaker": "Ana", "valence_max": "-0.2"}
    assert any(each.valence_max is not None for each in QUESTIONS)
