"""Questions of nearness, in Qdrant Edge's terms."""

from __future__ import annotations

import qdrant_edge as edge

from domain.events import Vector
from domain.ports import MomentFilter
from search.collections import SparseWords
from search.edge_filter import edge_filter

_LOOKED_AT_AGAIN = 2.0  # times as many as wanted are compared by their whole vectors


def nearest_query(
    query: Vector | SparseWords, using: str, where: MomentFilter, limit: int, neighbours: int
) -> edge.QueryRequest:
    """Scores and ids by the vector `using` names, or by words, which are weighed already."""
    asked = edge.Query.Nearest(
        edge.SparseVector(query.indices, query.values) if isinstance(query, SparseWords) else list(query), using=using
    )
    again = edge.QuantizationSearchParams(rescore=True, oversampling=_LOOKED_AT_AGAIN)
    return edge.QueryRequest(
        limit=limit,
        query=asked,
        filter=edge_filter(where),
        with_payload=False,
        with_vector=False,
        params=edge.SearchParams(hnsw_ef=neighbours, quantization=again),
    )
