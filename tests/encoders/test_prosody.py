"""Traits of a voice, planted in made sounds and found again; and in real speech."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from domain.ports import PCM_RATE_HZ, Pcm, VoiceMoods
from encoders import EncoderOptions, load

TRAITS = ["level_db", "pitch_hz", "pitch_sd_semitones", "syllables_per_s", "hf_to_lf_db", "pause_share"]


@pytest.fixture(scope="module")
def moods(options: EncoderOptions) -> VoiceMoods:
    return load("voice_moods", "prosody", options)


def traits(moods: VoiceMoods, pcm: Pcm) -> dict[str, float]:
    [cues] = moods.listen([pcm])
    assert all(cue.kind == "voice" and cue.valence is None and cue.arousal is None for cue in cues)
    return {cue.what: cue.measured for cue in cues if cue.measured is not None}


def buzz(
    seconds: float = 4.0,
    pitch_hz: float = 120.0,
    swing_semitones: float = 0.0,
    syllables_per_s: float = 4.0,
    steepness: float = 1.0,
    level: float = 0.1,
) -> Pcm:
    """Harmonics that fall with their number to the power of `steepness`, in swells."""
    at_s = np.arange(round(seconds * PCM_RATE_HZ)) / PCM_RATE_HZ
    pitch = pitch_hz * 2 ** (swing_semitones * np.sin(2 * np.pi * 0.7 * at_s) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / PCM_RATE_HZ
    sound = np.sum([np.sin(k * phase) / k**steepness for k in range(1, 16)], axis=0)
    swell = 0.55 - 0.45 * np.cos(2 * np.pi * syllables_per_s * at_s)
    return np.asarray(level * sound * swell, dtype=np.float32)


@pytest.mark.parametrize("pitch_hz", [80, 120, 210, 350])
def test_the_pitch_is_found(pitch_hz: float, moods: VoiceMoods) -> None:
    assert traits(moods, buzz(pitch_hz=pitch_hz))["pitch_hz"] == pytest.approx(pitch_hz, rel=0.02)


@pytest.mark.parametrize("swing_semitones", [1, 3, 5])
def test_how_much_the_pitch_moves(swing_semitones: float, moods: VoiceMoods) -> None:
    found = traits(moods, buzz(swing_semitones=swing_semitones))["pitch_sd_semitones"]
    assert found == pytest.approx(swing_semitones / np.sqrt(2), rel=0.15)


@pytest.mark.parametrize("syllables_per_s", [2, 4, 6])
def test_syllables_are_counted(syllables_per_s: float, moods: VoiceMoods) -> None:
    found = traits(moods, buzz(seconds=6, syllables_per_s=syllables_per_s))["syllables_per_s"]
    assert found == pytest.approx(syllables_per_s, rel=0.15)


def test_the_level_is_in_db_and_changes_nothing_else(moods: VoiceMoods, utterance: Callable[[str], Pcm]) -> None:
    loud, quiet = (traits(moods, utterance("0870") * gain) for gain in (1.0, 0.25))
    assert loud.pop("level_db") - quiet.pop("level_db") == pytest.approx(20 * np.log10(4), abs=0.1)
    assert quiet == pytest.approx(loud, rel=0.05)


def test_a_flatter_spectrum_has_more_above(moods: VoiceMoods) -> None:
    pressed, soft = (traits(moods, buzz(steepness=steepness))["hf_to_lf_db"] for steepness in (0.5, 2.0))
    assert pressed > soft + 10


def test_a_pause_is_a_share_of_the_time_between_words(moods: VoiceMoods) -> None:
    silence = np.zeros(2 * PCM_RATE_HZ, np.float32)
    spoken = buzz(seconds=2)
    found = traits(moods, np.concatenate([silence, spoken, silence, spoken, silence]))
    assert found["pause_share"] == pytest.approx(1 / 3, abs=0.05)
    assert found["syllables_per_s"] == pytest.approx(traits(moods, spoken)["syllables_per_s"], rel=0.15)


def test_real_speech_is_in_the_range_of_voices(moods: VoiceMoods, utterance: Callable[[str], Pcm]) -> None:
    found = traits(moods, utterance("0920"))
    assert list(found) == TRAITS
    assert 75 < found["pitch_hz"] < 150  # a man reads
    assert 1 < found["pitch_sd_semitones"] < 6
    assert 2.5 < found["syllables_per_s"] < 7
    assert found["pause_share"] < 0.4


def test_an_offset_of_the_recording_makes_no_difference(moods: VoiceMoods, utterance: Callable[[str], Pcm]) -> None:
    plain = traits(moods, utterance("0930"))
    assert traits(moods, utterance("0930") + np.float32(0.1)) == pytest.approx(plain, rel=0.02, abs=0.02)


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(0, np.float32),
        np.zeros(PCM_RATE_HZ, np.float32),
        np.random.default_rng(0).normal(0, 0.05, 3 * PCM_RATE_HZ).astype(np.float32),
        buzz(seconds=0.2),
    ],
    ids=["nothing", "silence", "noise", "too short"],
)
def test_without_a_voice_there_are_no_traits(pcm: Pcm, moods: VoiceMoods) -> None:
    assert moods.listen([pcm]) == [()]


def test_each_utterance_on_its_own_in_order(moods: VoiceMoods, utterance: Callable[[str], Pcm]) -> None:
    pcms = [utterance("0880"), np.zeros(100, np.float32), utterance("0930")]
    assert moods.listen(pcms) == [moods.listen([pcm])[0] for pcm in pcms]
    assert moods.listen([]) == []
