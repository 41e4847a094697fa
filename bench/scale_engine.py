"""The engine alone, in this process: how long a search takes, and how many of the true nearest it finds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from bench.scale_data import MOMENT_S, SOURCES, SPECS, VOCABULARY, Kind, query_vectors, source_name, start_s
from domain.events import Vector
from domain.ports import MomentFilter
from search.collections import WORDS, SparseWords
from search.edge_filter import edge_filter
from search.edge_folder import open_edge_collections
from search.edge_store import EdgeCollection
from search.file_cache import read_all
from search.service import SearchOptions
from search.words import Bm25Words

FETCHED = SearchOptions().tiers[0][1]  # what the search service asks of a collection for the first page
NEAREST = 10
_WARMING = 100
_QUERIES = 200
_RECALLED = 50
_EVERYTHING = MomentFilter()


@dataclass(slots=True)
class EngineTimes:
    """Milliseconds by kind of query, and shares of the true nearest that were found."""

    filtered_ms: dict[str, list[float]] = field(default_factory=dict)
    unfiltered_ms: dict[str, list[float]] = field(default_factory=dict)
    newest_ms: list[float] = field(default_factory=list)
    recalls: list[float] = field(default_factory=list)
    open_s: float = 0.0


def measure(folder: Path, count: int) -> EngineTimes:
    """Waits first for what an earlier run left unbuilt."""
    times = EngineTimes()
    began = time.monotonic()
    collections, opened = open_edge_collections(folder, list(SPECS.values()))
    times.open_s = time.monotonic() - began
    for collection in collections:
        collection.settle()
    read_all(folder)  # as after some time of running: the engine dropped from the system's cache what it closed
    for kind, collection in zip(SPECS, collections, strict=True):
        _time(
            times,
            f"{kind}_vector",
            collection,
            [tuple(row) for row in query_vectors(kind, _QUERIES, 7).tolist()],
            count,
        )
        if kind == "speech":
            _time(times, "speech_words", collection, list(_words(_QUERIES)), count)
        times.newest_ms += [_newest_ms(collection, where) for where in filters(_QUERIES, count)]
        times.recalls += _recalls(collection, kind, count)
    for collection in collections:
        collection.close()
    opened.close()
    return times


def filters(wanted: int, count: int, seed: int = 11) -> Iterator[MomentFilter]:
    """One to eight of the sources, and a fiftieth to all of the time."""
    rng = np.random.default_rng(seed)
    for _ in range(wanted):
        sources = rng.choice(SOURCES, int(np.exp(rng.uniform(0, np.log(8)))), replace=False)
        share = np.exp(rng.uniform(np.log(0.02), 0))
        since = rng.uniform(0, 1 - share) * count
        yield MomentFilter(
            sources=tuple(map(source_name, sources)), since_s=start_s(int(since)),
            until_s=start_s(int(since + share * count)) + MOMENT_S,
        )  # fmt: skip


def _time(
    times: EngineTimes, name: str, collection: EdgeCollection, queries: Sequence[Vector | SparseWords], count: int
) -> None:
    """As the search service asks: words without vectors."""
    is_words = name == "speech_words"
    using = WORDS if is_words else collection.spec.searched_by

    def ms(query: Vector | SparseWords, where: MomentFilter) -> float:
        began = time.perf_counter()
        collection.nearest(query, where, FETCHED, vectors=() if is_words else (using,), using=using)
        return (time.perf_counter() - began) * 1000

    for query in queries[:_WARMING]:
        ms(query, _EVERYTHING)
    times.filtered_ms[name] = [ms(q, w) for q, w in zip(queries, filters(len(queries), count), strict=True)]
    times.unfiltered_ms[name] = [ms(query, _EVERYTHING) for query in queries]


def _newest_ms(collection: EdgeCollection, where: MomentFilter) -> float:
    began = time.perf_counter()
    collection.newest(where, 20, vectors=())
    return (time.perf_counter() - began) * 1000


def _recalls(collection: EdgeCollection, kind: Kind, count: int) -> list[float]:
    """Half of the queries with a filter."""
    found = []
    using = collection.spec.searched_by
    queries = query_vectors(kind, _RECALLED, 13).tolist()
    for at, (row, where) in enumerate(zip(queries, filters(_RECALLED, count), strict=True)):
        asked = where if at % 2 else _EVERYTHING
        true = _exactly(collection, row, asked)
        hits = collection.nearest(tuple(row), asked, FETCHED, vectors=(), using=using)
        mine = {hit.id for hit in sorted(hits, key=lambda hit: -hit.score)[:NEAREST]}
        found.append(len(true & mine) / len(true) if true else 1.0)
    return found


def _exactly(collection: EdgeCollection, vector: list[float], where: MomentFilter) -> set[str]:
    """By the engine's own comparison with each of the whole vectors."""
    query = edge.QueryRequest(
        limit=NEAREST, query=edge.Query.Nearest(vector, using=collection.spec.searched_by), filter=edge_filter(where),
        with_payload=False, with_vector=False, params=edge.SearchParams(exact=True),
    )  # fmt: skip
    found = [hit for shard in collection._shards() for hit in shard.nearest(query)]
    return {str(id) for _, id in sorted(found, key=lambda hit: -hit[0])[:NEAREST]}


def _words(wanted: int) -> Iterator[SparseWords]:
    """Two to four words, common and rare ones."""
    rng, words = np.random.default_rng(17), Bm25Words()
    for at in range(wanted):
        query = words.of_query(" ".join(f"w{int(VOCABULARY**share)}" for share in rng.random(2 + at % 3)))
        if query is not None:
            yield query
