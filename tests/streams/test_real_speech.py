"""Real voices through the real models, in the chunks of a live source."""

from __future__ import annotations

import io
import wave
from itertools import pairwise

import numpy as np
import pytest

import encoders
from domain.events import ChunkPublished, MomentDescribed
from domain.ports import PCM_RATE_HZ, Pcm
from nowseen.samples import SPEECH, fetch_samples
from nowseen.settings import load_settings
from streams.speech_describer import SoundChunk, SpeechModels
from streams.transcriber import Transcriber

START_S = 1_700_000_000.0


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> SpeechModels:
    options = encoders.EncoderOptions(tmp_path_factory.mktemp("models"), device="cpu", allow_download=False)
    return SpeechModels(
        encoders.load("speech", "whisper:tiny.en", options),
        encoders.load("sentences", "minilm", options),
        encoders.load("voices", "resemblyzer", options),
        encoders.load("word_moods", "vader", options),
        encoders.load("voice_moods", "prosody", options),
    )


@pytest.fixture(scope="module")
def readings() -> dict[str, Pcm]:
    """Utterances of a LibriVox reading."""
    found = fetch_samples(load_settings().cache, [SPEECH])
    assert found.missing == ()
    voices: dict[str, Pcm] = {}
    for name, path in sorted(found.files.items()):
        with wave.open(str(path)) as file:
            voices[name] = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(
                32768
            )
    return voices


def described(pcm: Pcm, models: SpeechModels) -> list[MomentDescribed]:
    """The moments of the sound, cut into chunks of one second."""
    transcriber, moments = Transcriber(models, encoders.voice_activity), list[MomentDescribed]()
    for number, at in enumerate(range(0, len(pcm), PCM_RATE_HZ)):
        part, buffer = pcm[at : at + PCM_RATE_HZ], io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(PCM_RATE_HZ)
            file.writeframes((np.clip(part, -1, 1) * 32767).astype("<i2").tobytes())
        chunk = ChunkPublished(
            "s", "audio", START_S + number, len(part) / PCM_RATE_HZ, "audio/wav", buffer.getvalue(),
            is_last=at + PCM_RATE_HZ >= len(pcm),
        )  # fmt: skip
        cut = transcriber.cut([SoundChunk(chunk, 0, number, START_S)], START_S + number)
        moments += [fact for fact in transcriber.describe(cut).facts if isinstance(fact, MomentDescribed)]
    return moments


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * PCM_RATE_HZ), dtype=np.float32)


def moments_of(pcm: Pcm, models: SpeechModels) -> list[MomentDescribed]:
    moments = described(pcm, models)
    for moment in moments:
        assert " ".join(word.text for word in moment.words) == " ".join(moment.text.split())
    for before, after in pairwise(moments):
        assert before.end_s <= after.start_s
    words = [word for moment in moments for word in moment.words]
    assert all(before.end_s <= after.start_s + 0.02 for before, after in pairwise(words))
    assert len({(word.text, word.start_s) for word in words}) == len(words)
    return moments


def test_a_reading_has_words_voice_and_traits(readings: dict[str, Pcm], models: SpeechModels) -> None:
    first, second, *_ = readings.values()
    moments = moments_of(np.concatenate([silence(0.5), first, silence(1.0), second, silence(1.0)]), models)
    assert len(moments) >= 2
    voices = [np.array(moment.vectors["voice"]) for moment in moments if "voice" in moment.vectors]
    assert len(voices) >= 2
    assert voices[0] @ voices[1] > 0.6  # one reader
    assert {cue.what for moment in moments for cue in moment.cues if cue.kind == "voice"} >= {"pitch_hz", "level_db"}


def test_two_people_at_once_break_nothing_and_no_word_comes_twice(
    readings: dict[str, Pcm], models: SpeechModels
) -> None:
    first, second, *_ = readings.values()
    higher = np.interp(np.arange(0, len(second), 1.3), np.arange(len(second)), second).astype(np.float32)
    mixed = np.concatenate([first, silence(4.0)])
    at = len(first) // 2
    length = min(len(higher), len(mixed) - at)
    mixed[at : at + length] += higher[:length]
    moments = moments_of(mixed, models)
    assert moments
    assert moments[0].start_s < START_S + 1.0


def test_clipping_and_a_poor_line_leave_the_words(readings: dict[str, Pcm], models: SpeechModels) -> None:
    """Overdriven by 20 dB: still the same sentence, for the most part."""
    first = next(iter(readings.values()))
    clean = {word.text.lower().strip(".,") for moment in moments_of(first, models) for word in moment.words}
    assert len(clean) >= 5
    loud = np.clip(first * 10 / np.abs(first).max(), -1, 1)
    heard = {word.text.lower().strip(".,") for moment in moments_of(loud, models) for word in moment.words}
    assert len(clean & heard) >= len(clean) / 2
