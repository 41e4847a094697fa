"""From utterances to moments: what was said, by what voice, in what mood. One call per model for a batch; no state.

One moment per voice. All of it depends on the utterance's sound alone, so a replay gives the same moments and ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from domain.events import (
    ChunkPublished,
    CoverageAdvanced,
    MomentDescribed,
    MomentWithdrawn,
    MoodCue,
    SpeechCut,
    Vector,
    Word,
)
from domain.moments import moment_id
from domain.ports import SentenceEncoder, SpeechEncoder, Transcript, VoiceEncoder, VoiceMoods, WordMoods
from streams.heard_voices import HeardVoice, hear_voices
from streams.speech_segments import OpenSpeech, Settled


@dataclass(frozen=True, slots=True)
class SoundChunk:
    """A chunk with its media, and its place in its topic."""

    chunk: ChunkPublished
    partition: int
    offset: int
    published_s: float  # Unix seconds

    @property
    def place(self) -> tuple[int, int]:
        return self.partition, self.offset


@dataclass(slots=True)
class CutSound:
    """What a batch of chunks settled. Records are (partition, offset)."""

    settled: list[tuple[SoundChunk, Settled]] = field(default_factory=list)  # with the chunk that settled it
    finished: list[tuple[int, int]] = field(default_factory=list)
    rejected: list[tuple[int, int, str]] = field(default_factory=list)
    decode_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Described:
    facts: tuple[MomentDescribed | MomentWithdrawn | CoverageAdvanced, ...]  # in order, for the topic of moments
    cuts: tuple[SpeechCut, ...]
    describe_s: float  # what the work took
    voice_mood_s: float  # of that, voices and moods


@dataclass(frozen=True, slots=True)
class SpeechModels:
    speech: SpeechEncoder
    sentences: SentenceEncoder
    voices: VoiceEncoder
    word_moods: WordMoods
    voice_moods: VoiceMoods


def describe(cut: CutSound, models: SpeechModels) -> Described:
    """The moments of the settled utterances, and how far each source is done.

    An utterance without words withdraws what may have been sent of it while it went on. Always, not only when something
    was: who takes over after a crash can't know, and withdrawing what is not there is harmless.
    """
    started = perf_counter()
    pieces = [piece for _, piece in cut.settled if len(piece.pcm)]
    transcripts = models.speech.transcribe([piece.pcm for piece in pieces])
    transcribed = perf_counter()
    heard = hear_voices([each for each in zip(pieces, transcripts, strict=True) if each[1].text], models.voices)
    cues = _cues(heard, models)
    voice_mood_s = perf_counter() - transcribed
    vectors = models.sentences.encode_texts([each.part.text for each in heard])
    describe_s = perf_counter() - started
    by_piece: defaultdict[int, list[tuple[HeardVoice, Vector, tuple[MoodCue, ...]]]] = defaultdict(list)
    for each, vector, its_cues in zip(heard, vectors, cues, strict=True):
        by_piece[id(each.piece)].append((each, tuple(vector.tolist()), its_cues))
    facts: list[MomentDescribed | MomentWithdrawn | CoverageAdvanced] = []
    cuts: dict[tuple[int, str], SpeechCut] = {}
    share = 1 / max(1, len(cut.settled))
    for sound, piece in cut.settled:
        source = sound.chunk.source
        moments = [_moment(source, *parts, models) for parts in by_piece[id(piece)]]
        facts += moments
        if len(piece.pcm) and not moments:
            facts.append(MomentWithdrawn(source, "speech", piece.start_s, models.sentences.info.name))
        facts.append(
            CoverageAdvanced(
                source, "speech", piece.since_s, piece.until_s, sound.published_s,
                cut.decode_s * share, describe_s * share, len(pieces), tuple(map(moment_id, moments)), sound.partition,
            )
        )  # fmt: skip
        cuts[sound.partition, source] = SpeechCut(source, sound.partition, piece.number, piece.sample, piece.until_s)
    return Described(tuple(facts), tuple(cuts.values()), describe_s, voice_mood_s)


def draft(speeches: Sequence[tuple[str, OpenSpeech]], models: SpeechModels) -> tuple[MomentDescribed, ...]:
    """What is heard so far of utterances that go on, by source: text that may still change, and nothing else.

    A moment has the start, and so the id, that the final one will have. It says nothing of coverage, and nothing is
    lost when it is: what is acknowledged hangs on final moments only, and after a crash the same sound gives the same
    starts.
    """
    transcripts = models.speech.draft([speech.pcm for _, speech in speeches])
    said = [(*each, transcript) for each, transcript in zip(speeches, transcripts, strict=True) if transcript.text]
    vectors = models.sentences.encode_texts([transcript.text for _, _, transcript in said])
    return tuple(
        MomentDescribed(
            source=source,
            modality="speech",
            start_s=speech.start_s,
            end_s=speech.until_s,
            encoder=models.sentences.info.name,
            vectors={"text": tuple(vector.tolist())},
            text=transcript.text,
            attributes=_attributes(transcript, models),
            is_final=False,
        )
        for (source, speech, transcript), vector in zip(said, vectors, strict=True)
    )


def _cues(heard: Sequence[HeardVoice], models: SpeechModels) -> list[tuple[MoodCue, ...]]:
    read = models.word_moods.read([each.part.text for each in heard], [each.transcript.language for each in heard])
    listened = models.voice_moods.listen([each.pcm for each in heard])
    return [words + voice for words, voice in zip(read, listened, strict=True)]


def _moment(
    source: str, heard: HeardVoice, text_vector: Vector, cues: tuple[MoodCue, ...], models: SpeechModels
) -> MomentDescribed:
    began_s = heard.piece.start_s
    return MomentDescribed(
        source=source,
        modality="speech",
        start_s=heard.start_s,
        end_s=heard.end_s,
        encoder=models.sentences.info.name,
        vectors={"text": text_vector} | ({} if heard.voice is None else {"voice": heard.voice}),
        text=heard.part.text,
        words=tuple(Word(w.text, began_s + w.start_s, began_s + w.end_s) for w in heard.part.words),
        attributes=_attributes(heard.transcript, models),
        cues=cues,
    )


def _attributes(transcript: Transcript, models: SpeechModels) -> dict[str, str | float]:
    return {
        "speech_encoder": models.speech.info.name,
        "language": transcript.language,
        "confidence": round(transcript.confidence, 3),
    }
