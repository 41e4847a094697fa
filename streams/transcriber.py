"""Sound chunks of many sources in, utterances with their words out. No Kafka here: the agent is plumbing around it.

Two steps, so that one may fail and be tried again without doing the other twice: `cut` keeps each source's open sound,
`describe` (speech to words, words to a vector) changes nothing here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from domain.errors import BadEvent
from domain.events import ChunkPublished, CoverageAdvanced, MomentDescribed, SpeechCut, Word
from domain.ports import SentenceEncoder, SpeechEncoder, VoiceActivity
from domain.utterances import UtteranceRules
from streams.decode import decode_sound
from streams.speech_segments import Settled, SourceSound


@dataclass(frozen=True, slots=True)
class SoundChunk:
    """A chunk with its media, and its place in its topic."""

    chunk: ChunkPublished
    partition: int
    offset: int
    published_s: float  # Unix seconds


@dataclass(slots=True)
class CutSound:
    """What a batch of chunks settled. Records are (partition, offset)."""

    settled: list[tuple[SoundChunk, Settled]] = field(default_factory=list)  # with the chunk that settled it
    finished: list[tuple[int, int]] = field(default_factory=list)
    rejected: list[tuple[int, int, str]] = field(default_factory=list)
    decode_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Described:
    facts: tuple[MomentDescribed | CoverageAdvanced, ...]  # in order, for the topic of moments
    cuts: tuple[SpeechCut, ...]


@dataclass(slots=True)
class _Source:
    sound: SourceSound
    last: SoundChunk
    last_seen_s: float


class Transcriber:
    """One per worker. Thread-safe; calls wait for each other."""

    def __init__(
        self,
        speech: SpeechEncoder,
        sentences: SentenceEncoder,
        voice_activity: Callable[[], VoiceActivity],
        rules: UtteranceRules | None = None,
    ) -> None:
        self._speech, self._sentences, self._voice_activity = speech, sentences, voice_activity
        self._rules = rules or UtteranceRules()
        self._sources: dict[tuple[int, str], _Source] = {}
        self._cuts: dict[tuple[int, str], SpeechCut] = {}
        self._newest_s: dict[int, float] = {}  # by partition: when the broker got its newest chunk
        self._lock = threading.Lock()

    def assigned(self, cuts: Iterable[SpeechCut]) -> None:
        """A new assignment of partitions: forget open sound (it comes again) and continue at these cuts."""
        with self._lock:
            self._sources.clear()
            self._newest_s.clear()
            self._cuts = {(cut.partition, cut.source): cut for cut in cuts}

    def cut(self, chunks: Sequence[SoundChunk], now_s: float) -> CutSound:
        """Decode the chunks and settle what can be; never raises. `now_s` is the wall clock, for `cut_idle`."""
        result = CutSound()
        with self._lock:
            for sound in chunks:
                started = perf_counter()
                self._newest_s[sound.partition] = max(sound.published_s, self._newest_s.get(sound.partition, 0.0))
                try:
                    self._cut_one(sound, now_s, result)
                except Exception as error:  # tried again, the chunks before it would be cut twice
                    why = str(error) if isinstance(error, BadEvent) else f"{type(error).__name__}: {error}"
                    result.rejected.append((sound.partition, sound.offset, why))
                result.decode_s += perf_counter() - started
        return result

    def cut_idle(self, now_s: float, idle_s: float, *, is_drained: bool) -> CutSound:
        """Settle the sources that have sent nothing for `idle_s`: their last utterance will not go on.

        Told by when the broker got the chunks of the same partition, so that a worker that is behind cuts as one that
        is not; by the wall clock only when no chunk waits.
        """
        result = CutSound()
        with self._lock:
            for key, source in list(self._sources.items()):
                silent_s = self._newest_s.get(source.last.partition, 0.0) - source.last.published_s
                if is_drained:
                    silent_s = max(silent_s, now_s - source.last_seen_s)
                # A source whose chunks are long is silent for long between them.
                if silent_s >= max(idle_s, 2 * source.last.chunk.duration_s):
                    self._end(key, result)
        return result

    def describe(self, cut: CutSound) -> Described:
        """Words and vectors of the settled utterances, one batch over all sources, and how far each source is done."""
        started = perf_counter()
        heard = [(sound, piece) for sound, piece in cut.settled if len(piece.pcm)]
        transcripts = self._speech.transcribe([piece.pcm for _, piece in heard])
        vectors = self._sentences.encode_texts([transcript.text for transcript in transcripts])
        encode_s = perf_counter() - started
        by_piece = {id(piece): i for i, (_, piece) in enumerate(heard)}
        facts: list[MomentDescribed | CoverageAdvanced] = []
        cuts: dict[tuple[int, str], SpeechCut] = {}
        share = 1 / max(1, len(cut.settled))
        for sound, piece in cut.settled:
            source = sound.chunk.source
            i = by_piece.get(id(piece))
            if i is not None and transcripts[i].text:
                transcript = transcripts[i]
                facts.append(
                    MomentDescribed(
                        source=source,
                        modality="speech",
                        start_s=piece.start_s,
                        end_s=piece.until_s,
                        encoder=self._sentences.info.name,
                        vectors={"text": tuple(vectors[i].tolist())},
                        text=transcript.text,
                        words=tuple(
                            Word(w.text, piece.start_s + w.start_s, piece.start_s + w.end_s) for w in transcript.words
                        ),
                        attributes={
                            "speech_encoder": self._speech.info.name,
                            "language": transcript.language,
                            "confidence": round(transcript.confidence, 3),
                        },
                    )
                )
            facts.append(
                CoverageAdvanced(
                    source, "speech", piece.start_s, piece.until_s, sound.published_s,
                    cut.decode_s * share, encode_s * share, len(heard),
                )
            )  # fmt: skip
            cuts[sound.partition, source] = SpeechCut(
                source, sound.partition, piece.number, piece.sample, piece.until_s
            )
        return Described(tuple(facts), tuple(cuts.values()))

    def _cut_one(self, sound: SoundChunk, now_s: float, result: CutSound) -> None:
        chunk, key = sound.chunk, (sound.partition, sound.chunk.source)
        cut = self._cuts.get(key)
        # By offset and by time: a topic made anew starts its offsets again.
        if cut and sound.offset < cut.offset and chunk.end_s <= cut.until_s + 1.0:
            result.finished.append((sound.partition, sound.offset))
            return
        pcm = decode_sound(chunk)
        skip = 0
        if cut and sound.offset == cut.offset and chunk.start_s <= cut.until_s <= chunk.end_s + 1.0:
            skip = cut.sample
        self._cuts.pop(key, None)
        if skip >= len(pcm):
            result.finished.append((sound.partition, sound.offset))
        else:
            source = self._sources.get(key)
            if source is None:
                source = _Source(SourceSound(self._rules, self._voice_activity), sound, now_s)
                self._sources[key] = source
            source.last, source.last_seen_s = sound, now_s
            self._take(sound, source.sound.push(sound.offset, chunk.start_s, pcm, skip), result)
        if chunk.is_last:
            self._end(key, result)

    def _end(self, key: tuple[int, str], result: CutSound) -> None:
        if source := self._sources.pop(key, None):
            self._take(source.last, source.sound.finish(), result)

    def _take(self, sound: SoundChunk, settled: list[Settled], result: CutSound) -> None:
        result.settled += [(sound, piece) for piece in settled]
        result.finished += [(sound.partition, number) for piece in settled for number in piece.finished]
