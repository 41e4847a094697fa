"""Which sealed shards become one, and how many are left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from search.edge_merging import Extent, next_merge
from search.edge_options import EdgeOptions

OPTIONS = EdgeOptions(hot_points=10, merged_at_once=4, largest_merge=2_000)


def settled(sizes: list[int], options: EdgeOptions = OPTIONS) -> tuple[list[int], int]:
    """The sizes once each shard was added and all merges done, and how many points were written by merges."""
    shards: list[int] = []
    written = 0
    for size in sizes:
        shards.append(size)
        while chosen := next_merge([(at, Extent(points)) for at, points in enumerate(shards)], options):
            assert len(chosen) > 1
            merged = sum(shards[at] for at in chosen)
            assert merged <= options.largest_merge
            written += merged
            shards = [points for at, points in enumerate(shards) if at not in chosen]
            shards.insert(chosen[0], merged)
    return shards, written


@given(st.lists(st.integers(10, 14), max_size=150))
def test_few_shards_are_left_and_no_point_is_written_often(sizes: list[int]) -> None:
    shards, written = settled(sizes)
    assert sum(shards) == sum(sizes)
    assert len(shards) <= 4 * 3  # of each tier up to 2,000 fewer than four
    assert written <= 4 * sum(sizes)


def test_a_million_points_stand_in_few_shards_and_were_written_three_times() -> None:
    shards, written = settled([20_000] * 50, EdgeOptions(hot_points=20_000, merged_at_once=4))
    assert shards == [320_000, 320_000, 320_000, 20_000, 20_000]
    assert written / 1_000_000 < 2  # and once when each was sealed


def test_what_is_too_large_stays_as_it_is() -> None:
    shards, _ = settled([700] * 4)
    assert shards == [700] * 4


def test_what_must_be_forgotten_goes_first_and_alone() -> None:
    shards = [
        ("a", Extent(10)),
        ("b", Extent(10)),
        ("c", Extent(500, is_stale=True)),
        ("d", Extent(10)),
        ("e", Extent(10)),
    ]
    assert next_merge(shards, OPTIONS) == ["c"]


def test_one_of_which_much_is_deleted_is_built_anew() -> None:
    assert next_merge([("a", Extent(390, deleted=100))], OPTIONS) == []
    assert next_merge([("a", Extent(390, deleted=140))], OPTIONS) == ["a"]
    assert next_merge([("a", Extent(0, deleted=14))], OPTIONS) == ["a"]
