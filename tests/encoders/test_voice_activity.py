"""Speech probabilities of real speech, silence and noise, and their equality with the package's own network."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from domain.ports import PCM_RATE_HZ, Pcm
from encoders import voice_activity
from encoders.silero_voice_activity import WINDOW_SAMPLES


def whole_windows(pcm: Pcm) -> Pcm:
    return pcm[: pcm.size // WINDOW_SAMPLES * WINDOW_SAMPLES]


def test_speech_is_told_from_silence_and_noise(utterance: Callable[[str], Pcm]) -> None:
    detector = voice_activity()
    speech = detector.push_many(whole_windows(utterance("0870")))
    assert np.median(speech) > 0.9
    assert ((speech >= 0) & (speech <= 1)).all()

    noise = np.random.default_rng(0).normal(0, 0.01, WINDOW_SAMPLES * 60).astype(np.float32)
    for quiet in (np.zeros(WINDOW_SAMPLES * 60, np.float32), noise):
        detector.reset()
        assert detector.push_many(quiet).max() < 0.3


def test_equals_the_network_as_packaged(utterance: Callable[[str], Pcm]) -> None:
    spec = find_spec("silero_vad")
    assert spec is not None and spec.origin is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        theirs = torch.jit.load(Path(spec.origin).parent / "data" / "silero_vad.jit")  # type: ignore[no-untyped-call]
    pcm = whole_windows(utterance("0920"))
    with torch.no_grad():
        expected = [theirs(window, PCM_RATE_HZ).item() for window in torch.tensor(pcm).view(-1, WINDOW_SAMPLES)]
    np.testing.assert_allclose(voice_activity().push_many(pcm), expected, atol=1e-5)


def test_many_windows_are_the_same_as_one_by_one(utterance: Callable[[str], Pcm]) -> None:
    pcm = whole_windows(utterance("0880"))
    single, many = voice_activity(), voice_activity()
    one_by_one = [single.push(window) for window in pcm.reshape(-1, WINDOW_SAMPLES)]
    cut = 20 * WINDOW_SAMPLES
    in_two = np.concatenate([many.push_many(pcm[:cut]), many.push_many(pcm[cut:])])
    np.testing.assert_allclose(in_two, one_by_one, atol=1e-5)


def test_two_streams_do_not_hear_each_other(utterance: Callable[[str], Pcm]) -> None:
    first, second = whole_windows(utterance("0870")), whole_windows(utterance("0890"))
    alone = voice_activity().push_many(first)
    one, other = voice_activity(), voice_activity()
    together = []
    for at in range(0, min(first.size, second.size), WINDOW_SAMPLES):
        together.append(one.push(first[at : at + WINDOW_SAMPLES]))
        other.push(second[at : at + WINDOW_SAMPLES])
    np.testing.assert_allclose(together, alone[: len(together)], atol=1e-5)


def test_reset_forgets(utterance: Callable[[str], Pcm]) -> None:
    pcm = whole_windows(utterance("0870"))
    detector = voice_activity()
    fresh = detector.push_many(pcm)
    assert not np.allclose(detector.push_many(pcm)[:3], fresh[:3], atol=1e-3)
    detector.reset()
    np.testing.assert_array_equal(detector.push_many(pcm), fresh)


def test_nothing_gives_nothing() -> None:
    assert voice_activity().push_many(np.zeros(0, np.float32)).shape == (0,)


@pytest.mark.parametrize("samples", [0, WINDOW_SAMPLES - 1, WINDOW_SAMPLES + 1])
def test_a_window_has_one_length(samples: int) -> None:
    with pytest.raises(ValueError, match="512"):
        voice_activity().push(np.zeros(samples, np.float32))


def test_loading_leaves_the_threads_of_torch_alone() -> None:
    before = torch.get_num_threads()
    voice_activity()
    assert torch.get_num_threads() == before
