"""Moments in a Qdrant server, over gRPC; or, for tests and trials, in the client's own in-memory mode.

Several search nodes may share one server. The server builds its indexes beside its searches, in its own process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from threading import Lock
from typing import Any, TypeAlias, cast

from qdrant_client import QdrantClient
from qdrant_client import models as m
from qdrant_client.local.qdrant_local import QdrantLocal

from domain.addresses import without_secrets
from domain.errors import ConfigError
from domain.events import Vector
from domain.ports import MomentFilter
from search.collections import WORDS, CollectionSpec, Point, Row, SparseWords, check_record, record_of
from search.conditions import INDEXED
from search.server_connection import TIMEOUT_S, address, answering
from search.server_filter import server_filter, with_ids

IN_MEMORY = ":memory:"
MOST_SOURCES = 100_000
_PAGE_POINTS = 1000
_RECORD = "nowseen"  # key of the collection's metadata
_Guard: TypeAlias = Callable[[], AbstractContextManager[object]]


def open_server_collections(
    url: str, specs: Sequence[CollectionSpec], *, api_key: str | None = None, prefix: str = ""
) -> tuple[list[ServerCollection], ExitStack]:
    """The collections at `url`, such as http://127.0.0.1:6333, and what to close after them; the gRPC port is the next
    one. ":memory:" needs no server.

    `prefix` stands before every collection's name, so that one server can serve several installations.
    Raises ConfigError when a collection is another encoder's or the key is refused, and ConnectionError, here and in
    every method, when the server does not answer: try again later.
    """
    opened = ExitStack()
    if url == IN_MEMORY:
        client, turn = QdrantClient(IN_MEMORY), Lock()  # the in-memory mode is not thread-safe

        def guard() -> AbstractContextManager[object]:
            return turn

    else:
        host, port, https = address(url)
        client = QdrantClient(
            host=host, port=port, grpc_port=port + 1, https=https, api_key=api_key,
            prefer_grpc=True, timeout=TIMEOUT_S, check_compatibility=False,
        )  # fmt: skip

        def guard() -> AbstractContextManager[object]:
            return answering(without_secrets(url))

    opened.callback(client.close)
    collections: list[ServerCollection] = []
    mistakes: list[str] = []
    try:
        for spec in specs:
            try:
                collections.append(ServerCollection(client, guard, prefix + spec.name, spec, without_secrets(url)))
            except ConfigError as error:
                mistakes += error.mistakes
        if mistakes:
            raise ConfigError(mistakes)
    except BaseException:
        opened.close()
        raise
    return collections, opened


class ServerCollection:
    """One collection of the server. `guard` stands around every call: it translates errors, or takes turns."""

    def __init__(self, client: QdrantClient, guard: _Guard, name: str, spec: CollectionSpec, url: str) -> None:
        self.spec = spec
        self._client = client
        self._guard = guard
        self._name = name
        with guard():
            kept = self._record() if client.collection_exists(name) else self._create()
            if kept is None:
                raise ConfigError(
                    f"collection {name!r} at {url} has no record of its encoder: it was made by something else, or "
                    "the server is too old to keep a collection's metadata. Set another prefix or upgrade the server"
                )
            start_anew = f"set another prefix, or delete collection {name!r} and index again from the topic 'moments'"
            check_record(spec, kept, url, start_anew)
            self._index()

    def upsert(self, points: Sequence[Point]) -> None:
        rows = []
        for point in points:
            vectors: dict[str, m.Vector] = {name: list(vector) for name, vector in point.vectors.items()}
            if point.words is not None:
                vectors[WORDS] = m.SparseVector(indices=point.words.indices, values=point.words.values)
            rows.append(m.PointStruct(id=point.id, vector=cast("m.VectorStruct", vectors), payload=point.payload))
        with self._guard():
            self._client.upsert(self._name, rows, wait=True)

    def set_fields(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        changes: list[m.UpdateOperation] = [
            m.SetPayloadOperation(set_payload=m.SetPayload(payload=dict(changed), filter=with_ids([id])))
            for id, changed in fields.items()
        ]
        with self._guard():
            self._client.batch_update_points(self._name, changes, wait=True)

    def forget(self, ids: Sequence[str], vectors: Sequence[str], fields: Sequence[str]) -> None:
        """The server's optimiser writes what it keeps anew and drops the rest, in its own time."""
        with self._guard():
            if vectors:
                self._client.delete_vectors(self._name, list(vectors), with_ids(ids), wait=True)
            self._client.delete_payload(self._name, list(fields), with_ids(ids), wait=True)

    def delete(self, ids: Sequence[str]) -> None:
        with self._guard():
            self._client.delete(self._name, list(ids), wait=True)

    def flush(self) -> None:
        """Nothing: the server's write-ahead log holds what it has acknowledged."""

    def purge(self) -> None:
        """Nothing: see `forget`."""

    def get(self, ids: Sequence[str], *, vectors: Sequence[str]) -> list[Row]:
        with self._guard():
            found = self._client.retrieve(self._name, list(ids), with_payload=True, with_vectors=list(vectors) or False)
        return [_row(each) for each in found]

    def nearest(
        self, query: Vector | SparseWords, where: MomentFilter, limit: int, *, vectors: Sequence[str], using: str
    ) -> list[Row]:
        asked = (
            m.SparseVector(indices=query.indices, values=query.values)
            if isinstance(query, SparseWords)
            else list(query)
        )
        with self._guard():
            found = self._client.query_points(
                self._name,
                query=asked,
                using=using,
                query_filter=server_filter(where),
                limit=limit,
                with_payload=True,
                with_vectors=list(vectors) or False,
            ).points
        return [_row(each, each.score) for each in found]

    def newest(self, where: MomentFilter, limit: int, *, vectors: Sequence[str]) -> list[Row]:
        with self._guard():
            found, _ = self._client.scroll(
                self._name,
                scroll_filter=server_filter(where),
                limit=limit,
                order_by=m.OrderBy(key="start_s", direction=m.Direction.DESC),
                with_payload=True,
                with_vectors=list(vectors) or False,
            )
        return [_row(each) for each in found]

    def everything(self) -> list[Row]:
        rows: list[Row] = []
        page: Any = None  # the client's own type for it is no public one
        while True:
            with self._guard():
                found, page = self._client.scroll(
                    self._name,
                    offset=page,
                    limit=_PAGE_POINTS,
                    with_payload=True,
                    with_vectors=list(self.spec.vectors),
                )
            rows += map(_row, found)
            if page is None:
                return rows

    def sources(self) -> dict[str, int]:
        with self._guard():
            found = self._client.facet(self._name, "source", limit=MOST_SOURCES, exact=True)
        return {str(hit.value): hit.count for hit in found.hits}

    def count(self) -> int:
        with self._guard():
            return self._client.count(self._name, exact=True).count

    def close(self) -> None:
        """Nothing: the client is closed once, by the store."""

    def _record(self) -> str | None:
        kept = (self._client.get_collection(self._name).config.metadata or {}).get(_RECORD)
        return kept if isinstance(kept, str) else None

    def _create(self) -> str | None:
        words = {WORDS: m.SparseVectorParams(modifier=m.Modifier.IDF)} if self.spec.words else None
        try:
            self._client.create_collection(
                self._name,
                vectors_config={
                    name: m.VectorParams(size=size, distance=m.Distance.COSINE)
                    for name, size in self.spec.vectors.items()
                },
                sparse_vectors_config=words,
                metadata={_RECORD: record_of(self.spec)},
            )
        except Exception:
            # Another node may have been quicker; then its record is the one to compare with.
            if not self._client.collection_exists(self._name):
                raise
        return self._record()

    def _index(self) -> None:
        """At every opening, because a node may have died between making the collection and its indexes."""
        if isinstance(self._client._client, QdrantLocal):
            return  # it has no indexes, and warns of it
        schemas = {"keyword": m.PayloadSchemaType.KEYWORD, "float": m.PayloadSchemaType.FLOAT}
        for field, kind in INDEXED[self.spec.modality].items():
            self._client.create_payload_index(self._name, field, schemas[kind], wait=True)


def _row(found: m.Record | m.ScoredPoint, score: float = 0.0) -> Row:
    return Row(str(found.id), found.payload or {}, score, _dense(found.vector))


def _dense(vectors: object) -> dict[str, Vector]:
    if not isinstance(vectors, dict):
        return {}
    return {name: tuple(vector) for name, vector in vectors.items() if isinstance(vector, list)}
