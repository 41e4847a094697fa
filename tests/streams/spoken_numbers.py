"""Sound of spoken numbers, and fakes of all models that hear them: a transcriber that needs no weights."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np

from domain.events import ChunkPublished, MoodCue, Word
from domain.ports import PCM_RATE_HZ, EncoderInfo, Matrix, Pcm, Transcript
from streams.speech_describer import SoundChunk, SpeechModels
from streams.transcriber import Transcriber

START_S = 1_700_000_000.0
WORD_S, PAUSE_S, TURN_S, END_S = 0.4, 0.1, 0.25, 0.7
STEP = 0.002  # between the levels of two words


def level(number: int) -> float:
    """The sound of word `number`: even ones are said by one voice, odd hundreds by another."""
    return (0.6 if number < 100 else 0.8) + STEP * (number % 100)


def sound(*utterances: Sequence[int]) -> Pcm:
    """Words by number, with a longer pause where the voice changes, and one that ends the utterance at its end."""

    def run(value: float, seconds: float) -> Pcm:
        return np.full(round(seconds * PCM_RATE_HZ), value, dtype=np.float32)

    parts = [run(0.0, 0.3)]
    for words in utterances:
        for before, number in zip([None, *words], words, strict=False):
            if before is not None and before < 100 <= number:
                parts.append(run(0.0, TURN_S))
            parts += [run(level(number), WORD_S), run(0.0, PAUSE_S)]
        parts.append(run(0.0, END_S))
    return np.concatenate(parts)


class Activity:
    """A window is speech as loud as it is."""

    window_samples = 512

    def push(self, window: Pcm) -> float:
        return float(window.mean())

    def push_many(self, pcm: Pcm) -> np.ndarray[Any, np.dtype[np.float32]]:
        means: np.ndarray[Any, np.dtype[np.float32]] = pcm.reshape(-1, 512).mean(axis=1)
        return means

    def reset(self) -> None: ...


def info(role: str) -> EncoderInfo:
    return EncoderInfo(role, f"fake {role}", "here", "none", 2, "cpu")


class Hears:
    """Speech that says its words' numbers; a word numbered 99 sounds like speech and is none."""

    info = info("speech")

    def __init__(self) -> None:
        self.drafted: list[int] = []  # utterances by call

    def transcribe(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        return [self._one(pcm) for pcm in utterances]

    def draft(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        self.drafted.append(len(utterances))
        return [Transcript(self._one(pcm).text, language="en") for pcm in utterances]

    def _one(self, pcm: Pcm) -> Transcript:
        steps = np.diff(pcm, prepend=0.0, append=0.0)
        words = []
        for start, stop in zip(np.flatnonzero(steps > 0.3), np.flatnonzero(steps < -0.3), strict=True):
            value = float(pcm[(start + stop) // 2])
            number = round((value - 0.6) / STEP) if value < 0.8 - STEP / 2 else 100 + round((value - 0.8) / STEP)
            if number != 99:
                words.append(Word(f"w{number}", float(start / PCM_RATE_HZ), float(stop / PCM_RATE_HZ)))
        return Transcript(" ".join(word.text for word in words), tuple(words), "en", 0.9)


class Sentences:
    info = info("sentences")

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return np.tile(np.array([1.0, 0.0], dtype=np.float32), (len(texts), 1))


class Voices:
    info = info("voices")
    window_samples = 25_600

    def encode_voices(self, windows: Sequence[Pcm]) -> Matrix:
        rows = np.zeros((len(windows), 2), dtype=np.float32)
        for row, window in zip(rows, windows, strict=True):
            row[:] = np.sum((window > 0.5) & (window < 0.79)), np.sum(window > 0.79)
            row /= max(1e-9, float(np.linalg.norm(row)))
        return rows


class WordMoods:
    info = info("word moods")

    def read(self, texts: Sequence[str], languages: Sequence[str]) -> list[tuple[MoodCue, ...]]:
        return [(MoodCue("words", f"{language} {text}", valence=0.5),) for text, language in zip(texts, languages)]  # noqa: B905


class VoiceMoods:
    info = info("voice moods")

    def listen(self, utterances: Sequence[Pcm]) -> list[tuple[MoodCue, ...]]:
        return [(MoodCue("voice", "level_db", measured=len(pcm) / PCM_RATE_HZ),) for pcm in utterances]


def new_transcriber(speech: Hears | None = None) -> Transcriber:
    models = SpeechModels(speech or Hears(), Sentences(), Voices(), WordMoods(), VoiceMoods())
    return Transcriber(models, Activity)


def chunked(pcm: Pcm, chunk_s: float = 1.0, *, source: str = "s", start_s: float = START_S) -> list[SoundChunk]:
    step, chunks = round(chunk_s * PCM_RATE_HZ), list[SoundChunk]()
    for at in range(0, len(pcm), step):
        part = pcm[at : at + step]
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(PCM_RATE_HZ)
            file.writeframes((part * 32767).astype("<i2").tobytes())
        chunk = ChunkPublished(
            source, "audio", start_s + at / PCM_RATE_HZ, len(part) / PCM_RATE_HZ, "audio/wav", buffer.getvalue(),
            is_last=at + step >= len(pcm),
        )  # fmt: skip
        chunks.append(SoundChunk(chunk, 0, len(chunks), chunk.end_s))
    return chunks
