"""A query in, ranked moments out: what the HTTP API, the command line and standing queries all ask."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TypeAlias

from domain.diversity import diversify
from domain.events import MODALITIES, Modality, Vector
from domain.joining import join
from domain.ports import Labels, MomentFilter, MomentStore, PictureEncoder, SentenceEncoder, StoredMoment
from domain.ranking import Evidence, FusionOptions, RankedMoment, best_of, fuse
from domain.words_in_common import holds_phrase
from search.evidence import EvidenceFinder, EvidenceOptions
from search.halves import find_halves
from search.request import (
    DEEPEST,
    BadQuery,
    Example,
    Likeness,
    SearchRequest,
    check_filter,
    check_limit,
    check_modalities,
)
from search.reranking import Reranking, RerankReport
from search.seen_meanwhile import seen_meanwhile
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


_Tier: TypeAlias = tuple[tuple[RankedMoment, ...], tuple[RerankReport, ...], bool]  # True: there are no more
_Key: TypeAlias = tuple[SearchRequest, int]  # the request without its page, and how deep

# A list of what passes a filter is read moment by moment: only what lies inside another is shown with it.
_AS_STORED = FusionOptions(gap_s=0.0, longest_s=0.0)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """`tiers`: the best so many moments are made of so many hits of each kind and reason. One order for all the pages
    of a tier, so that none is shown twice; few hits for the first pages, which are most of those asked for."""

    tiers: tuple[tuple[int, int], ...] = ((10, 60), (25, 100), (100, 400), (DEEPEST, 1000))
    evidence: EvidenceOptions = field(default_factory=EvidenceOptions)
    fusion: FusionOptions = field(default_factory=FusionOptions)
    remembered_answers: int = 256


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
        self._remembered: OrderedDict[_Key, _Tier] = OrderedDict()
        self._of_generation: int | None = None
        self._turn = Lock()

    def search(self, request: SearchRequest) -> SearchAnswer:
        """The best moments for the request. Raises what the store and the encoders raise."""
        watch = Stopwatch()
        generation = self._store.generation()
        asked = replace(request, limit=1, offset=0)  # every page is of one order
        wanted = request.offset + request.limit
        best: list[RankedMoment] = []
        reports: tuple[RerankReport, ...] = ()
        for depth, fetched in self._options.tiers:
            tier, reports, is_all = self._tier(asked, depth, fetched, generation, watch)
            shown = {each.moment_id for moment in best for each in moment.evidence}
            best += [each for each in tier if shown.isdisjoint(piece.moment_id for piece in each.evidence)]
            if len(best) >= wanted or is_all:
                break
        if "rank" in watch.took_ms:  # not all of it was remembered
            watch.took_ms.pop("remembered")
        page = best[request.offset : wanted]
        if not any(each.excluded for each in (request, *request.meanwhile)):
            with watch.stage("store"):
                page = [self._pictured(moment) for moment in page]
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

    def _tier(self, asked: SearchRequest, depth: int, fetched: int, generation: int | None, watch: Stopwatch) -> _Tier:
        key = asked, depth
        with watch.stage("remembered"):
            remembered = self._recall(key, generation)
        if remembered is not None:
            return remembered
        vectors: dict[str, Vector] = {}
        moments, is_all = self._found(asked, fetched, watch, vectors)
        reports: tuple[RerankReport, ...] = ()
        if asked.text.strip() and not (asked.meanwhile or asked.alternatives):
            with watch.stage("rerank"):
                again, reports = self._reranking.apply(asked.text, self._finder.picture_query(asked), moments)
                moments = list(again)
        if any(each.is_ranked for each in (asked, *asked.meanwhile)):
            with watch.stage("rank"):
                is_all = is_all and len(moments) <= depth
                moments = diversify(moments, vectors, depth)
        tier = tuple(moments[:depth]), reports, is_all and len(moments) <= depth
        if all(report.state in ("absent", "done") for report in reports):  # else the next one may have more time
            self._remember(key, generation, tier)
        return tier

    def _found(
        self, asked: SearchRequest, fetched: int, watch: Stopwatch, vectors: dict[str, Vector]
    ) -> tuple[list[RankedMoment], bool]:
        """And whether more hits would bring up nothing more."""
        if asked.meanwhile:
            halves = find_halves([asked, *asked.meanwhile], self._finder, fetched, watch)
            with watch.stage("rank"):
                return join(halves, self._options.fusion), all(_are_all(half, fetched) for half in halves)
        moments, is_all = list[RankedMoment](), True
        for way in asked.each_way():
            evidence = self._finder.find(way, fetched, watch, vectors)
            with watch.stage("rank"):
                found = fuse(evidence, self._options.fusion if asked.is_ranked else _AS_STORED)
                moments += [moment for moment in found if _holds(moment, way.phrases)]
            is_all = is_all and _are_all(evidence, fetched)
        if asked.alternatives:
            with watch.stage("rank"):
                moments = fuse(best_of(each for moment in moments for each in moment.evidence), self._options.fusion)
        return moments, is_all

    def _pictured(self, moment: RankedMoment) -> RankedMoment:
        """With a picture of what was seen meanwhile, where the evidence has none."""
        if moment.thumbnail_key is not None:
            return moment
        seen = seen_meanwhile(self._store, moment.source, moment.start_s, moment.end_s)
        return replace(moment, thumbnail_key=seen)

    def _recall(self, key: _Key, generation: int | None) -> _Tier | None:
        with self._turn:
            if generation is None or generation != self._of_generation:
                return None
            found = self._remembered.get(key)
            if found is not None:
                self._remembered.move_to_end(key)
            return found

    def _remember(self, key: _Key, generation: int | None, tier: _Tier) -> None:
        if generation is None:
            return
        with self._turn:
            if self._of_generation != generation:
                self._remembered.clear()
                self._of_generation = generation
            self._remembered[key] = tier
            while len(self._remembered) > self._options.remembered_answers:
                self._remembered.popitem(last=False)


def _are_all(evidence: Sequence[Evidence], fetched: int) -> bool:
    return max(Counter((each.modality, each.why) for each in evidence).values(), default=0) < fetched


def _holds(moment: RankedMoment, phrases: Sequence[str]) -> bool:
    return all(any(holds_phrase(phrase, each.text) for each in moment.evidence) for phrase in phrases)


def _new(stored: StoredMoment) -> NewMoment:
    moment = stored.moment
    return NewMoment(
        stored.id, moment.source, moment.modality, moment.start_s, moment.end_s, moment.text, moment.thumbnail_key,
        moment.encoder, stored.stored_s, stored.labels, str(moment.attributes.get("language", "")), moment.is_final,
    )  # fmt: skip
