"""How Qdrant Edge lays out a collection: what is searched exactly, and what is sealed behind an index."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """The defaults are measured by `make bench-scale`: 512 numbers a vector, two cores."""

    hot_points: int = 20_000  # searched exactly, in 1.5 ms; more are set aside to be sealed
    merged_at_once: int = (
        4  # sealed shards of about one size become one: fewer are searched, at that many times the work
    )
    largest_merge: int = 2_000_000  # points; a shard this large is a quarter of an hour's work and stays as it is
    neighbours_looked_at: int = 128  # HNSW's ef: more finds more of the true nearest, and takes longer
    building_threads: int = 1  # of the child that builds; the others are the searches'
    retry_s: float = 60.0  # after a build that failed, such as for want of disk
