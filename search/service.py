"""A query in, ranked moments out: what the HTTP API, the command line and standing queries all ask."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TypeAlias

import numpy as np

from domain.diversity import Alike, diversify
from domain.events import MODALITIES, Modality, Vector
from domain.joining import join
from domain.ports import Labels, MomentFilter, MomentStore, PictureEncoder, SentenceEncoder, StoredMoment
from domain.ranking import Evidence, FusionOptions, RankedMoment, fuse
from domain.words_in_common import holds_phrase
from search.evidence import EvidenceFinder, EvidenceOptions
from search.request import (
    BadQuery,
    Example,
    Likeness,
    SearchRequest,
    Wanted,
    check_filter,
    check_limit,
    check_modalities,
)
from search.reranking import Reranking, RerankReport
from search.stopwatch import Stopwatch

__all__ = ["NewMoment", "SearchAnswer", "SearchOptions", "SearchService"]


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Best first; empty when nothing matches. `took_ms` by stage: encode, store, rank, rerank; or "remembered"."""

    moments: tuple[RankedMoment, ...]
    took_ms: Mapping[str, float]
    reranked: tuple[RerankReport, ...] = ()  # what a closer look did; empty where nothing was ranked


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


_Page: TypeAlias = tuple[tuple[RankedMoment, ...], tuple[RerankReport, ...]]

# A list of what passes a filter is read moment by moment: only what lies inside another is shown with it.
_AS_STORED = FusionOptions(gap_s=0.0, longest_s=0.0)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    fetched_per_moment: int = 4  # hits asked of each modality for one moment of the answer, because hits merge
    least_fetched: int = 40
    fetched_to_join: int = 200  # where two things must happen at once, many of each do not
    remembered_answers: int = 256
    evidence: EvidenceOptions = field(default_factory=EvidenceOptions)
    fusion: FusionOptions = field(default_factory=FusionOptions)


class SearchService:
    """Blocks for milliseconds, at the first query for as long as encoding the query bank takes. Thread-safe.

    An answer is remembered for as long as nothing is written to the store.
    """

    def __init__(
        self,
        store: MomentStore,
        sentences: SentenceEncoder,
        pictures: PictureEncoder,
        options: SearchOptions | None = None,
        reranking: Reranking | None = None,
    ) -> None:
        self._store = store
        self._options = options or SearchOptions()
        self._finder = EvidenceFinder(store, sentences, pictures, self._options.evidence)
        self._reranking = reranking or Reranking()
        self._remembered: OrderedDict[SearchRequest, _Page] = OrderedDict()
        self._of_generation: int | None = None
        self._turn = Lock()

    def search(self, request: SearchRequest) -> SearchAnswer:
        """The best moments for the request. Raises what the store and the encoders raise."""
        watch = Stopwatch()
        generation = self._store.generation()
        with watch.stage("remembered"):
            remembered = self._recall(request, generation)
        if remembered is not None:
            return SearchAnswer(remembered[0], watch.took_ms, remembered[1])
        del watch.took_ms["remembered"]
        halves = self._halves(request, watch)
        with watch.stage("rank"):
            if request.meanwhile:
                moments = join(halves, self._options.fusion)
            else:
                moments = fuse(halves[0], self._options.fusion if request.is_ranked else _AS_STORED)
            phrases = [phrase for each in (request, *request.meanwhile) for phrase in each.phrases]
            moments = [moment for moment in moments if _holds(moment, phrases)][: request.offset + 4 * request.limit]
        reports: tuple[RerankReport, ...] = ()
        if request.text.strip():
            with watch.stage("rerank"):
                picture = self._finder.picture_query(request)
                again, reports = self._reranking.apply(request.text, picture, moments)
                moments = list(again)
        with watch.stage("store"):
            vectors = self._vectors(moments)
        with watch.stage("rank"):
            page = diversify(moments, _alike(vectors), request.offset + request.limit)[request.offset :]
        with watch.stage("store"):
            page = [self._pictured(moment) for moment in page]
        if all(report.state in ("absent", "done") for report in reports):  # else the next one may have more time
            self._remember(request, generation, (tuple(page), reports))
        return SearchAnswer(tuple(page), watch.took_ms, reports)

    def newest(self, where: MomentFilter, modalities: Sequence[Modality], limit: int) -> tuple[NewMoment, ...]:
        """The latest moments by start, latest first. Raises BadQuery."""
        check_modalities(modalities)
        check_filter(where)
        check_limit(limit)
        found = [
            _new(stored)
            for modality in dict.fromkeys(modalities)
            for stored in self._store.newest(modality, where, limit)
        ]
        found.sort(key=lambda moment: (-moment.start_s, moment.moment_id))
        return tuple(found[:limit])

    def examples(self, moment_ids: Iterable[str]) -> tuple[Example, ...]:
        """The moments, to be like or unlike: a scene by its picture, speech and texts by their meaning. Raises
        BadQuery for one that is not there."""
        missing = dict.fromkeys(moment_ids)
        found: list[Example] = []
        for modality in MODALITIES:
            by: Likeness = "picture" if modality == "scene" else "meaning"
            found += [
                Example(by, next(iter(stored.moment.vectors.values())), stored.id)
                for stored in self._store.get(modality, missing, with_vectors=True)
            ]
        for example in found:
            missing.pop(str(example.moment_id), None)
        if missing:
            raise BadQuery(
                f"there is no moment {next(iter(missing))}: it may have been deleted, or replaced by another"
            )
        return tuple(found)

    def _halves(self, request: SearchRequest, watch: Stopwatch) -> list[list[Evidence]]:
        """Evidence for each thing wanted. The second is looked for only where and when the first was found."""
        wanted: list[Wanted] = [request, *request.meanwhile]
        if len(wanted) == 1:
            many = self._options.fetched_per_moment * (request.offset + request.limit)
            return [self._finder.find(request, max(many, self._options.least_fetched), watch)]
        # What is ranked finds fewer moments than what is only filtered, so it goes first.
        order = sorted(range(len(wanted)), key=lambda i: not wanted[i].is_ranked)
        halves: list[list[Evidence]] = [[] for _ in wanted]
        scope: list[Evidence] | None = None
        for i in order:
            each = wanted[i] if scope is None else _within(wanted[i], scope)
            if each is None:
                return [[] for _ in wanted]
            many = self._options.fetched_to_join if each.is_ranked else self._options.evidence.most_fetched
            scope = halves[i] = self._finder.find(each, many, watch)
        return halves

    def _vectors(self, moments: Iterable[RankedMoment]) -> dict[str, Vector]:
        """By moment id, of the best evidence of each moment."""
        ids: dict[Modality, list[str]] = {}
        for moment in moments:
            ids.setdefault(moment.evidence[0].modality, []).append(moment.evidence[0].moment_id)
        return {
            stored.id: next(iter(stored.moment.vectors.values()))
            for modality, some in ids.items()
            for stored in self._store.get(modality, dict.fromkeys(some), with_vectors=True)
        }

    def _pictured(self, moment: RankedMoment) -> RankedMoment:
        """With a picture of what was seen meanwhile, where the evidence has none."""
        if moment.thumbnail_key is not None:
            return moment
        where = MomentFilter((moment.source,), moment.start_s, moment.end_s)
        seen = (stored.moment.thumbnail_key for stored in self._store.newest("scene", where, 3))
        return replace(moment, thumbnail_key=next((key for key in seen if key is not None), None))

    def _recall(self, request: SearchRequest, generation: int | None) -> _Page | None:
        with self._turn:
            if generation is None or generation != self._of_generation:
                return None
            found = self._remembered.get(request)
            if found is not None:
                self._remembered.move_to_end(request)
            return found

    def _remember(self, request: SearchRequest, generation: int | None, page: _Page) -> None:
        if generation is None:
            return
        with self._turn:
            if self._of_generation != generation:
                self._remembered.clear()
                self._of_generation = generation
            self._remembered[request] = page
            while len(self._remembered) > self._options.remembered_answers:
                self._remembered.popitem(last=False)


