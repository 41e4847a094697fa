from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nowseen.demo_questions import QUESTIONS, Question, askable, judge
from nowseen.sample_media import SampleSource
from nowseen.sample_speech import Span

GALLERY = SampleSource("gallery", Path("g.mp4"), 10.0, ("scene",), (Span("a cup", 0.0, 5.0), Span("a cat", 5.0, 10.0)))
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


def test_only_what_is_there_is_asked_for() -> None:
    assert {question.source for question in askable([GALLERY])} == {"gallery", None}
    assert {question.source for question in QUESTIONS} == {"gallery", "bookclub", "newswire", None}
