"""How Qdrant Edge lays out a collection: what is searched exactly, and what is sealed behind an index."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """The defaults are measured on two cores, with 512 numbers a vector: `make bench-scale`."""

    hot_points: int = 20_000  # searched exactly, in 1.5 ms; up to twice as many while some are sealed
    merged_at_once: int = 4  # sealed shards of about one size become one; more: fewer merges, more shards to search
    largest_merge: int = 2_000_000  # points: an hour's work at most
    neighbours_looked_at: int = 128  # HNSW's ef: with 256, 5 in 1,000 more of the nearest are found, at half more time
    neighbours_looked_at_filtered: int = 256  # with 128, behind some filters one query in 13 misses most of the nearest
    building_threads: int = 1  # of the child that builds; the other core is the searches'
    retry_s: float = 60.0  # after a build that failed, such as for want of disk