def _within(wanted: Wanted, scope: Sequence[Evidence]) -> Wanted | None:
    """The same, of the sources and times of `scope` alone; None when nothing can be."""
    sources = dict.fromkeys(each.source for each in scope)
    if wanted.where.sources:
        sources = dict.fromkeys(source for source in sources if source in wanted.where.sources)
    if not sources:
        return None
    since_s, until_s = min(each.start_s for each in scope), max(each.end_s for each in scope)
    if wanted.where.since_s is not None:
        since_s = max(since_s, wanted.where.since_s)
    if wanted.where.until_s is not None:
        until_s = min(until_s, wanted.where.until_s)
    if since_s > until_s:
        return None
    where = replace(wanted.where, sources=tuple(sources), since_s=since_s, until_s=until_s)
    return Wanted(wanted.text, wanted.modalities, where, wanted.phrases, wanted.excluded, wanted.like, wanted.unlike)


def _holds(moment: RankedMoment, phrases: Sequence[str]) -> bool:
    return all(any(holds_phrase(phrase, each.text) for each in moment.evidence) for phrase in phrases)


def _alike(vectors: Mapping[str, Vector]) -> Alike:
    rows = {id: np.asarray(vector, dtype=np.float32) for id, vector in vectors.items()}

    def cosine(one: RankedMoment, other: RankedMoment) -> float:
        first, second = one.evidence[0], other.evidence[0]
        if first.modality != second.modality or not {first.moment_id, second.moment_id} <= rows.keys():
            return 0.0
        return float(rows[first.moment_id] @ rows[second.moment_id])

    return cosine


def _new(stored: StoredMoment) -> NewMoment:
    moment = stored.moment
    return NewMoment(
        stored.id, moment.source, moment.modality, moment.start_s, moment.end_s, moment.text, moment.thumbnail_key,
        moment.encoder, stored.stored_s, stored.labels, str(moment.attributes.get("language", "")), moment.is_final,
    )  # fmt: skip
