"""Points and rows, as the engine takes and gives them."""

from __future__ import annotations

from typing import cast

import qdrant_edge as edge

from domain.events import Vector
from search.collections import WORDS, CollectionSpec, Point, Row, SparseWords


def vectors_of(spec: CollectionSpec) -> list[str]:
    """Every name under which a point has a vector, the words included."""
    return [*spec.vectors, *([WORDS] if spec.words else [])]


def to_engine(point: Point) -> edge.Point:
    vectors: dict[str, edge.NamedVector] = {name: list(vector) for name, vector in point.vectors.items()}
    if point.words is not None:
        vectors[WORDS] = edge.SparseVector(point.words.indices, point.words.values)
    return edge.Point(point.id, vectors, point.payload)


def to_point(record: edge.Record) -> Point:
    """As it was written, where the record was asked for with all its vectors."""
    return Point(str(record.id), dense(record.vector), words(record.vector), record.payload or {})


def to_row(record: edge.Record) -> Row:
    return Row(str(record.id), record.payload or {}, 0.0, dense(record.vector))


def dense(vectors: edge.Vector | None) -> dict[str, Vector]:
    if not isinstance(vectors, dict):
        return {}
    return {name: cast(Vector, tuple(vector)) for name, vector in vectors.items() if isinstance(vector, list)}


def words(vectors: edge.Vector | None) -> SparseWords | None:
    found = vectors.get(WORDS) if isinstance(vectors, dict) else None
    return SparseWords(list(found.indices), list(found.values)) if isinstance(found, edge.SparseVector) else None
