"""Moments in Qdrant Edge: the Qdrant engine in this process, files in a folder, the server's data format.

Search is exact: a few milliseconds at tens of thousands of moments, growing with their number. The engine can build an
index, but `optimize()` stops the whole process while it works (seconds to minutes), so it is never called here. A
collection's folder holds its record and one shard, "hot"; shards sealed and optimised elsewhere can stand beside it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

import qdrant_edge as edge

from domain.errors import ConfigError
from domain.events import Vector
from domain.ports import MomentFilter
from search.collections import WORDS, CollectionSpec, Point, Row, SparseWords, check_record, record_of
from search.conditions import INDEXED
from search.edge_filter import edge_filter, with_ids

MOST_SOURCES = 100_000
_PAGE_POINTS = 1000


def open_edge_collections(folder: Path, specs: Sequence[CollectionSpec]) -> tuple[list[EdgeCollection], ExitStack]:
    """The collections in `folder`, made when they are not there, and what to close once they are closed. Until then
    this process owns the folder.

    Raises ConfigError when another process owns it, when a collection is another encoder's, or when its files are
    damaged: all that is wrong at once.
    """
    opened = ExitStack()
    opened.enter_context(_own(folder))
    collections: list[EdgeCollection] = []
    mistakes: list[str] = []
    for spec in specs:
        try:
            collections.append(EdgeCollection(folder, spec))
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        for collection in collections:
            collection.close()
        opened.close()
        raise ConfigError(mistakes)
    return collections, opened


class EdgeCollection:
    """One collection in one shard.

    The engine holds the interpreter lock in every call, so calls never overlap; its segments have locks of their own
    for the day it lets go.
    """

    def __init__(self, folder: Path, spec: CollectionSpec) -> None:
        self.spec = spec
        home = folder / spec.name
        self._home = home
        start_anew = f"choose another data folder, or delete {home} and index again from the topic 'moments'"
        record, shard = home / "collection.json", home / "hot"
        if record.exists():
            check_record(spec, record.read_text(), str(folder), start_anew)
        elif shard.exists():
            raise ConfigError(f"{record} is missing, so what made the vectors beside it is not known: {start_anew}")
        else:
            home.mkdir(parents=True, exist_ok=True)
            _write(record, record_of(spec))
        if not shard.exists() and (before := shard.with_suffix(".old")).exists():
            before.rename(shard)  # killed while it was purged
        shutil.rmtree(shard.with_suffix(".old"), ignore_errors=True)
        if not shard.exists():
            self._create(shard).rename(shard)
        self._start_anew = start_anew
        self._shard = self._load(shard, start_anew)

    def upsert(self, points: Sequence[Point]) -> None:
        rows = []
        for point in points:
            vectors: dict[str, edge.NamedVector] = {n: list(v) for n, v in point.vectors.items()}
            if point.words is not None:
                vectors[WORDS] = edge.SparseVector(point.words.indices, point.words.values)
            rows.append(edge.Point(point.id, vectors, point.payload))
        self._shard.update(edge.UpdateOperation.upsert_points(rows))

    def set_fields(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        for id, changed in fields.items():
            self._shard.update(edge.UpdateOperation.set_payload_by_filter(with_ids([id]), dict(changed)))

    def forget(self, ids: Sequence[str], vectors: Sequence[str], fields: Sequence[str]) -> None:
        """The engine only marks a deleted vector and keeps its numbers in the file for as long as nothing optimises
        the shard: so they are overwritten first. The write-ahead log, 64 MB that are written round, still holds them
        until other writes have taken their place."""
        self._overwrite(ids, vectors)
        self._shard.update(edge.UpdateOperation.delete_vectors_by_filter(with_ids(ids), list(vectors)))
        self._shard.update(edge.UpdateOperation.delete_payload_by_filter(with_ids(ids), list(fields)))

    def delete(self, ids: Sequence[str]) -> None:
        self._overwrite(ids, list(self.spec.vectors))
        self._shard.update(edge.UpdateOperation.delete_points(list(ids)))

    def flush(self) -> None:
        """To the disk: 3-5 ms. Without it a killed process loses nothing, but a power cut does, and the write-ahead log
        grows until the next opening has to replay all of it."""
        self._shard.flush()

    def purge(self) -> None:
        """Into a new shard, without the old one's log: the engine writes every change of a payload to another place, so
        what it held stands in many. For few points: all of them are written anew."""
        kept = self.everything()
        shard = self._home / "hot"
        unfinished = self._create(shard)
        new = self._load(unfinished, self._start_anew)
        new.update(
            edge.UpdateOperation.upsert_points(
                [edge.Point(row.id, {n: list(v) for n, v in row.vectors.items()}, dict(row.payload)) for row in kept]
            )
        )
        new.flush()
        new.close()
        self._shard.close()
        shard.rename(shard.with_suffix(".old"))
        unfinished.rename(shard)
        shutil.rmtree(shard.with_suffix(".old"))
        self._shard = self._load(shard, self._start_anew)

    def get(self, ids: Sequence[str], *, with_vectors: bool) -> list[Row]:
        vectors = list(self.spec.vectors) if with_vectors else False
        return [_row(each) for each in self._shard.retrieve(list(ids), with_payload=True, with_vector=vectors)]

    def nearest(
        self, query: Vector | SparseWords, where: MomentFilter, limit: int, *, with_vectors: bool, using: str
    ) -> list[Row]:
        asked = edge.Query.Nearest(
            edge.SparseVector(query.indices, query.values) if isinstance(query, SparseWords) else list(query),
            using=using,
        )
        found = self._shard.query(
            edge.QueryRequest(
                limit=limit,
                query=asked,
                filter=edge_filter(where),
                with_payload=True,
                with_vector=list(self.spec.vectors) if with_vectors else False,
            )
        )
        return [_row(each, each.score) for each in found]

    def newest(self, where: MomentFilter, limit: int, *, with_vectors: bool) -> list[Row]:
        found, _ = self._shard.scroll(
            edge.ScrollRequest(
                limit=limit,
                filter=edge_filter(where),
                with_payload=True,
                with_vector=list(self.spec.vectors) if with_vectors else False,
                order_by=edge.OrderBy("start_s", edge.Direction.Desc),
            )
        )
        return [_row(each) for each in found]

    def everything(self) -> list[Row]:
        rows: list[Row] = []
        page: edge.PointId | None = None
        while True:
            found, page = self._shard.scroll(
                edge.ScrollRequest(
                    offset=page, limit=_PAGE_POINTS, with_payload=True, with_vector=list(self.spec.vectors)
                )
            )
            rows += map(_row, found)
            if page is None:
                return rows

    def sources(self) -> dict[str, int]:
        found = self._shard.facet(edge.FacetRequest("source", limit=MOST_SOURCES, exact=True))
        return {str(hit.value): hit.count for hit in found.hits}

    def count(self) -> int:
        return self._shard.count(edge.CountRequest(exact=True))

    def close(self) -> None:
        self._shard.close()

    def _create(self, shard: Path) -> Path:
        """Beside its place, to be moved there: a process killed half way leaves nothing that looks like a shard."""
        unfinished = shard.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        size = {
            name: edge.EdgeVectorParams(size=size, distance=edge.Distance.Cosine)
            for name, size in self.spec.vectors.items()
        }
        words = {WORDS: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)} if self.spec.words else None
        made = edge.EdgeShard.create(str(unfinished), edge.EdgeConfig(vectors=size, sparse_vectors=words))
        schemas = {"keyword": edge.PayloadSchemaType.Keyword, "float": edge.PayloadSchemaType.Float}
        for name, kind in INDEXED[self.spec.modality].items():
            made.update(edge.UpdateOperation.create_field_index(name, schemas[kind]))
        made.flush()
        made.close()
        return unfinished

    def _load(self, shard: Path, start_anew: str) -> edge.EdgeShard:
        # The engine loads a shard without its segments as an empty one; whoever deleted them should hear of it.
        if not any((shard / "segments").glob("*")):
            raise ConfigError(f"{shard} has lost its segments: restore it, or {start_anew}")
        return _explained(lambda: edge.EdgeShard.load(str(shard)), f"{shard} is damaged: restore it, or {start_anew}")

    def _overwrite(self, ids: Sequence[str], vectors: Sequence[str]) -> None:
        there = self._shard.retrieve(list(ids), with_payload=False, with_vector=list(vectors))
        blank = {name: [1.0] + [0.0] * (self.spec.vectors[name] - 1) for name in vectors}
        blanks = [edge.PointVectors(each.id, {name: blank[name] for name in _dense(each.vector)}) for each in there]
        if blanks:
            self._shard.update(edge.UpdateOperation.update_vectors(blanks))


def _own(folder: Path) -> IO[str]:
    """The folder's lock, held for as long as the file is open; the system lets go of it when the process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "owner.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise ConfigError(
            f"{folder} is already open in process {owner}. Only one process, the search node, may own the store: stop "
            "the other one, or ask its HTTP API instead of opening the folder"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _explained(load: Callable[[], edge.EdgeShard], mistake: str) -> edge.EdgeShard:
    try:
        return load()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # damaged files can make the engine panic, which is no Exception in Python
        raise ConfigError(f"{mistake} (the engine says: {str(error)[:300]})") from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all, also after a power cut."""
    unfinished = path.with_suffix(".new")
    with unfinished.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def _row(found: edge.Record | edge.ScoredPoint, score: float = 0.0) -> Row:
    return Row(str(found.id), found.payload or {}, score, _dense(found.vector))


def _dense(vectors: edge.Vector | None) -> dict[str, Vector]:
    if not isinstance(vectors, dict):
        return {}
    return {name: cast(Vector, tuple(vector)) for name, vector in vectors.items() if isinstance(vector, list)}
