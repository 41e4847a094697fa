from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.invented_text import loops, nobody_spoke, repeats_a_phrase


@dataclass
class Result:
    text: str = "some words"
    avg_logprob: float = -0.2
    no_speech_prob: float = 0.1
    compression_ratio: float = 1.1


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result(), False),
        (Result(text=""), True),
        (Result("you", avg_logprob=-0.45, no_speech_prob=0.93), True),
        (Result("yes", avg_logprob=-0.1, no_speech_prob=0.93), False),
        (Result("You", avg_logprob=-1.8, no_speech_prob=0.57), True),  # music
        (Result("removed", avg_logprob=-1.16, no_speech_prob=0.1), False),
        (Result("He's", avg_logprob=-1.4, no_speech_prob=0.4), False),
        (Result("a", avg_logprob=-3.0, no_speech_prob=0.5), True),
    ],
)
def test_nobody_spoke(result: Result, expected: bool) -> None:
    assert nobody_spoke(result) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("no no no no", False),
        ("very, very, very good", False),
        ("tora tora tora, tora tora tora", False),
        ("beep " * 12, True),
        ("Thank you. " * 6, True),
        ("well then " + "I don't know what to do. " * 4, True),
        ("the cat sat on the mat and the dog sat on the rug and the cow sat on the grass", False),
    ],
)
def test_loops_are_told_from_emphasis(text: str, expected: bool) -> None:
    assert repeats_a_phrase(text) is expected
    assert loops(Result(text)) is expected


def test_text_that_compresses_well_loops() -> None:
    assert loops(Result(compression_ratio=2.5))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8), st.integers(0, 5), st.integers(4, 9))
def test_any_phrase_said_often_enough_is_a_loop(phrase: list[str], before: int, times: int) -> None:
    words = [f"start{i}" for i in range(before)] + phrase * max(times, 12)
    assert repeats_a_phrase(" ".join(words))


@given(st.lists(st.text("abcdefghij", min_size=1), max_size=60, unique=True))
def test_words_that_never_come_again_are_no_loop(words: list[str]) -> None:
    assert not repeats_a_phrase(" ".join(words))
