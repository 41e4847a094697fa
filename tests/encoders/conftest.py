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
from nowseen.samples import PHOTOGRAPHS, SPEECH, DebianPackage, Origin, SampleFile, fetch_samples
from nowseen.settings import load_settings

# "That agent is already logged on. Please enter your agent number followed by the pound key.", by four people, 8 kHz.
# June Wallack, Allison Smith, Carlo Flaibani (CC BY-SA 3.0), Maxim Topal (CC BY 3.0).
PROMPTS = {
    "fr": ("fr_CA_f_June", "fd00f90a5875dfee65778d20c48cf8424194f501967197ba12c8c0ef71b66733"),
    "es": ("es_MX_f_Allison", "36234ae54cb5675043448a1d80546cade54c9af9e34467bcebc9f58415f85b5d"),
    "it": ("it_IT_m_Carlo", "193ba7ddc1ee665bf2bb2c844e577a526857b222f48c1b34b32e93967017b32f"),
    "ru": ("ru_RU_f_IvrvoiceRU", "50b42c73f666f96a0cae406794ab01dc6ab461a7dc2a5726f423512ba5da575d"),
}


@pytest.fixture(scope="session")
def samples() -> dict[str, Path]:
    """Five utterances of a LibriVox reading and four photographs, by file name."""
    found = fetch_samples(load_settings().cache, [SPEECH, PHOTOGRAPHS])
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
def prompts() -> dict[str, Pcm]:
    """The same announcement in French, Spanish, Italian and Russian, by language."""
    origins = [
        Origin(
            f"speech ({language})",
            DebianPackage(f"asterisk-core-sounds-{language}-wav"),
            (SampleFile(f"{voice}.wav", f"usr/share/asterisk/sounds/{voice}/agent-alreadyon.wav", sha256),),
        )
        for language, (voice, sha256) in PROMPTS.items()
    ]
    found = fetch_samples(load_settings().cache, origins)
    assert found.missing == ()
    return {language: read_8_khz(found.files[f"{voice}.wav"]) for language, (voice, _) in PROMPTS.items()}


def read_8_khz(path: Path) -> Pcm:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (PCM_RATE_HZ // 2, 1, 2)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    return np.asarray(2 * np.fft.irfft(np.fft.rfft(pcm), 2 * pcm.size), dtype=np.float32)


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
