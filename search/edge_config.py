"""What the engine is told of a shard's vectors, words and filters, before the first point."""

from __future__ import annotations

import qdrant_edge as edge

from search.collections import WORDS, CollectionSpec
from search.conditions import INDEXED
from search.edge_options import EdgeOptions

_NEIGHBOURS = 32  # HNSW's m: with 16, near-duplicates link to each other alone, and one search in ten ends among them
_NEIGHBOURS_BUILDING = 200  # its ef_construct
_SCANNED_POINTS = 5_000  # where a filter lets no more through, each is compared: as quick as the graph, and exact
_KB = 1024
_FLOAT_BYTES = 4
_ONE_SEGMENT_KB = 1 << 30  # a terabyte: no shard is cut


def hot_config(spec: CollectionSpec) -> edge.EdgeConfig:
    """Unindexed, with a write-ahead log: what was written survives a kill without a flush."""
    return edge.EdgeConfig(
        vectors={name: _vector(size) for name, size in spec.vectors.items()},
        sparse_vectors={WORDS: edge.EdgeSparseVectorParams()} if spec.words else None,
    )


def sealed_config(spec: CollectionSpec, options: EdgeOptions) -> edge.EdgeConfig:
    """One indexed segment, without a log.

    The graph is walked over numbers of one byte, which stay in memory; the nearest found are compared again by the
    whole ones, which stay on the disk. So scores are those of an exact search.
    """
    return edge.EdgeConfig(
        vectors={name: _indexed_vector(size, options) for name, size in spec.vectors.items()},
        sparse_vectors={WORDS: edge.EdgeSparseVectorParams()} if spec.words else None,
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=1, max_segment_size=_ONE_SEGMENT_KB, indexing_threshold=1
        ),
        wal_enabled=False,
    )


def indexes(spec: CollectionSpec, *, sealed: bool = False) -> list[edge.UpdateOperation]:
    """The graph of a filterable field must be known when it is built, so these come before any point."""
    return [
        edge.UpdateOperation.create_field_index(
            name,
            edge.KeywordIndexParams() if kind == "keyword" else edge.FloatIndexParams(memory=_placed(name, sealed)),
        )
        for name, kind in INDEXED[spec.modality].items()
    ]


def _placed(field: str, sealed: bool) -> edge.Memory | None:
    """Numbers in memory are sorted anew when their shard is loaded, for a fifth of a second of a million, in which
    nothing is searched. Almost every search with a time looks at the start, which is twice as quick there."""
    return edge.Memory.Cached if sealed and field != "start_s" else None


def _vector(size: int) -> edge.EdgeVectorParams:
    return edge.EdgeVectorParams(size=size, distance=edge.Distance.Cosine)


def _indexed_vector(size: int, options: EdgeOptions) -> edge.EdgeVectorParams:
    graph = edge.HnswIndexConfig(
        m=_NEIGHBOURS,
        ef_construct=_NEIGHBOURS_BUILDING,
        full_scan_threshold=_SCANNED_POINTS * size * _FLOAT_BYTES // _KB,
        max_indexing_threads=options.building_threads,
        memory=edge.Memory.Cached,
    )
    small = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Pinned)
    return edge.EdgeVectorParams(
        size=size,
        distance=edge.Distance.Cosine,
        memory=edge.Memory.Cold,
        hnsw_config=graph,
        quantization_config=small,
    )
