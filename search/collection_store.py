"""The store of moments over any engine: which collection, which checks, which order. Engines only keep and find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from domain.events import Modality, MomentDescribed, Vector
from domain.moments import moment_id
from domain.ports import Hit, Labels, MomentFilter, StoredMoment
from search.collections import WORDS, Collection, CollectionSpec, Point, Row, check_moment
from search.payload import HEARD, from_payload, labels_payload, to_payload
from search.words import Bm25Words

UPSERT_POINTS = 256  # in one call to an engine: enough to be quick, few enough that a search beside it waits for ms


class CollectionStore:
    """A `MomentStore` of one collection for each modality.

    A modality without a collection, or words where none are kept, is found empty; a moment of it is a KeyError.
    `upsert` checks every moment before it writes the first and raises BadEvent for one that can't be kept.
    """

    def __init__(
        self, collections: Sequence[Collection], then_close: ExitStack | None = None, *, is_shared: bool = False
    ) -> None:
        self._collections: Mapping[Modality, Collection] = {
            each.spec.modality: each for each in collections if each.spec.modality is not None
        }
        if len(self._collections) != len(collections):
            raise ValueError("each collection must hold a modality of its own")
        self._words = Bm25Words()
        self._then_close = then_close or ExitStack()
        self._unflushed: dict[str, Collection] = {}
        self._is_shared = is_shared  # other processes write to the collections too
        self._changes = 0

    def check(self, moments: Sequence[MomentDescribed]) -> None:
        for moment in moments:
            check_moment(self._collections[moment.modality].spec, moment)

    def flush(self) -> None:
        written, self._unflushed = self._unflushed, {}
        for collection in written.values():
            collection.flush()

    def upsert(
        self, moments: Sequence[MomentDescribed], stored_s: float, labels: Mapping[str, Labels] | None = None
    ) -> None:
        self.check(moments)
        by_modality: dict[Modality, list[MomentDescribed]] = {}
        for moment in moments:
            by_modality.setdefault(moment.modality, []).append(moment)
        for modality, members in by_modality.items():
            collection = self._collections[modality]
            # The last of a batch wins, as it would have one after the other.
            unique = {moment_id(moment): moment for moment in members}
            points = [
                self._point(collection, id, moment, stored_s, (labels or {}).get(id, Labels()))
                for id, moment in unique.items()
            ]
            for first in range(0, len(points), UPSERT_POINTS):
                collection.upsert(points[first : first + UPSERT_POINTS])
            self._changed(collection)

    def relabel(self, modality: Modality, labels: Mapping[str, Labels]) -> None:
        if (collection := self._collections.get(modality)) is not None and labels:
            collection.set_fields({id: labels_payload(each) for id, each in labels.items()})
            self._changed(collection)

    def delete(self, modality: Modality, ids: Iterable[str]) -> None:
        if (collection := self._collections.get(modality)) is not None and (gone := list(ids)):
            collection.delete(gone)
            self._changed(collection)

    def delete_voices(self, ids: Iterable[str]) -> None:
        """The cues go too: how a voice sounded is told by them."""
        if (collection := self._collections.get("speech")) is not None and (gone := list(ids)):
            collection.forget(gone, ["voice"] if "voice" in collection.spec.vectors else [], HEARD)
            self._changed(collection)

    def generation(self) -> int | None:
        return None if self._is_shared else self._changes

    def get(self, modality: Modality, ids: Iterable[str], *, with_vectors: bool = False) -> list[StoredMoment]:
        collection = self._collections.get(modality)
        if collection is None or not (wanted := list(ids)):
            return []
        vectors = list(collection.spec.vectors) if with_vectors else []
        return [_stored(modality, collection.spec, row) for row in collection.get(wanted, vectors=vectors)]

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
        collection = self._collections.get(modality)
        if collection is None or limit < 1:
            return []
        spec = collection.spec
        name = using or spec.searched_by
        if name not in spec.vectors:
            return []
        if len(vector) != spec.vectors[name]:
            raise ValueError(
                f"the query's vector has {len(vector)} numbers; collection {spec.name!r} keeps {spec.vectors[name]}"
            )
        vectors = list(dict.fromkeys([spec.searched_by, name])) if with_vectors else []
        return _hits(modality, spec, collection.nearest(vector, where, limit, vectors=vectors, using=name))

    def search_words(
        self, modality: Modality, words: str, where: MomentFilter, limit: int, *, with_vectors: bool = False
    ) -> list[Hit]:
        collection = self._collections.get(modality)
        query = self._words.of_query(words)
        if collection is None or not collection.spec.words or query is None or limit < 1:
            return []
        vectors = [collection.spec.searched_by] if with_vectors else []
        rows = collection.nearest(query, where, limit, vectors=vectors, using=WORDS)
        return _hits(modality, collection.spec, [row for row in rows if row.score > 0.0])

    def newest(
        self, modality: Modality, where: MomentFilter, limit: int, *, with_vectors: bool = False
    ) -> list[StoredMoment]:
        collection = self._collections.get(modality)
        if collection is None or limit < 1:
            return []
        rows = collection.newest(where, limit, vectors=list(collection.spec.vectors) if with_vectors else [])
        rows.sort(key=lambda row: (-row.payload["start_s"], row.id))
        return [_stored(modality, collection.spec, row) for row in rows]

    def sources(self, modality: Modality) -> dict[str, int]:
        return collection.sources() if (collection := self._collections.get(modality)) else {}

    def count(self, modality: Modality) -> int:
        return collection.count() if (collection := self._collections.get(modality)) else 0

    def close(self) -> None:
        for collection in self._collections.values():
            collection.close()
        self._then_close.close()

    def _changed(self, collection: Collection) -> None:
        self._changes += 1
        self._unflushed[collection.spec.name] = collection

    def _point(
        self, collection: Collection, id: str, moment: MomentDescribed, stored_s: float, labels: Labels
    ) -> Point:
        words = self._words.of_document(moment.text) if collection.spec.words else None
        return Point(id, moment.vectors, words, to_payload(moment, stored_s, labels))


def _stored(modality: Modality, spec: CollectionSpec, row: Row, *, with_words: bool = True) -> StoredMoment:
    """The vector searched by comes first."""
    vectors = {name: row.vectors[name] for name in spec.vectors if name in row.vectors}
    return from_payload(row.id, modality, row.payload, vectors, with_words=with_words)


def _hits(modality: Modality, spec: CollectionSpec, rows: list[Row]) -> list[Hit]:
    """Equal scores in one order on every engine: the newest first."""
    rows.sort(key=lambda row: (-row.score, -row.payload["start_s"], row.id))
    return [Hit(_stored(modality, spec, row, with_words=False), row.score) for row in rows]
