"""Words: how many are wrong live and offline, and how many are made up in an hour where nobody speaks.

`python -m bench.speech FOLDER` in a process of its own, after the pipeline has stopped; FOLDER holds the recordings.
Live is the worker's own way, a second of sound at a time and without Kafka; offline is openai-whisper over all of it.
"""

from __future__ import annotations

import io
import json
import sys
import time
import wave
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import encoders
from bench.non_speech import hour
from bench.readings import readings
from bench.recordings import MUSIC
from domain.evaluation import word_error_rate
from domain.events import ChunkPublished, MomentDescribed
from domain.ports import PCM_RATE_HZ, Pcm
from domain.words_in_common import words_of
from encoders.devices import prepare_device
from encoders.whisper_weights import find_whisper, load_whisper
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.samples import ORIGINS, fetch_samples
from nowseen.settings import load_settings, load_topology
from nowseen.sound_files import to_int16
from streams.speech_describer import SoundChunk, SpeechModels
from streams.transcriber import Transcriber

CHUNK_S = 1.0


def measure(cache: Path) -> dict[str, Any]:
    settings = load_settings()
    names, options = wanted_encoders(settings, load_topology(settings)), encoder_options(settings)
    samples = fetch_samples(cache, (*ORIGINS, MUSIC))
    truth, sound = readings(samples.files)
    model: Any = load_whisper(find_whisper(names["speech"], options), options, prepare_device(options))
    offline = model.transcribe(sound, word_timestamps=True, language="en", fp16=False)["text"]
    speech = encoders.load("speech", names["speech"], options)
    sentences = encoders.load("sentences", names["sentences"], options)
    transcriber = Transcriber(SpeechModels(speech, sentences), encoders.voice_activity)
    live = " ".join(moment.text for moment in heard(transcriber, "readings", sound))
    wer_live, wer_offline = word_error_rate(truth, live), word_error_rate(truth, offline)
    music = {name: path for name, path in samples.files.items() if name.startswith("music-")}
    invented: Counter[str] = Counter()
    started = time.perf_counter()
    for number, (kind, noise) in enumerate(hour(music)):
        for moment in heard(transcriber, f"nobody-{number}", noise):
            invented[kind] += len(words_of(moment.text))
    return {
        "wer_live": wer_live,
        "wer_offline": wer_offline,
        "wer_live_above_offline": max(0.0, wer_live - wer_offline),
        "wer_live_against_offline": word_error_rate(offline, live),
        "words_spoken": len(words_of(truth)),
        "invented_words_per_hour": invented.total(),
        "invented_words_by_kind": dict(invented),
        "music_in_the_hour": bool(music),
        "non_speech_hour_took_s": time.perf_counter() - started,
        "missing": list(samples.missing),
    }


def heard(transcriber: Transcriber, source: str, sound: Pcm) -> Iterator[MomentDescribed]:
    """What a live source with this sound would have in the index at its end."""
    step = round(CHUNK_S * PCM_RATE_HZ)
    for number, first in enumerate(range(0, len(sound), step)):
        piece = sound[first : first + step]
        chunk = ChunkPublished(
            source, "audio", first / PCM_RATE_HZ, len(piece) / PCM_RATE_HZ, "audio/wav", _wav(piece),
            is_last=first + step >= len(sound),
        )  # fmt: skip
        cut = transcriber.cut([SoundChunk(chunk, 0, number, chunk.end_s)], chunk.end_s)
        yield from (fact for fact in transcriber.describe(cut).facts if isinstance(fact, MomentDescribed))


def _wav(pcm: Pcm) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(PCM_RATE_HZ)
        file.writeframes(to_int16(pcm).tobytes())
    return out.getvalue()


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
