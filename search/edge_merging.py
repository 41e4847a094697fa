"""Which sealed shards are built next. Each search asks every shard, so few are wanted; each point is written anew with
every merge, so few of these are.

Sizes are tiers: when `merged_at_once` shards of one tier stand beside each other they become one of the next (the
size-tiered merging of O'Neil et al., "The Log-Structured Merge-Tree", 1996, as in Cassandra). A million points are
written three times that way, and stand in nine shards at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from search.edge_options import EdgeOptions

_MOST_DELETED = 0.25  # of the points: what is deleted still takes room, and time to be passed over


@dataclass(frozen=True, slots=True)
class Extent:
    """What of a sealed shard decides whether it is built anew."""

    points: int
    deleted: int = 0  # since it was built
    is_stale: bool = False  # its files hold what must not stay


T = TypeVar("T")


def next_merge(shards: Sequence[tuple[T, Extent]], options: EdgeOptions) -> list[T]:
    """Which of the sealed shards, in order of time, become one; of one alone, it is written anew. Empty: none has to
    be."""
    for name, extent in shards:
        if extent.is_stale or extent.deleted > _MOST_DELETED * (extent.points + extent.deleted + options.hot_points):
            return [name]
    tiers: dict[int, list[tuple[T, Extent]]] = {}
    for name, extent in shards:
        tiers.setdefault(_tier(extent.points, options), []).append((name, extent))
    for _, members in sorted(tiers.items()):
        chosen = members[: options.merged_at_once]
        if len(chosen) == options.merged_at_once and sum(of.points for _, of in chosen) <= options.largest_merge:
            return [name for name, _ in chosen]
    return []


def _tier(points: int, options: EdgeOptions) -> int:
    """0 up to `merged_at_once` times as many as a hot shard holds, 1 up to that many times more, and so on."""
    tier, size = 0, options.hot_points * options.merged_at_once
    while points >= size:
        tier, size = tier + 1, size * options.merged_at_once
    return tier
