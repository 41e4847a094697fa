"""A query in, ranked moments out: what the HTTP API, the command line and standing queries all ask."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from domain.calibration import CalibrationOptions, calibrate
from domain.events import MODALITIES, Modality, MomentDescribed, Vector
from domain.ports import Hit, Labels, MomentFilter, MomentStore, PictureEncoder, SentenceEncoder, StoredMoment
from domain.ranking import Evidence, FusionOptions, RankedMoment, Why, fuse
from domain.words_in_common import match_words
from search.query_bank import QueryBank
from search.query_vectors import QueryVectors

LONGEST_QUERY = 2000  # characters
MOST_MOMENTS = 100


class BadQuery(ValueError):  # noqa: N818  (a query can be bad without being an error of ours)
    """The question can't be answered as it is put. The message says why, for the one who asked."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Raises BadQuery when it makes no sense."""

    text: str
    modalities: tuple[Modality, ...] = MODALITIES
    where: MomentFilter = field(default_factory=MomentFilter)
    limit: int = 10

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise BadQuery("the query is empty: say what to look for")
        if len(self.text) > LONGEST_QUERY:
            raise BadQuery(f"the query has {len(self.text)} characters; {LONGEST_QUERY} are the most")
        check_scope(self.modalities, self.where, self.limit)


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Best first; empty when nothing matches. `took_ms` by stage: encode, store, rank."""

    moments: tuple[RankedMoment, ...]
    took_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class NewMoment:
    """A moment that nobody asked for by its content: it has no score and no evidence."""

    moment_id: str
    source: str
    modality: Modality
    start_s: float
    end_s: float
    text: str
    thumbnail_key: str | None
    encoder: str
    stored_s: float
    labels: Labels = field(default_factory=Labels)
    language: str = ""
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class SearchOptions:
    least_score: float = 0.15  # below it a hit is no evidence; see CalibrationOptions for what it lets through
    fetched_per_moment: int = 4  # hits asked of each modality for one moment of the answer, because hits merge
    most_fetched: int = 200
    remembered_queries: int = 256
    calibration: CalibrationOptions = field(default_factory=CalibrationOptions)
    fusion: FusionOptions = field(default_factory=FusionOptions)


class SearchService:
    """Blocks for milliseconds, at the first query for as long as encoding the query bank takes. Thread-safe."""

    def __init__(
        self,
        store: MomentStore,
        sentences: SentenceEncoder,
        pictures: PictureEncoder,
        options: SearchOptions | None = None,
    ) -> None:
        self._store = store
        self._options = options or SearchOptions()
        remembered = self._options.remembered_queries
        self._queries: dict[Why, QueryVectors] = {
            "meaning": QueryVectors(sentences, remembered),
            "picture": QueryVectors(pictures, remembered),
        }
        self._banks: dict[Why, QueryBank] = {"meaning": QueryBank(sentences), "picture": QueryBank(pictures)}

    def search(self, request: SearchRequest) -> SearchAnswer:
        """The best moments for the request. Raises what the store and the encoders raise."""
        took_ms: dict[str, float] = {}
        fetched = min(self._options.fetched_per_moment * request.limit, self._options.most_fetched)
        modalities = tuple(dict.fromkeys(request.modalities))
        with _timed(took_ms, "encode"):
            vectors: dict[Why, Vector] = {}
            for modality in modalities:
                if (why := _dense_why(modality)) not in vectors:
                    vectors[why] = self._queries[why].of(request.text)
                    self._banks[why].vectors()
        dense: list[tuple[Why, list[Hit]]] = []
        worded: list[Hit] = []
        with _timed(took_ms, "store"):
            for modality in modalities:
                why = _dense_why(modality)
                found = self._store.search_vector(modality, vectors[why], request.where, fetched, with_vectors=True)
                dense.append((why, found))
                if modality != "scene":
                    worded += self._store.search_words(modality, request.text, request.where, fetched)
        with _timed(took_ms, "rank"):
            evidence = [each for why, hits in dense for each in self._by_vector(why, request.text, hits)]
            evidence += _by_words(request.text, worded)
            strong = [each for each in evidence if each.score >= self._options.least_score]
            moments = tuple(fuse(strong, self._options.fusion)[: request.limit])
        return SearchAnswer(moments, took_ms)

    def newest(self, where: MomentFilter, modalities: Sequence[Modality], limit: int) -> tuple[NewMoment, ...]:
        """The latest moments by start, latest first. Raises BadQuery."""
        check_scope(modalities, where, limit)
        found = [
            _new(stored)
            for modality in dict.fromkeys(modalities)
            for stored in self._store.newest(modality, where, limit)
        ]
        found.sort(key=lambda moment: (-moment.start_s, moment.moment_id))
        return tuple(found[:limit])

    def _by_vector(self, why: Why, query: str, hits: Sequence[Hit]) -> Iterator[Evidence]:
        if not hits:
            return
        rows = np.asarray([next(iter(hit.stored.moment.vectors.values())) for hit in hits], dtype=np.float32)
        cosines = np.asarray([hit.score for hit in hits], dtype=np.float64)
        scores = calibrate(cosines, rows @ self._banks[why].vectors().T, self._options.calibration)
        for hit, score in zip(hits, scores.tolist(), strict=True):
            yield _evidence(hit, why, score, match_words(query, hit.stored.moment.text).words)


def check_scope(modalities: Sequence[Modality], where: MomentFilter, limit: int) -> None:
    """Raises BadQuery when no moment could be in such a scope."""
    if not modalities:
        raise BadQuery(f"no modality is chosen: take at least one of {', '.join(MODALITIES)}")
    if unknown := sorted(set(modalities) - set(MODALITIES)):
        raise BadQuery(f"{', '.join(unknown)} is not a modality; there are {', '.join(MODALITIES)}")
    if not 1 <= limit <= MOST_MOMENTS:
        raise BadQuery(f"limit is {limit}; it goes from 1 to {MOST_MOMENTS}")
    for name, bound_s in (("since_s", where.since_s), ("until_s", where.until_s)):
        if bound_s is not None and not math.isfinite(bound_s):
            raise BadQuery(f"{name} is {bound_s}; it is a time in Unix seconds")
    if where.since_s is not None and where.until_s is not None and where.since_s > where.until_s:
        raise BadQuery(f"since_s ({where.since_s}) is after until_s ({where.until_s})")
    for name, bounds in (("valence", where.valence), ("arousal", where.arousal)):
        if bounds is not None and not -1 <= bounds[0] <= bounds[1] <= 1:
            raise BadQuery(f"{name} goes from {bounds[0]} to {bounds[1]}; the lower comes first, both -1 to 1")


def _dense_why(modality: Modality) -> Why:
    return "picture" if modality == "scene" else "meaning"


def _by_words(query: str, hits: Sequence[Hit]) -> Iterator[Evidence]:
    for hit in hits:
        match = match_words(query, hit.stored.moment.text)
        yield _evidence(hit, "words", match.score, match.words)


def _evidence(hit: Hit, why: Why, score: float, matched_words: tuple[str, ...]) -> Evidence:
    moment = hit.stored.moment
    return Evidence(
        moment_id=hit.stored.id,
        modality=moment.modality,
        why=why,
        score=score,
        raw_score=hit.score,
        start_s=moment.start_s,
        end_s=moment.end_s,
        text=moment.text,
        matched_words=matched_words,
        encoder=moment.encoder,
        thumbnail_key=moment.thumbnail_key,
        source=moment.source,
        labels=hit.stored.labels,
        language=_language(moment),
        is_final=moment.is_final,
    )


def _new(stored: StoredMoment) -> NewMoment:
    moment = stored.moment
    return NewMoment(
        stored.id, moment.source, moment.modality, moment.start_s, moment.end_s, moment.text, moment.thumbnail_key,
        moment.encoder, stored.stored_s, stored.labels, _language(moment), moment.is_final,
    )  # fmt: skip


def _language(moment: MomentDescribed) -> str:
    return str(moment.attributes.get("language", ""))


@contextmanager
def _timed(took_ms: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took_ms[stage] = (time.perf_counter() - began) * 1000
