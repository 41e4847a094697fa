"""The ports: what the rest of the house needs from an engine, and nothing an engine happens to offer.

Every implementation of a port, fakes included, passes the same contract suite (tests/*/contract_*.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from domain.cited_answer import ChatMessage
from domain.deliveries import Kept
from domain.events import Kind, Modality, MomentDescribed, MoodCue, Vector, Word
from domain.mood import Mood, MoodLabel
from domain.speakers import Speaker

Matrix: TypeAlias = npt.NDArray[np.float32]  # (n, d), rows of unit length
Image: TypeAlias = npt.NDArray[np.uint8]  # (height, width, 3), RGB
Relevance: TypeAlias = npt.NDArray[np.float64]  # (n,)
Pcm: TypeAlias = npt.NDArray[np.float32]  # (samples,), mono, PCM_RATE_HZ, in [-1, 1]

PCM_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What a user must know of a model in use: `nowseen models` prints it, the API and the dashboard show it."""

    role: (
        str  # "pictures", "sentences", "speech", "voices", "word moods", "voice moods", "voice activity" or "reranker"
    )
    name: str  # what it is chosen by, and what the moments' ids hold
    origin: str  # where the weights came from: a path, a package and version, or a hub address
    licence: str
    vector_size: int  # 0 for a model that makes no vectors
    device: str
    stand_in_for: str | None = None  # set when the wanted model could not be had
    warning: str | None = None  # what the stand-in can't do, for people


class SentenceEncoder(Protocol):
    @property
    def info(self) -> EncoderInfo: ...

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """(len(texts), d). An empty list gives (0, d)."""
        ...


class PictureEncoder(SentenceEncoder, Protocol):
    """Pictures and sentences in one space."""

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        """(len(images), d). Images may differ in size. An empty list gives (0, d)."""
        ...


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one utterance. Times count from its first sample. No text means nothing was said."""

    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    confidence: float = 0.0  # mean probability of the tokens, 0 to 1


class SpeechEncoder(Protocol):
    @property
    def info(self) -> EncoderInfo: ...

    def transcribe(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        """One transcript per utterance, in order. Utterances are at most 30 s."""
        ...

    def draft(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        """The same, sooner and with more mistakes, without the words' times: for speech that still goes on."""
        ...


class VoiceEncoder(Protocol):
    """Who speaks, as a vector: near for one voice, far for two, whatever is said."""

    @property
    def info(self) -> EncoderInfo: ...

    @property
    def window_samples(self) -> int:
        """How much sound one vector is made of."""
        ...

    def encode_voices(self, windows: Sequence[Pcm]) -> Matrix:
        """(len(windows), d), one vector a window of `window_samples`; a shorter one is filled up with its own
        repetition. An empty list gives (0, d)."""
        ...


class WordMoods(Protocol):
    @property
    def info(self) -> EncoderInfo: ...

    def read(self, texts: Sequence[str], languages: Sequence[str]) -> list[tuple[MoodCue, ...]]:
        """For each text its cues, of kind "words"; none where no word speaks of a mood.

        `languages` are the texts' own, such as "en" (Transcript.language); in one that it can't read, or that is "",
        it finds none.
        """
        ...


class VoiceMoods(Protocol):
    @property
    def info(self) -> EncoderInfo: ...

    def listen(self, utterances: Sequence[Pcm]) -> list[tuple[MoodCue, ...]]:
        """For each utterance its cues, of kind "voice"; none where too little is voiced."""
        ...


