"""Real speech and pictures, and the packaged models, loaded once."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from domain.ports import PCM_RATE_HZ, Image, Pcm, PictureEncoder, SentenceEncoder, SpeechEncoder
from encoders import EncoderOptions, load
from nowseen.samples import PHOTOGRAPHS, SPEECH, fetch_samples


@pytest.fixture(scope="session")
def samples() -> dict[str, Path]:
    """Five utterances of a LibriVox reading and four photographs, by file name."""
    found = fetch_samples(Path("~/.cache/nowseen").expanduser(), [SPEECH, PHOTOGRAPHS])
    assert found.missing == ()
    return dict(found.files)


@pytest.fixture(scope="session")
def utterance(samples: dict[str, Path]) -> Callable[[str], Pcm]:
    """The reading whose number is given."""

    def read(number: str) -> Pcm:
        with wave.open(str(samples[f"austen-{number}.wav"])) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (PCM_RATE_HZ, 1, 2)
            samples_read = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples_read.astype(np.float32) / np.float32(32768)

    return read


@pytest.fixture(scope="session")
def photographs(samples: dict[str, Path]) -> dict[str, Image]:
    """RGB, by file name without its ending: chelsea (a cat), coffee, rocket, astronaut."""
    return {
        Path(name).stem: np.asarray(Pillow.open(path).convert("RGB"))
        for name, path in samples.items()
        if not name.endswith(".wav")
    }


@pytest.fixture(scope="session")
def options(tmp_path_factory: pytest.TempPathFactory) -> EncoderOptions:
    return EncoderOptions(tmp_path_factory.mktemp("models"), device="cpu", allow_download=False)


@pytest.fixture(scope="session")
def minilm(options: EncoderOptions) -> SentenceEncoder:
    return load("sentences", "minilm", options)


@pytest.fixture(scope="session")
def concept(options: EncoderOptions) -> PictureEncoder:
    return load("pictures", "concept", options)


@pytest.fixture(scope="session")
def whisper_tiny(options: EncoderOptions) -> SpeechEncoder:
    return load("speech", "whisper:tiny.en", options)
