"""Sound chunks of many sources in, utterances with their words out. No Kafka here: the agent is plumbing around it.

Separate steps, so that one may fail and be tried again without doing the others twice: `cut` keeps each source's open
sound, `describe` (speech to words, words to a vector) changes nothing here, `draft` does the same for what is still
being said.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from domain.errors import BadEvent
from domain.events import ChunkPublished, MomentDescribed, SpeechCut
from domain.ports import Pcm, VoiceActivity
from domain.proven_time import ProvenTime
from domain.utterances import UtteranceRules
from streams.decode import decode_sound
from streams.memory import is_out_of_memory, no_memory
from streams.speech_describer import CutSound, Described, SoundChunk, SpeechModels, describe, draft
from streams.speech_segments import JOINED_S, OpenSpeech, Settled, SourceSound

log = logging.getLogger(__name__)

LIVE_WITHIN_S = 3.0  # older sound by the wall clock is a replay, or we are late: no drafts
CLOCKS_APART_S = 1.0  # a publisher's clock may be ahead by so much; sound further ahead comes faster than it runs
DRAFTED_AGAIN_SHARE = 0.1  # of the utterance must be new: every draft reads all of it, and the long ones cost most
OUT_OF_ORDER = 3  # of the newest eight chunks


@dataclass(slots=True)
class _Source:
    sound: SourceSound
    last: SoundChunk
    seen_s: float  # proven time of its partition
    drafted_until_s: float = 0.0
    out_of_order: deque[bool] = field(default_factory=lambda: deque(maxlen=8))  # of the newest chunks
    warned: bool = False


class Transcriber:
    """One per worker. Thread-safe; calls wait for each other."""

    def __init__(
        self,
        models: SpeechModels,
        voice_activity: Callable[[], VoiceActivity],
        rules: UtteranceRules | None = None,
    ) -> None:
        self._models, self._voice_activity = models, voice_activity
        self._rules = rules or UtteranceRules()
        self._sources: dict[tuple[int, str], _Source] = {}
        self._cuts: dict[tuple[int, str], SpeechCut] = {}
        self._newest_s: dict[int, float] = {}  # by partition: when its newest chunk was published
        self._proven: defaultdict[int, ProvenTime] = defaultdict(ProvenTime)  # by partition
        self._lock = threading.Lock()

    def assigned(self, cuts: Iterable[SpeechCut]) -> None:
        """A new assignment of partitions: forget open sound (it comes again) and continue at these cuts."""
        with self._lock:
            self._sources.clear()
            self._newest_s.clear()
            self._proven.clear()
            self._cuts = {(cut.partition, cut.source): cut for cut in cuts}

    def cut(self, chunks: Sequence[SoundChunk], now_s: float) -> CutSound:
        """Decode the chunks and settle what can be. `now_s`: the wall clock, which tells `cut_idle` when they came.

        A chunk that can't be decoded or cut, for want of memory too, is rejected; the others are done.
        """
        result = CutSound()
        started = perf_counter()
        with self._lock:
            for sound in chunks:
                heard = self._decode(sound, result)
                self._proven[sound.partition].push(now_s)
                self._newest_s[sound.partition] = max(sound.published_s, self._newest_s.get(sound.partition, 0.0))
                if heard is None:
                    continue
                try:
                    self._cut_one(sound, heard, result)
                except Exception as error:  # tried again, the chunks before it would be cut twice
                    result.rejected.append((sound.partition, sound.offset, _why(error)))
        result.decode_s = perf_counter() - started
        return result

    def cut_idle(self, idle_s: float, ends_s: Mapping[int, float]) -> CutSound:
        """Settle the sources that have been silent for `idle_s`: their last utterance will not go on.

        `ends_s`: by partition that was read to its end, when the broker last told so, by the wall clock. Silence counts
        only while the broker and this worker are seen at work; after a break a source gets time to come back. Where
        chunks wait, a worker that is behind cuts as one that is not: the source must have sent nothing for so long by
        the times of the chunks of its partition too.
        """
        result = CutSound()
        with self._lock:
            for partition, told_s in ends_s.items():
                self._proven[partition].push(told_s)
            for key, source in list(self._sources.items()):
                partition, last = source.last.partition, source.last
                silent_s = self._proven[partition].silence_s(source.seen_s)
                if partition not in ends_s:
                    silent_s = min(silent_s, self._newest_s[partition] - last.published_s)
                # A source whose chunks are long is silent for long between them.
                if silent_s >= max(idle_s, 2 * last.chunk.duration_s):
                    try:
                        self._end(key, result)
                    except Exception as error:  # the next call tries again; what other sources settled is kept
                        log.warning("source %s: ending its speech failed: %s", key[1], error)
        return result

    def describe(self, cut: CutSound) -> Described:
        """Words and vectors of the settled utterances, one batch over all sources, and how far each source is done."""
        return describe(cut, self._models)

    def draft(self, now_s: float) -> tuple[MomentDescribed, ...]:
        """Provisional moments of the utterances that go on, for sources whose sound is of now.

        Only when there is new sound since the last call. A replay and a file published faster than it runs are not of
        now, nor is a source that this worker is late with: it drafts when there is time for it.
        """
        speeches: list[tuple[str, OpenSpeech]] = []
        with self._lock:
            for (_, name), source in self._sources.items():
                if not -CLOCKS_APART_S <= now_s - source.last.chunk.end_s <= LIVE_WITHIN_S:
                    continue
                speech = source.sound.open_speech()
                if speech is None:
                    continue
                new_s, all_s = speech.until_s - source.drafted_until_s, speech.until_s - speech.start_s
                if new_s > DRAFTED_AGAIN_SHARE * all_s:
                    source.drafted_until_s = speech.until_s
                    speeches.append((name, speech))
        return draft(speeches, self._models) if speeches else ()

    def _decode(self, sound: SoundChunk, result: CutSound) -> tuple[Pcm, int] | None:
        """The chunk's sound, and how much of it an earlier run settled. None: all of it, or it can't be decoded.

        Forgets the source's cut when the sound goes on from there.
        """
        chunk, key = sound.chunk, (sound.partition, sound.chunk.source)
        cut = self._cuts.get(key)
        # By offset and by time: a topic made anew starts its offsets again.
        if cut and sound.offset < cut.offset and chunk.end_s <= cut.until_s + 1.0:
            result.finished.append((sound.partition, sound.offset))
            return None
        try:
            pcm = decode_sound(chunk)
        except Exception as error:  # tried again, the same bytes would fail again for ever
            result.rejected.append((sound.partition, sound.offset, _why(error)))
            return None
        self._cuts.pop(key, None)
        if cut and sound.offset == cut.offset and chunk.start_s <= cut.until_s <= chunk.end_s + 1.0:
            return pcm, cut.sample
        return pcm, 0

    def _cut_one(self, sound: SoundChunk, decoded: tuple[Pcm, int], result: CutSound) -> None:
        chunk, key = sound.chunk, (sound.partition, sound.chunk.source)
        pcm, skip = decoded
        if skip >= len(pcm):
            result.finished.append((sound.partition, sound.offset))
        else:
            source = self._sources.get(key)
            if source is None:
                source = _Source(SourceSound(self._rules, self._voice_activity), sound, 0.0)
                self._sources[key] = source
            else:
                self._check_order(source, chunk)
            source.last, source.seen_s = sound, self._proven[sound.partition].proven_s
            self._take(sound, source.sound.push(sound.offset, chunk.start_s, pcm, skip), result)
        if chunk.is_last:
            self._end(key, result)

    def _check_order(self, source: _Source, chunk: ChunkPublished) -> None:
        # One chunk sent twice is nothing; again and again it is two publishers, whose sound no one can take apart.
        source.out_of_order.append(chunk.start_s < source.last.chunk.end_s - JOINED_S)
        if sum(source.out_of_order) >= OUT_OF_ORDER and not source.warned:
            source.warned = True
            log.warning(
                "source %s: its sound overlaps or runs backwards again and again, and words get lost. Two publishers "
                "must not use one source name at the same time: give each its own",
                chunk.source,
            )

    def _end(self, key: tuple[int, str], result: CutSound) -> None:
        if source := self._sources.get(key):
            self._take(source.last, source.sound.finish(), result)
            del self._sources[key]

    def _take(self, sound: SoundChunk, settled: list[Settled], result: CutSound) -> None:
        result.settled += [(sound, piece) for piece in settled]
        result.finished += [(sound.partition, number) for piece in settled for number in piece.finished]


def _why(error: Exception) -> str:
    if is_out_of_memory(error):
        return no_memory("decoding and cutting the chunk's sound")
    return str(error) if isinstance(error, BadEvent) else f"{type(error).__name__}: {error}"
