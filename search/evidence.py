"""Evidence for one thing wanted, from every modality: nearest vectors, exact words, and what is left out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from domain.calibration import CalibrationOptions, Scores, calibrate
from domain.events import Modality, Vector
from domain.ports import Hit, Matrix, MomentFilter, MomentStore, PictureEncoder, SentenceEncoder, StoredMoment
from domain.ranking import Evidence, Why
from domain.words_in_common import holds_phrase, match_words
from search.query_bank import QueryBank
from search.query_vectors import QueryVectors
from search.request import Example, Likeness, Wanted
from search.stopwatch import Stopwatch

Fetch: TypeAlias = Callable[[MomentFilter, int], list[Hit]]  # at most so many, best first

_VECTOR_OF: dict[Likeness, tuple[Modality, ...]] = {
    "picture": ("scene",),
    "meaning": ("speech", "text"),
    "voice": ("speech",),
}


@dataclass(frozen=True, slots=True)
class EvidenceOptions:
    least_score: float = 0.15  # below it a hit is no evidence; see CalibrationOptions for what it lets through
    excluded_from: float = 0.5  # what looks or reads like something excluded with at least this score is left out
    most_fetched: int = 1000
    one_source_share: float = 0.75  # of what was fetched: with more, the other sources are asked for once more
    remembered_queries: int = 256
    background: int = 200  # stored moments that an example is compared with
    unlike_anything: int = 20  # so many more, as few stored moments say little of what is usual
    usual_at_most: float = 0.5  # where nearly all is like the example, as before one static camera, it is still found
    least_voice: float = 0.48  # a cosine of 0.74, where Resemblyzer tells two people from one (`make bench`)
    calibration: CalibrationOptions = field(default_factory=CalibrationOptions)


class EvidenceFinder:
    """Thread-safe. Blocks for milliseconds, at the first query for as long as encoding the query bank takes."""

    def __init__(
        self,
        store: MomentStore,
        sentences: SentenceEncoder,
        pictures: PictureEncoder,
        options: EvidenceOptions | None = None,
    ) -> None:
        self._store = store
        self._options = options or EvidenceOptions()
        remembered = self._options.remembered_queries
        self._queries: dict[Why, QueryVectors] = {
            "meaning": QueryVectors(sentences, remembered),
            "picture": QueryVectors(pictures, remembered),
        }
        self._banks: dict[Why, QueryBank] = {"meaning": QueryBank(sentences), "picture": QueryBank(pictures)}

    def find(
        self, wanted: Wanted, fetched: int, watch: Stopwatch, vectors: dict[str, Vector] | None = None
    ) -> list[Evidence]:
        """At most `fetched` of each modality and reason, those without what is excluded; in no order. Vectors that come
        with them are put into `vectors`, by moment id."""
        with watch.stage("encode"):
            for text in filter(None, (wanted.text.strip(), *wanted.excluded)):
                for why in dict.fromkeys(map(dense_why, wanted.modalities)):
                    self._banks[why].vectors()
                    self._queries[why].of(text)
        if not wanted.is_ranked:
            return self._newest(wanted, fetched, watch)
        found: list[Evidence] = []
        for modality in dict.fromkeys(wanted.modalities):
            if wanted.text.strip():
                found += self._by_meaning(wanted, modality, fetched, watch, vectors)
                found += self._by_words(wanted, modality, fetched, watch)
            for by in dict.fromkeys(example.by for example in wanted.like):
                if modality in _VECTOR_OF[by]:
                    found += self._by_example(wanted, modality, by, fetched, watch, vectors)
        return found if wanted.weak else [each for each in found if each.score >= self._options.least_score]

    def picture_query(self, wanted: Wanted) -> Vector | None:
        """The vector its words are compared with pictures by; None when no picture was asked for."""
        if "scene" not in wanted.modalities or not wanted.text.strip():
            return None
        return self._queries["picture"].of(wanted.text.strip())

    def _newest(self, wanted: Wanted, fetched: int, watch: Stopwatch) -> list[Evidence]:
        found = []
        for modality in dict.fromkeys(wanted.modalities):
            with watch.stage("store"):
                stored = self._store.newest(
                    modality, wanted.where, min(fetched, self._options.most_fetched), with_vectors=bool(wanted.excluded)
                )
            hits = self._wanted_of(wanted, modality, [Hit(each, 1.0) for each in stored])
            found += [evidence_of(hit, "filter", 1.0) for hit in hits]
        return found

    def _by_meaning(
        self,
        wanted: Wanted,
        modality: Modality,
        fetched: int,
        watch: Stopwatch,
        vectors: dict[str, Vector] | None,
    ) -> Iterator[Evidence]:
        why = dense_why(modality)
        vector = self._queries[why].of(wanted.text.strip())

        def nearest(where: MomentFilter, limit: int) -> list[Hit]:
            return self._store.search_vector(modality, vector, where, limit, with_vectors=True)

        hits = self._enough(wanted, modality, nearest, fetched, watch)
        with watch.stage("rank"):
            scores = self._calibrated(why, hits, np.asarray([hit.score for hit in hits], dtype=np.float64))
            _keep(hits, vectors)
            for hit, score in zip(hits, scores.tolist(), strict=True):
                yield evidence_of(hit, why, score, match_words(wanted.text, hit.stored.moment.text).words)

    def _by_words(self, wanted: Wanted, modality: Modality, fetched: int, watch: Stopwatch) -> Iterator[Evidence]:
        if modality == "scene":
            return
        found: dict[str, Hit] = {}
        for words, phrase in (*((phrase, phrase) for phrase in wanted.phrases), (wanted.text, None)):

            def holding(where: MomentFilter, limit: int, words: str = words) -> list[Hit]:
                vectors = bool(wanted.excluded or wanted.unlike)
                return self._store.search_words(modality, words, where, limit, with_vectors=vectors)

            hits = self._enough(wanted, modality, holding, fetched, watch, phrase)
            found |= {hit.stored.id: hit for hit in hits}
        with watch.stage("rank"):
            for hit in found.values():
                text = hit.stored.moment.text
                match = match_words(wanted.text, text)
                held = sum(holds_phrase(phrase, text) for phrase in wanted.phrases)
                # A phrase is what was asked for, however many words stand beside it in the query.
                phrased = held / (1 + len(wanted.phrases)) if wanted.phrases else 0.0
                yield evidence_of(hit, "words", max(match.score, phrased), match.words)

    def _by_example(
        self,
        wanted: Wanted,
        modality: Modality,
        by: Likeness,
        fetched: int,
        watch: Stopwatch,
        vectors: dict[str, Vector] | None,
    ) -> Iterator[Evidence]:
        mean = _rows(wanted.like, by).mean(axis=0)
        vector: Vector = tuple((mean / max(float(np.linalg.norm(mean)), 1e-9)).tolist())
        named = _named(by)

        def nearest(where: MomentFilter, limit: int) -> list[Hit]:
            return self._store.search_vector(modality, vector, where, limit, with_vectors=True, using=named)

        hits = self._enough(wanted, modality, nearest, fetched, watch)
        with watch.stage("store"):
            around = self._store.newest(modality, MomentFilter(), self._options.background, with_vectors=True)
        with watch.stage("rank"):
            _keep(hits, vectors)
            own = {example.moment_id for example in wanted.like}
            others = [_vector(each, named) for each in around if each.id not in own]
            others = [each for each in others if each]
            usual = sum(float(np.dot(each, vector)) for each in others) / (len(others) + self._options.unlike_anything)
            usual = self._options.usual_at_most if by == "voice" else min(usual, self._options.usual_at_most)
            for hit in hits:
                score = likeness(hit.score, usual)
                if by != "voice" or score >= self._options.least_voice:
                    yield evidence_of(hit, by, score)

    def _enough(
        self, wanted: Wanted, modality: Modality, ask: Fetch, fetched: int, watch: Stopwatch, phrase: str | None = None
    ) -> list[Hit]:
        """`fetched` hits without what is excluded, and with the phrase if there is one, unless there are no more. Where
        one source fills what was asked for, the best of the others come too, half as many."""
        fetched = min(fetched, self._options.most_fetched)
        kept, hits, is_all = self._made_up(wanted, modality, ask, wanted.where, fetched, watch, phrase)
        if is_all or not (crowd := self._crowds(hits, wanted.where.sources)):
            return kept
        where = replace(wanted.where, excluded=(*wanted.where.excluded, MomentFilter(sources=crowd)))
        others, _, _ = self._made_up(wanted, modality, ask, where, max(1, fetched // 2), watch, phrase)
        known = {hit.stored.id for hit in kept}
        return [*kept, *(hit for hit in others if hit.stored.id not in known)]

    def _made_up(
        self,
        wanted: Wanted,
        modality: Modality,
        ask: Fetch,
        where: MomentFilter,
        fetched: int,
        watch: Stopwatch,
        phrase: str | None,
    ) -> tuple[list[Hit], list[Hit], bool]:
        """At most `fetched` of what is wanted: what is left out is made up for. And of how many they were taken, and
        whether there are no more."""
        limit = fetched
        while True:
            with watch.stage("store"):
                hits = ask(where, limit)
            with watch.stage("rank"):
                kept = self._wanted_of(wanted, modality, hits, phrase)
            is_all = len(hits) < limit
            if len(kept) >= fetched or is_all or limit >= self._options.most_fetched:
                return kept[:fetched], hits, is_all
            limit = min(4 * limit, self._options.most_fetched)

    def _crowds(self, hits: Sequence[Hit], asked: Sequence[str]) -> tuple[str, ...]:
        """None where no others were asked for."""
        counts = Counter(hit.stored.moment.source for hit in hits)
        crowds = tuple(name for name, n in counts.items() if n >= self._options.one_source_share * len(hits))
        return () if asked and set(asked) <= set(crowds) else crowds

    def _wanted_of(self, wanted: Wanted, modality: Modality, hits: list[Hit], phrase: str | None = None) -> list[Hit]:
        """Those that hold the phrase and do not show, say or mean what is left out, nor are more like what they must be
        unlike."""
        if phrase is not None:
            hits = [hit for hit in hits if holds_phrase(phrase, hit.stored.moment.text)]
        own = {example.moment_id for example in (*wanted.like, *wanted.unlike)}
        hits = [hit for hit in hits if hit.stored.id not in own and not _says_excluded(wanted, hit.stored.moment.text)]
        if hits and wanted.excluded:
            why = dense_why(modality)
            rows = np.asarray([_vector(hit.stored, None) for hit in hits], dtype=np.float32)
            bank = rows @ self._banks[why].vectors().T
            dismissed = np.zeros(len(hits), dtype=bool)
            for excluded in wanted.excluded:
                cosines = (rows @ np.asarray(self._queries[why].of(excluded), dtype=np.float32)).astype(np.float64)
                dismissed |= calibrate(cosines, bank, self._options.calibration) >= self._options.excluded_from
            hits = [hit for hit, is_out in zip(hits, dismissed.tolist(), strict=True) if not is_out]
        for by in dict.fromkeys(example.by for example in wanted.unlike):
            if modality in _VECTOR_OF[by]:
                theirs = self._compared(hits, modality, by)
                hits = [hit for hit in hits if _is_nearer(theirs[hit.stored.id], wanted, by)]
        return hits

    def _compared(self, hits: Sequence[Hit], modality: Modality, by: Likeness) -> dict[str, Vector]:
        """By moment id; empty for what has no such vector. What was found by another vector came without its voice."""
        named = _named(by)
        if named is None:
            return {hit.stored.id: _vector(hit.stored, None) for hit in hits}
        found = self._store.get(modality, [hit.stored.id for hit in hits], with_vectors=True)
        return {hit.stored.id: () for hit in hits} | {each.id: _vector(each, named) for each in found}

    def _calibrated(self, why: Why, hits: Sequence[Hit], cosines: Scores) -> Scores:
        if not hits:
            return cosines
        rows = np.asarray([_vector(hit.stored, None) for hit in hits], dtype=np.float32)
        return calibrate(cosines, rows @ self._banks[why].vectors().T, self._options.calibration)


def likeness(cosine: float, usual: float) -> float:
    """0 for what is no more like the example than a stored moment usually is, 1 for what is the same.

    The query bank is of sentences and can't say how alike two pictures or two voices are by chance: the stored moments
    can.
    """
    return min(1.0, max(0.0, (cosine - usual) / max(1.0 - usual, 1e-6)))


def dense_why(modality: Modality) -> Why:
    return "picture" if modality == "scene" else "meaning"


def evidence_of(hit: Hit, why: Why, score: float, matched_words: tuple[str, ...] = ()) -> Evidence:
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
        language=str(moment.attributes.get("language", "")),
        is_final=moment.is_final,
    )


def _says_excluded(wanted: Wanted, text: str) -> bool:
    """Whether the words of one of them are all there, "without red cars" leaving out "cars, red and blue"; or, where it
    is a phrase, as they stand."""
    for excluded in wanted.excluded:
        if excluded in wanted.excluded_phrases:
            if holds_phrase(excluded, text):
                return True
        elif (match := match_words(excluded, text)).words and len(match.words) == len(
            match_words(excluded, excluded).words
        ):
            return True
    return False


def _is_nearer(vector: Vector, wanted: Wanted, by: Likeness) -> bool:
    """To what it is to be like than to what it must be unlike; what has no such vector is neither."""
    if not vector:
        return True
    row = np.asarray(vector, dtype=np.float32)
    return bool((_rows(wanted.like, by) @ row).max() >= (_rows(wanted.unlike, by) @ row).max())


def _keep(hits: Iterable[Hit], vectors: dict[str, Vector] | None) -> None:
    if vectors is not None:
        vectors |= {hit.stored.id: _vector(hit.stored, None) for hit in hits}


def _named(by: Likeness) -> str | None:
    return "voice" if by == "voice" else None


def _rows(examples: Iterable[Example], by: Likeness) -> Matrix:
    return np.asarray([example.vector for example in examples if example.by == by], dtype=np.float32)


def _vector(stored: StoredMoment, name: str | None) -> Vector:
    """The one searched by comes first."""
    vectors = stored.moment.vectors
    return next(iter(vectors.values())) if name is None else vectors.get(name, ())
