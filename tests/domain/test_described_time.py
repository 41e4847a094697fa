"""Which moments are out of date when their time was described again."""

from __future__ import annotations

from domain.described_time import DescribedTime
from domain.events import CoverageAdvanced


def covered(start_s: float, until_s: float, *moments: str, partition: int = 0, names: bool = True) -> CoverageAdvanced:
    return CoverageAdvanced(
        "s", "speech", start_s, until_s, 0.0, moments=moments if names else None, partition=partition
    )


def described(*coverages: CoverageAdvanced, remembered: int | None = None) -> DescribedTime:
    time = DescribedTime(remembered)
    for each in coverages:
        time.cover(each)
    return time


def out_of_date(time: DescribedTime, id: str, start_s: float, end_s: float, partition: int = 0) -> bool:
    return time.is_out_of_date(id, start_s, end_s, partition)


def test_what_lies_in_described_time_and_is_not_named_is_out_of_date() -> None:
    time = described(covered(0.0, 10.0, "a"))
    assert out_of_date(time, "b", 2.0, 5.0)
    assert not out_of_date(time, "a", 2.0, 5.0)


def test_what_goes_on_outside_of_described_time_is_kept() -> None:
    time = described(covered(4.0, 10.0), covered(12.0, 20.0))
    for start_s, end_s in ((3.0, 5.0), (9.0, 11.0), (9.0, 13.0), (10.2, 11.8), (19.0, 21.0), (50.0, 51.0)):
        assert not out_of_date(time, "a", start_s, end_s)


def test_neighbours_hold_together_in_any_order() -> None:
    time = described(covered(4.02, 6.0, "c"), covered(0.0, 2.0, "a"), covered(2.0, 4.0, "b"))
    assert out_of_date(time, "x", 1.0, 5.0)
    assert not out_of_date(time, "b", 1.0, 5.0)


def test_a_part_described_again_takes_nothing_from_what_goes_on_beside_it() -> None:
    """One chunk sent again: an utterance that it holds only a part of stays."""
    time = described(covered(0.0, 10.0, "long", "inside"), covered(4.0, 6.0, "again"))
    assert not out_of_date(time, "long", 3.0, 7.0)
    assert out_of_date(time, "inside", 4.5, 5.5)
    assert not out_of_date(time, "again", 4.0, 6.0)
    time.cover(covered(6.0, 8.0))
    time.cover(covered(2.0, 4.0))
    assert out_of_date(time, "long", 3.0, 7.0)


def test_a_description_that_comes_twice_changes_nothing() -> None:
    time = described(covered(0.0, 2.0, "a"), covered(2.0, 4.0, "b"), covered(0.0, 2.0, "a"))
    assert not out_of_date(time, "a", 0.5, 1.5)
    assert not out_of_date(time, "b", 2.5, 3.5)
    assert out_of_date(time, "x", 1.0, 3.0)


def test_one_that_names_nothing_leaves_nothing_known() -> None:
    """As earlier versions describe."""
    time = described(covered(0.0, 10.0, "a"), covered(2.0, 8.0, names=False))
    assert not out_of_date(time, "x", 3.0, 4.0)
    assert out_of_date(time, "x", 0.5, 1.5)
    time = described(covered(0.0, 10.0, "a", partition=2), covered(2.0, 8.0, names=False))
    assert not out_of_date(time, "x", 3.0, 4.0, partition=2)
    assert set(time.partitions) == {2}


def test_two_publishers_on_two_partitions_take_nothing_from_each_other() -> None:
    time = described(covered(0.0, 10.0, "a"), covered(0.0, 10.0, "b", partition=1))
    assert not out_of_date(time, "a", 1.0, 2.0)
    assert not out_of_date(time, "b", 1.0, 2.0)
    assert out_of_date(time, "c", 1.0, 2.0)
    assert out_of_date(time, "c", 1.0, 2.0, partition=1)
    assert not out_of_date(time, "c", 1.0, 2.0, partition=2)
    assert set(time.partitions) == {0, 1}


def test_what_a_chunk_shows_behind_its_end_is_its_own() -> None:
    time = described(covered(0.0, 2.0, "late"), covered(2.0, 4.0, "b"))
    assert not out_of_date(time, "late", 2.1, 2.5)
    time.cover(covered(1.0, 2.0, "c"))
    assert out_of_date(time, "late", 2.1, 2.5)


def test_only_the_newest_are_remembered() -> None:
    time = described(*(covered(number, number + 1.0) for number in range(10)), remembered=3)
    assert out_of_date(time, "x", 7.2, 9.8)
    assert not out_of_date(time, "x", 6.2, 7.8)
    assert not out_of_date(described(), "x", 0.0, 1.0)
