"""Words that are wrong live and offline, words made up in an hour where nobody speaks, speakers told apart.

`python -m bench.speech FOLDER` in a process of its own, after the pipeline has stopped; FOLDER holds the recordings.
Live is the worker's own way, a second of sound at a time and without Kafka; offline is openai-whisper over all of it.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import encoders
from bench.non_speech import hour
from bench.readings import readings
from bench.recordings import MUSIC
from domain.evaluation import word_error_rate
from domain.events import ChunkPublished, MomentDescribed
from domain.ports import PCM_RATE_HZ, Pcm, VoiceEncoder
from domain.words_in_common import words_of
from encoders.devices import prepare_device
from encoders.whisper_weights import find_whisper, load_whisper
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.evaluate_speakers import evaluate_speakers
from nowseen.sample_voices import VOICES
from nowseen.samples import ORIGINS, SONNET, SPEECH, VOICE, fetch_samples
from nowseen.settings import load_settings, load_topology
from nowseen.sound_files import write_wav
from streams.speech_describer import SoundChunk, SpeechModels
from streams.transcriber import Transcriber

CHUNK_S = 1.0


def measure(cache: Path) -> dict[str, Any]:
    settings = load_settings()
    names, options = wanted_encoders(settings, load_topology(settings)), encoder_options(settings)
    samples = fetch_samples(cache, (*ORIGINS, *VOICES, MUSIC))
    models = SpeechModels(
        encoders.load("speech", names["speech"], options),
        encoders.load("sentences", names["sentences"], options),
        encoders.load("voices", names["voices"], options),
        encoders.load("word_moods", names["word_moods"], options),
        encoders.load("voice_moods", names["voice_moods"], options),
    )
    bare: Any = load_whisper(find_whisper(names["speech"], options), options, prepare_device(options))
    return {
        **_words(Live(models), bare, samples.files),
        **_invented(Live(models), samples.files),
        **_speakers(models.voices, samples.files),
        "samples_missing": len(samples.missing),
    }


def _words(live: Live, bare: Any, files: Mapping[str, Path]) -> dict[str, Any]:
    from whisper.normalizers import EnglishTextNormalizer

    normalised = EnglishTextNormalizer()  # "mister" is "Mr.", "I'm" is "I am": as whisper's own figures are made
    truth, sound = readings(files)
    started = time.perf_counter()
    offline = bare.transcribe(sound, word_timestamps=True, language="en", fp16=False)["text"]
    offline_s = time.perf_counter() - started
    text = " ".join(moment.text for moment in live.hear("readings", sound))
    truth, offline, text = (normalised(words) for words in (truth, offline, text))
    wer_live, wer_offline = word_error_rate(truth, text), word_error_rate(truth, offline)
    return {
        "wer_live": wer_live,
        "wer_offline": wer_offline,
        "wer_live_above_offline": max(0.0, wer_live - wer_offline),
        "wer_live_against_offline": word_error_rate(offline, text),
        "bare_reading_s": offline_s,
        "words_spoken": len(words_of(truth)),
        "voice_mood_share": live.voice_mood_s / live.agent_s,
    }


def _invented(live: Live, files: Mapping[str, Path]) -> dict[str, Any]:
    music = {name: path for name, path in files.items() if name.startswith("music-")}
    invented: Counter[str] = Counter()
    started = time.perf_counter()
    for number, (kind, noise) in enumerate(hour(music)):
        invented[kind] += sum(
            len(words_of(moment.text)) for moment in live.hear(f"nobody-{number}", noise, drafts=True)
        )
    return {
        "invented_words_per_hour": invented.total(),
        "invented_provisional_words_per_hour": live.drafted_words,  # shown for a second, until they are withdrawn
        **{f"invented_words_{kind.replace(' ', '_')}": words for kind, words in invented.items()},
        "music_in_the_hour": bool(music),
        "non_speech_hour_took_s": time.perf_counter() - started,
    }


def _speakers(voices: VoiceEncoder, files: Mapping[str, Path]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="nowseen-voices-") as temporary:
        spoken = {file.name for origin in (SPEECH, SONNET, VOICE, *VOICES) for file in origin.files}
        for name in spoken & files.keys():
            speaker = Path(temporary) / Path(name).stem.partition("-")[0]
            speaker.mkdir(exist_ok=True)
            (speaker / name).symlink_to(files[name])
        found = evaluate_speakers(Path(temporary), voices, encoders.voice_activity)
    return {
        "speaker_eer": found.equal_error_rate,
        "speaker_threshold": found.threshold,
        "speaker_purity": found.purity,
        "speaker_inverse_purity": found.inverse_purity,
        "speakers": found.speakers,
        "speakers_found": found.clusters,
        "speaker_utterances": found.utterances,
        "speaker_utterances_of_nobody": found.nobody,
    }


class Live:
    """The worker's own way, a second of sound at a time, and what it took."""

    def __init__(self, models: SpeechModels) -> None:
        self._transcriber = Transcriber(models, encoders.voice_activity)
        self.agent_s = 0.0
        self.voice_mood_s = 0.0
        self.drafted_words = 0

    def hear(self, source: str, sound: Pcm, *, drafts: bool = False) -> list[MomentDescribed]:
        """What a live source with this sound would have in the index at its end. With `drafts`, the words shown in
        between are counted too."""
        moments: list[MomentDescribed] = []
        step = round(CHUNK_S * PCM_RATE_HZ)
        for number, first in enumerate(range(0, len(sound), step)):
            piece = sound[first : first + step]
            chunk = ChunkPublished(
                source, "audio", first / PCM_RATE_HZ, len(piece) / PCM_RATE_HZ, "audio/wav", _wav(piece),
                is_last=first + step >= len(sound),
            )  # fmt: skip
            started = time.perf_counter()
            cut = self._transcriber.cut([SoundChunk(chunk, 0, number, chunk.end_s)], chunk.end_s)
            described = self._transcriber.describe(cut)
            self.agent_s += time.perf_counter() - started
            self.voice_mood_s += described.voice_mood_s
            moments += [fact for fact in described.facts if isinstance(fact, MomentDescribed)]
            if drafts:
                self.drafted_words += sum(len(words_of(each.text)) for each in self._transcriber.draft(chunk.end_s))
        return moments


def _wav(pcm: Pcm) -> bytes:
    out = io.BytesIO()
    write_wav(out, pcm)
    return out.getvalue()


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
