"""What each query finds in the index, as items in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from domain.events import Modality, Vector
from domain.ports import Hit, Matrix, MomentFilter
from domain.retrieval_metrics import pessimistic
from nowseen.retrieval.dataset import Item, Query, Task, is_itself
from nowseen.retrieval.index import RetrievalIndex
from nowseen.retrieval.media_vectors import picture_vectors, voice_vectors
from nowseen.retrieval.models import RetrievalModels
from search.request import MOST_MOMENTS, SearchRequest
from search.service import SearchService

DEPTH = MOST_MOMENTS  # places; what comes later was not found
_MOMENTS_AN_ITEM = 4  # asked of the store for one place: a recording may be several
_AT_ONCE = 64  # queries whose media are in memory

Rankings: TypeAlias = Mapping[str, Callable[[Query], list[str]]]  # by what makes the order: "search" or "vectors"


def rankings(task: Task, queries: Sequence[Query], index: RetrievalIndex, models: RetrievalModels) -> Rankings:
    """For words the product's own search, and beside it the encoder's vectors alone; for a picture or a voice the
    vectors, which are all there is. A query that is an item itself does not find itself.

    Raises ConfigError for a query's media that can't be read.
    """
    rows = dict(zip([query.id for query in queries], _rows(task, queries, models), strict=True))
    store = index.voices if task.by == "sound" else index.moments

    def by_vectors(query: Query) -> list[str]:
        hits = store.search_vector(task.kind, tuple(rows[query.id].tolist()), MomentFilter(), DEPTH * _MOMENTS_AN_ITEM)
        return pessimistic(_best_scores(hits, index), query.relevant)[:DEPTH]

    if task.by != "text":
        return {"vectors": by_vectors}
    service = SearchService(index.moments, models.sentences, models.pictures)

    def by_search(query: Query, weak: bool = False) -> list[str]:
        modality: Modality = task.kind
        answer = service.search(SearchRequest(query.text, modalities=(modality,), weak=weak, limit=DEPTH))
        return list(dict.fromkeys(index.item_of[moment.evidence[0].moment_id] for moment in answer.moments))

    return {"search": by_search, "--weak": partial(by_search, weak=True), "vectors": by_vectors}


def without_itself(query: Query, items: Sequence[Item]) -> tuple[Query, frozenset[str]]:
    """The query without itself among what it wants, and the items that are it."""
    if query.media is None:
        return query, frozenset()
    same = frozenset(item.id for item in items if is_itself(query, item))
    wanted = {id: grade for id, grade in query.relevant.items() if id not in same}
    return Query(query.id, query.by, wanted, query.text, query.media), same


def _rows(task: Task, queries: Sequence[Query], models: RetrievalModels) -> Matrix:
    """(queries, d)."""
    if task.by == "text":
        encoder = models.pictures if task.kind == "scene" else models.sentences
        return encoder.encode_texts([query.text for query in queries])
    vectors: list[Vector] = []
    for first in range(0, len(queries), _AT_ONCE):
        named = [(f"query {q.id!r}", q.media) for q in queries[first : first + _AT_ONCE] if q.media is not None]
        vectors += (
            picture_vectors(named, models.pictures) if task.by == "picture" else voice_vectors(named, models.voices)
        )
    return np.asarray(vectors, dtype=np.float32)


def _best_scores(hits: Sequence[Hit], index: RetrievalIndex) -> dict[str, float]:
    scores: dict[str, float] = {}
    for hit in hits:  # best first
        scores.setdefault(index.item_of[hit.stored.id], hit.score)
    return scores
