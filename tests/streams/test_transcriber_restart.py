"""A transcriber that dies anywhere and goes on from what was acknowledged gives the utterances of one that does not."""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import encoders
from domain.events import MomentDescribed, MoodCue, SpeechCut, Word
from domain.ports import PCM_RATE_HZ, EncoderInfo, Matrix, Pcm, Transcript
from nowseen.samples import SPEECH, fetch_samples
from nowseen.settings import load_settings
from streams.publish.options import PublishOptions
from streams.speech_describer import SoundChunk, SpeechModels
from streams.transcriber import Transcriber

Utterance = tuple[float, float, str]


class Lengths:
    """A speech encoder that says how much it heard, and how loud: different sound, different words."""

    info = EncoderInfo("speech", "lengths", "", "", 0, "cpu")

    def transcribe(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        texts = [f"{pcm.size}-samples-{float(np.abs(pcm).sum()):.3f}" for pcm in utterances]
        return [Transcript(text, (Word(text, 0.1, 0.2),)) for text in texts]

    def draft(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        raise AssertionError("nothing here is live")


class OneOfAll:
    """One sentence vector, one voice, no mood."""

    info = EncoderInfo("all", "one", "", "", 1, "cpu")
    window_samples = 25_600

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return np.ones((len(texts), 1), np.float32)

    def encode_voices(self, windows: Sequence[Pcm]) -> Matrix:
        return np.ones((len(windows), 1), np.float32)

    def read(self, texts: Sequence[str], languages: Sequence[str]) -> list[tuple[MoodCue, ...]]:
        return [()] * len(texts)

    def listen(self, utterances: Sequence[Pcm]) -> list[tuple[MoodCue, ...]]:
        return [()] * len(utterances)


def transcriber_of_lengths() -> Transcriber:
    one = OneOfAll()
    return Transcriber(SpeechModels(Lengths(), one, one, one, one), encoders.voice_activity)


@pytest.fixture(scope="module")
def chunks(chunk_file: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[SoundChunk]:
    """Five sentences with pauses, cut as the publisher cuts them: utterances span chunks."""
    samples = fetch_samples(load_settings().cache, [SPEECH])
    assert not samples.missing, samples.missing
    path = tmp_path_factory.mktemp("reading") / "reading.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(PCM_RATE_HZ)
        for file in sorted(samples.files.values()):
            out.writeframes(bytes(PCM_RATE_HZ))  # half a second of silence
            out.writeframes(_pcm(file))
    published = chunk_file(path, PublishOptions(start_s=1000.0)).of("audio")
    return [SoundChunk(chunk, 0, offset, 2000.0) for offset, chunk in enumerate(published)]


def _pcm(path: Path) -> bytes:
    with wave.open(str(path)) as clip:
        return bytes(clip.readframes(clip.getnframes()))


@dataclass
class Run:
    heard: set[Utterance] = field(default_factory=set)
    cuts: dict[tuple[int, str], SpeechCut] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)


def run(chunks: list[SoundChunk], batch: int, cuts: list[SpeechCut], crash_after: int | None = None) -> Run:
    transcriber = transcriber_of_lengths()
    transcriber.assigned(cuts)
    result = Run()
    for number, first in enumerate(range(0, len(chunks), batch)):
        cut = transcriber.cut(chunks[first : first + batch], 2000.0)
        described = transcriber.describe(cut)
        result.heard |= {(f.start_s, f.end_s, f.text) for f in described.facts if isinstance(f, MomentDescribed)}
        result.cuts |= {(each.partition, each.source): each for each in described.cuts}
        result.finished |= {offset for _, offset in cut.finished}
        if number == crash_after:
            break
    return result


@pytest.mark.parametrize("batch", [1, 4])
def test_nothing_is_lost_and_nothing_doubled(chunks: list[SoundChunk], batch: int) -> None:
    whole = run(chunks, batch, [])
    assert len(whole.heard) >= 4
    assert whole.finished == set(range(len(chunks)))
    for crash_after in range(-(-len(chunks) // batch)):
        before = run(chunks, batch, [], crash_after)
        first_open = next((c.offset for c in chunks if c.offset not in before.finished), len(chunks))
        # The broker may know of less than was finished: commits come once a second.
        for restart in {0, first_open // 2, first_open}:
            after = run(chunks[restart:], 3, list(before.cuts.values()))
            assert before.heard | after.heard == whole.heard, (crash_after, restart)


def test_a_worker_that_is_behind_cuts_as_one_that_is_not(chunks: list[SoundChunk]) -> None:
    """Hours may pass between two chunks when many wait; only the end of the partition says that a source is silent."""
    patient = run(chunks, 1, [])
    transcriber = transcriber_of_lengths()
    heard: set[Utterance] = set()
    for number, chunk in enumerate(chunks):
        cuts = [transcriber.cut([chunk], 3600.0 * number)]
        cuts.append(transcriber.cut_idle(6.0, {}))
        for cut in cuts:
            facts = transcriber.describe(cut).facts
            heard |= {(f.start_s, f.end_s, f.text) for f in facts if isinstance(f, MomentDescribed)}
    assert heard == patient.heard
