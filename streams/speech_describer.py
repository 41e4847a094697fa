"""From utterances to moments: what was said in them. All of a batch in one call per model; nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from domain.events import ChunkPublished, CoverageAdvanced, MomentDescribed, MomentWithdrawn, SpeechCut, Word
from domain.ports import SentenceEncoder, SpeechEncoder, Transcript
from streams.speech_segments import OpenSpeech, Settled


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
    facts: tuple[MomentDescribed | MomentWithdrawn | CoverageAdvanced, ...]  # in order, for the topic of moments
    cuts: tuple[SpeechCut, ...]
    describe_s: float = 0.0  # what the work took


@dataclass(frozen=True, slots=True)
class SpeechModels:
    speech: SpeechEncoder
    sentences: SentenceEncoder


def describe(cut: CutSound, models: SpeechModels) -> Described:
    """The moments of the settled utterances, and how far each source is done.

    An utterance without words withdraws what may have been sent of it while it went on. Always, not only when something
    was: who takes over after a crash can't know, and withdrawing what is not there is harmless.
    """
    started = perf_counter()
    heard = [(sound, piece) for sound, piece in cut.settled if len(piece.pcm)]
    transcripts = models.speech.transcribe([piece.pcm for _, piece in heard])
    vectors = models.sentences.encode_texts([transcript.text for transcript in transcripts])
    describe_s = perf_counter() - started
    by_piece = {id(piece): i for i, (_, piece) in enumerate(heard)}
    facts: list[MomentDescribed | MomentWithdrawn | CoverageAdvanced] = []
    cuts: dict[tuple[int, str], SpeechCut] = {}
    share = 1 / max(1, len(cut.settled))
    for sound, piece in cut.settled:
        source = sound.chunk.source
        if (i := by_piece.get(id(piece))) is not None:
            transcript = transcripts[i]
            if transcript.text:
                facts.append(
                    MomentDescribed(
                        source=source,
                        modality="speech",
                        start_s=piece.start_s,
                        end_s=piece.until_s,
                        encoder=models.sentences.info.name,
                        vectors={"text": tuple(vectors[i].tolist())},
                        text=transcript.text,
                        words=tuple(
                            Word(w.text, piece.start_s + w.start_s, piece.start_s + w.end_s) for w in transcript.words
                        ),
                        attributes=_attributes(transcript, models),
                    )
                )
            else:
                facts.append(MomentWithdrawn(source, "speech", piece.start_s, models.sentences.info.name))
        facts.append(
            CoverageAdvanced(
                source, "speech", piece.start_s, piece.until_s, sound.published_s,
                cut.decode_s * share, describe_s * share, len(heard),
            )
        )  # fmt: skip
        cuts[sound.partition, source] = SpeechCut(source, sound.partition, piece.number, piece.sample, piece.until_s)
    return Described(tuple(facts), tuple(cuts.values()), describe_s)


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


def _attributes(transcript: Transcript, models: SpeechModels) -> dict[str, str | float]:
    return {
        "speech_encoder": models.speech.info.name,
        "language": transcript.language,
        "confidence": round(transcript.confidence, 3),
    }