class VoiceActivity(Protocol):
    """Speech probabilities of consecutive windows of one stream. Keeps state between calls; `reset` forgets it."""

    @property
    def window_samples(self) -> int: ...

    def push(self, window: Pcm) -> float:
        """Probability, 0 to 1, that this window of `window_samples` holds speech."""
        ...

    def push_many(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        """The same as `push` for each window of `pcm`, in order, and much faster: (windows,).

        Raises ValueError when `pcm` is not a whole number of windows.
        """
        ...

    def reset(self) -> None: ...


class PictureMoods(Protocol):
    def look(self, vectors: Matrix) -> list[tuple[MoodCue, ...]]:
        """For each picture's vector its cues, of kind "picture"; none where nothing in it speaks of a mood."""
        ...


class WordReranker(Protocol):
    """Reads a query and a text together: slower than comparing vectors, and finer."""

    @property
    def info(self) -> EncoderInfo: ...

    def rerank(self, query: str, texts: Sequence[str]) -> Relevance:
        """(len(texts),) how well each text answers the query, higher is better; an empty list gives (0,).

        Any finite number, comparable within one call: not with another query's, nor with another model's.
        """
        ...


class ChatUnavailable(Exception):  # noqa: N818  (a state of somebody else's server, not a mistake)
    """A language model gave no reply. The message says why, for people, as what "it" did; it holds no secrets."""


class ChatModel(Protocol):
    """A language model that is told something and replies. It has no tools and remembers nothing."""

    @property
    def name(self) -> str: ...

    async def complete(self, messages: Sequence[ChatMessage]) -> str:
        """Its reply, as it comes: not to be trusted. Raises ChatUnavailable, after a bounded time."""
        ...


@dataclass(frozen=True, slots=True)
class MomentFilter:
    """Which moments to look at. A moment is inside a time range when it overlaps it."""

    sources: tuple[str, ...] = ()  # empty: all
    since_s: float | None = None
    until_s: float | None = None
    speakers: tuple[str, ...] = ()  # ids; any of them is heard
    moods: tuple[MoodLabel, ...] = ()  # any of them is heard; of one of the speakers, where there are any
    languages: tuple[str, ...] = ()
    valence: tuple[float, float] | None = None  # lowest and highest, both included
    arousal: tuple[float, float] | None = None
    only_final: bool = False
    only_provisional: bool = False
    excluded: tuple[MomentFilter, ...] = ()  # a moment inside one of these is left out


@dataclass(frozen=True, slots=True)
class Labels:
    """What the search node knows of a moment beyond what was described: who is heard in it, and in what mood.

    An utterance has at most one of each; a scene has those of the speech heard during it.
    """

    speakers: tuple[str, ...] = ()  # ids
    moods: tuple[Mood, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredMoment:
    """A moment as the store gives it back. `moment.vectors` is empty unless vectors were asked for."""

    id: str
    moment: MomentDescribed
    stored_s: float  # wall clock when it became searchable (Unix seconds)
    labels: Labels = Labels()


@dataclass(frozen=True, slots=True)
class Hit:
    stored: StoredMoment  # without the times of its words, which `MomentStore.get` gives
    score: float  # the engine's own: cosine, or BM25; not comparable between modalities


class MomentStore(Protocol):
    """Moments, by vector, by words and by time. Methods block: call them off the event loop. Thread-safe."""

    def flush(self) -> None:
        """Everything written is on the disk when it returns. Until then a crash of this process loses nothing of it,
        and a power cut may."""
        ...

    def check(self, moments: Sequence[MomentDescribed]) -> None:
        """Raises BadEvent for a moment that can't be kept, as `upsert` does."""
        ...

    def upsert(
        self, moments: Sequence[MomentDescribed], stored_s: float, labels: Mapping[str, Labels] | None = None
    ) -> None:
        """Searchable when it returns. The same moment twice is one moment. `labels` by moment id."""
        ...

    def relabel(self, modality: Modality, labels: Mapping[str, Labels]) -> None:
        """Replaces the labels of these moments, by id. An id that is not there is passed over."""
        ...

    def delete(self, modality: Modality, ids: Iterable[str]) -> None: ...

    def delete_voices(self, ids: Iterable[str]) -> None:
        """Removes the voice vectors and the labels of these utterances, for good."""
        ...

    def generation(self) -> int | None:
        """Higher after every change, so that what was found at one generation can be kept while it lasts. None when
        others write to the store too."""
        ...

    def get(self, modality: Modality, ids: Iterable[str], *, with_vectors: bool = False) -> list[StoredMoment]:
        """Those that are there, in no order."""
        ...

    def search_vector(
        self,
        modality: Modality,
        vector: Vector,
        where: MomentFilter,
        limit: int,
        *,
        with_vectors: bool = False,
        using: str | None = None,
    ) -> list[Hit]:
        """Nearest by cosine, best first. `using` names another vector than the one the modality is searched by; a
        moment that lacks it is not found. They come with these two at most, and not with all their vectors."""
        ...

    def search_words(
        self, modality: Modality, words: str, where: MomentFilter, limit: int, *, with_vectors: bool = False
    ) -> list[Hit]:
        """By BM25, best first; only moments that hold at least one of the words. None for scenes. They come with the
        vector the modality is searched by at most."""
        ...

    def newest(
        self, modality: Modality, where: MomentFilter, limit: int, *, with_vectors: bool = False
    ) -> list[StoredMoment]:
        """By start, latest first."""
        ...

    def sources(self, modality: Modality) -> dict[str, int]:
        """Number of moments by source."""
        ...

    def count(self, modality: Modality) -> int: ...

    def close(self) -> None: ...


class SpeakerStore(Protocol):
    """The speakers the search node has told apart. Methods block. Thread-safe."""

    def load(self) -> list[Speaker]: ...

    def flush(self) -> None:
        """As a MomentStore's."""
        ...

    def last_number(self) -> int:
        """The highest that anybody had, those deleted included; 0 when nobody was heard yet."""
        ...

    def save(self, speakers: Sequence[Speaker]) -> None:
        """One of the same id is replaced."""
        ...

    def delete(self, ids: Iterable[str]) -> None:
        """For good: their vectors too."""
        ...


@dataclass(frozen=True, slots=True)
class ArchivedChunk:
    key: str
    source: str
    kind: Kind
    start_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s


class MediaArchive(Protocol):
    """Chunks and thumbnails, kept for playback and for chunks too large for a record. Methods block."""

    def put_chunk(
        self, source: str, kind: Kind, start_s: float, duration_s: float, content_type: str, media: bytes
    ) -> str:
        """Keeps the chunk and returns its key, a function of the arguments. Again is harmless.

        Raises OSError when the archive can't take it (disk full): try again later.
        """
        ...

    def put_thumbnail(self, source: str, start_s: float, jpeg: bytes) -> str:
        """As put_chunk. The key ends in .jpg."""
        ...

    def size(self, key: str) -> int:
        """Bytes behind the key. Raises BadEvent when there is nothing."""
        ...

    def get(self, key: str) -> bytes:
        """Raises BadEvent when there is nothing at `key` or the key is not one of the archive's."""
        ...

    def overlapping(self, source: str, kind: Kind, start_s: float, end_s: float) -> list[ArchivedChunk]:
        """The source's chunks that share time with [start_s, end_s), by start."""
        ...


class DeliveryJournal(Protocol):
    """What has to be kept of deliveries, so that a process which is killed loses none. Methods block. Thread-safe."""

    def append(self, states: Sequence[Kept]) -> None:
        """In order, after all that was appended before, and kept for good when it returns. Again is harmless."""
        ...

    def replay(self) -> list[Kept]:
        """What was appended, in order: of each key at least the last, which may be left out when it is Forgotten."""
        ...
