"""Questions of nearness, in Qdrant Edge's terms."""

from __future__ import annotations

import qdrant_edge as edge

from domain.events import Vector
from search.collections import SparseWords
from search.edge_options import EdgeOptions


def nearest_query(
    query: Vector | SparseWords,
    using: str,
    where: edge.Filter | None,
    limit: int,
    options: EdgeOptions,
    *,
    is_narrow: bool,
) -> edge.QueryRequest:
    """Scores and ids by the vector `using` names, or by words, which are weighed already. `is_narrow`: the filter may
    let few through."""
    asked = edge.Query.Nearest(
        edge.SparseVector(query.indices, query.values) if isinstance(query, SparseWords) else list(query), using=using
    )
    neighbours = options.neighbours_looked_at_filtered if is_narrow else options.neighbours_looked_at
    return edge.QueryRequest(
        limit=limit,
        query=asked,
        filter=where,
        with_payload=False,
        with_vector=False,
        params=edge.SearchParams(hnsw_ef=neighbours, quantization=edge.QuantizationSearchParams(rescore=True)),
    )
