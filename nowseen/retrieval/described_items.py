"""Items as the product describes them: scenes by their pictures, speech cut, transcribed and heard as a worker does.

Every item is a source of its own, so that no two of them are taken for one moment. Their times are dealt at random,
once and for all: where equal scores are put in order by time, that order favours nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from domain.events import ChunkPublished, MomentDescribed
from domain.ports import PCM_RATE_HZ, Pcm, VoiceActivity
from domain.utterances import UtteranceRules
from nowseen.retrieval.dataset import Item, ItemKind, Media, RetrievalDataset
from nowseen.retrieval.media_vectors import picture_vectors, read_sounds, voice_vectors
from nowseen.retrieval.models import RetrievalModels
from streams.speech_describer import CutSound, SoundChunk, SpeechModels, describe
from streams.speech_segments import Settled, SourceSound

IMAGE, TEXT, VOICE = "image", "text", "voice"  # the vectors' names in the topology
_AT_ONCE = 16  # items in memory
_APART_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Placed:
    item: Item
    source: str
    start_s: float

    @property
    def named(self) -> tuple[str, Media]:
        assert self.item.media is not None  # noqa: S101  (the data set was checked)
        return f"item {self.item.id!r}", self.item.media


def describe_items(
    dataset: RetrievalDataset,
    models: RetrievalModels,
    voice_activity: Callable[[], VoiceActivity],
    tell: Callable[[str], None],
) -> Iterator[list[tuple[Item, MomentDescribed]]]:
    """Batch by batch, with progress told; of speech in which nothing is heard there is no moment.

    Raises ConfigError for media that can't be read.
    """
    starts_s = np.random.default_rng(0).permutation(len(dataset.items)) * _APART_S
    placed = [_Placed(item, f"item-{n}", float(starts_s[n])) for n, item in enumerate(dataset.items)]

    def batches(kind: ItemKind, given: bool) -> Iterator[list[_Placed]]:
        chosen = [each for each in placed if each.item.kind == kind and bool(each.item.text) == given]
        for first in range(0, len(chosen), _AT_ONCE):
            tell(f"{'speech with its words' if given else kind} {first + 1} of {len(chosen)}")
            yield chosen[first : first + _AT_ONCE]

    for batch in batches("scene", False):
        yield _scenes(batch, models)
    for batch in batches("speech", True):
        yield _worded(batch, models)
    for batch in batches("speech", False):
        assert models.hearing is not None  # noqa: S101  (loaded where recordings are to be heard)
        yield _heard(batch, models.hearing, voice_activity)


def _scenes(batch: Sequence[_Placed], models: RetrievalModels) -> list[tuple[Item, MomentDescribed]]:
    vectors = picture_vectors([each.named for each in batch], models.pictures)
    encoder = models.pictures.info.name
    return [
        (each.item, MomentDescribed(each.source, "scene", each.start_s, each.start_s + 1.0, encoder, {IMAGE: vector}))
        for each, vector in zip(batch, vectors, strict=True)
    ]


def _worded(batch: Sequence[_Placed], models: RetrievalModels) -> list[tuple[Item, MomentDescribed]]:
    rows = models.sentences.encode_texts([each.item.text for each in batch])
    spoken = [each for each in batch if each.item.media is not None]
    voices = voice_vectors([each.named for each in spoken], models.voices)
    voice_of = dict(zip([each.item.id for each in spoken], voices, strict=True))
    return [
        (
            each.item,
            MomentDescribed(
                source=each.source,
                modality="speech",
                start_s=each.start_s,
                end_s=each.start_s + 1.0,
                encoder=models.sentences.info.name,
                vectors={TEXT: tuple(row.tolist())}
                | ({VOICE: voice_of[each.item.id]} if each.item.id in voice_of else {}),
                text=each.item.text,
            ),
        )
        for each, row in zip(batch, rows, strict=True)
    ]


def _heard(
    batch: Sequence[_Placed], models: SpeechModels, voice_activity: Callable[[], VoiceActivity]
) -> list[tuple[Item, MomentDescribed]]:
    sounds = read_sounds([each.named for each in batch])
    cut = CutSound()
    for each, sound in zip(batch, sounds, strict=True):
        cut.settled += _cut(each, sound, voice_activity)
    items = {each.source: each.item for each in batch}
    return [(items[fact.source], fact) for fact in describe(cut, models).facts if isinstance(fact, MomentDescribed)]


def _cut(each: _Placed, sound: Pcm, voice_activity: Callable[[], VoiceActivity]) -> list[tuple[SoundChunk, Settled]]:
    chunk = ChunkPublished(each.source, "audio", each.start_s, len(sound) / PCM_RATE_HZ, "audio/wav", is_last=True)
    source = SourceSound(UtteranceRules(), voice_activity)
    settled = [*source.push(0, each.start_s, sound), *source.finish()]
    return [(SoundChunk(chunk, 0, 0, chunk.end_s), piece) for piece in settled]
