"""Drafts: the words of speech that still goes on, sooner and without their times; nothing where nobody spoke."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from whisper.timing import find_alignment

from domain.ports import PCM_RATE_HZ, Pcm, SpeechEncoder, Transcript


@pytest.fixture(scope="module")
def drafts(whisper_tiny: SpeechEncoder, utterance: Callable[[str], Pcm]) -> list[Transcript]:
    noise = np.random.default_rng(0).normal(0, 0.01, 3 * PCM_RATE_HZ).astype(np.float32)
    silence = np.zeros(2 * PCM_RATE_HZ, np.float32)
    return whisper_tiny.draft([noise, utterance("0930"), silence, utterance("0920")])


def test_the_words_are_those_spoken_in_order(drafts: list[Transcript]) -> None:
    first, second = (set(re.findall(r"[a-z]+", drafts[i].text.lower())) for i in (1, 3))
    assert len({"he", "might", "even", "have", "been", "made", "himself"} - first) <= 1
    assert len({"had", "married", "woman", "still", "more", "respectable", "than", "was"} - second) <= 2


def test_they_have_a_language_and_a_confidence_and_no_times(drafts: list[Transcript]) -> None:
    for spoken in (drafts[1], drafts[3]):
        assert (spoken.words, spoken.language) == ((), "en")
        assert 0.4 < spoken.confidence <= 1


def test_nobody_spoke_no_words(drafts: list[Transcript]) -> None:
    assert drafts[0] == drafts[2] == Transcript("")


def test_nothing_is_aligned_and_windows_are_short(
    monkeypatch: pytest.MonkeyPatch, whisper_tiny: SpeechEncoder, utterance: Callable[[str], Pcm]
) -> None:
    from encoders import whisper_windows

    lengths_s: list[float] = []
    log_mel = whisper_windows.log_mel

    def seen(pcm: Pcm, length_s: float, mels: int) -> object:
        lengths_s.append(length_s)
        return log_mel(pcm, length_s, mels)

    def aligned(*_: object) -> None:
        raise AssertionError(f"{find_alignment.__name__} has no part in a draft")

    monkeypatch.setattr("encoders.whisper_windows.log_mel", seen)
    monkeypatch.setattr("whisper.timing.find_alignment", aligned)
    assert whisper_tiny.draft([utterance("0880")])[0].text
    assert lengths_s == [10.0]


@pytest.mark.parametrize("pcm", [np.zeros((2, 100), np.float32), np.zeros(30 * PCM_RATE_HZ + 1, np.float32)])
def test_an_utterance_is_one_channel_of_at_most_30_s(pcm: Pcm, whisper_tiny: SpeechEncoder) -> None:
    with pytest.raises(ValueError, match="an utterance"):
        whisper_tiny.draft([pcm])
