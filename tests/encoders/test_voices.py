"""Voices as vectors: equal to the package's own, near for one real voice, far for two."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from domain.errors import ConfigError
from domain.ports import Pcm, VoiceEncoder
from encoders import EncoderOptions, listing, load
from encoders.resemblyzer_voices import INSTALL, PACKAGE

# embed_utterance(normalize_volume(...)) of Resemblyzer 0.1.4 with librosa 0.11.0.
GOLDEN = json.loads((Path(__file__).parent / "golden" / "resemblyzer.json").read_text())
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def voices(options: EncoderOptions) -> VoiceEncoder:
    return load("voices", "resemblyzer", options)


def hummed(pitch_hz: float, level: float) -> Pcm:
    """A buzz with vibrato and a whistle that comes and goes: no voice, but like one to the network."""
    at_s = np.arange(25_600) / 16_000
    phase = 2 * np.pi * (pitch_hz * at_s + 0.8 * np.sin(2 * np.pi * 5 * at_s))
    buzz = np.sum([np.sin(k * phase) / k for k in range(1, 15)], axis=0)
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * at_s)
    pcm = buzz * swell + 0.3 * np.sin(2 * np.pi * 1900 * at_s) * (1 - swell)
    return np.asarray(level * pcm, dtype=np.float32)


def windows_of(pcm: Pcm, voices: VoiceEncoder) -> list[Pcm]:
    size = voices.window_samples
    return [pcm[at : at + size] for at in range(0, pcm.size - size + 1, size)]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden['pitch_hz']} Hz at {golden['level']}")
def test_equals_the_package_s_own(golden: dict[str, float], voices: VoiceEncoder) -> None:
    [vector] = voices.encode_voices([hummed(golden["pitch_hz"], golden["level"])])
    expected = np.asarray(golden["vector"])
    np.testing.assert_allclose(vector, expected, atol=1e-3)
    assert vector @ expected > 0.999


def test_unit_float32_rows_of_the_promised_size(voices: VoiceEncoder) -> None:
    vectors = voices.encode_voices([hummed(110, 0.1), hummed(150, 0.1)[:5000]])
    assert vectors.shape == (2, voices.info.vector_size)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert voices.encode_voices([]).shape == (0, voices.info.vector_size)


def test_a_batch_is_the_same_as_one_by_one(voices: VoiceEncoder, utterance: Callable[[str], Pcm]) -> None:
    windows = windows_of(utterance("0870"), voices)
    singles = np.concatenate([voices.encode_voices([window]) for window in windows])
    many = voices.encode_voices(windows * 30)  # more than one block
    np.testing.assert_allclose(many, np.tile(singles, (30, 1)), atol=1e-4)


def test_a_short_window_is_filled_with_its_own_repetition(voices: VoiceEncoder) -> None:
    half = hummed(110, 0.1)[: voices.window_samples // 2]
    short, doubled = voices.encode_voices([half, np.tile(half, 2)])
    np.testing.assert_allclose(short, doubled, atol=1e-5)


def test_a_voice_is_nearer_to_itself_than_to_another(
    voices: VoiceEncoder, utterance: Callable[[str], Pcm], prompts: dict[str, Pcm]
) -> None:
    people = [np.concatenate([utterance("0870"), utterance("0920")]), *prompts.values()]
    heard = [voices.encode_voices(windows_of(pcm, voices)) for pcm in people]
    who = np.repeat(np.arange(len(people)), [len(vectors) for vectors in heard])
    cosines = np.concatenate(heard) @ np.concatenate(heard).T
    same = cosines[(who[:, None] == who) & ~np.eye(len(who), dtype=bool)]
    other = cosines[who[:, None] != who]
    assert np.median(same) > np.median(other) + 0.15
    # How often a window of one person is nearer to another's than to one of the same.
    assert np.mean(same[:, None] > other) > 0.9


def test_a_quiet_recording_is_the_same_voice(voices: VoiceEncoder, utterance: Callable[[str], Pcm]) -> None:
    [window, *_] = windows_of(utterance("0870"), voices)
    loud, quiet = voices.encode_voices([window * 0.3, window * 0.003])
    assert loud @ quiet > 0.99


def test_silence_has_a_vector_too(voices: VoiceEncoder) -> None:
    assert np.isfinite(voices.encode_voices([np.zeros(voices.window_samples, np.float32)])).all()


@pytest.mark.parametrize("shape", [(0,), (25_601,), (100, 2)])
def test_a_window_has_one_channel_and_a_longest_length(shape: tuple[int, ...], voices: VoiceEncoder) -> None:
    with pytest.raises(ValueError, match="25600"):
        voices.encode_voices([np.zeros(shape, np.float32)])


def test_without_the_package_the_command_is_told(monkeypatch: pytest.MonkeyPatch, options: EncoderOptions) -> None:
    monkeypatch.setattr("encoders.resemblyzer_voices.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=re.escape(INSTALL)):
        load("voices", "resemblyzer", options)
    with pytest.raises(ConfigError, match=re.escape(INSTALL)):
        listing(options, {"voices": "resemblyzer"})


def test_another_name_is_refused(options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match="write resemblyzer"):
        load("voices", "ears", options)


@pytest.mark.parametrize("name", ["Makefile", "deploy/Dockerfile"])
def test_every_installation_has_the_release_whose_weights_are_checked(name: str) -> None:
    assert re.findall(r"Resemblyzer==[0-9.]+", (ROOT / name).read_text(encoding="utf-8")) == [PACKAGE]
