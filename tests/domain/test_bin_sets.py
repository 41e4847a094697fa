"""Sets of bins are sets."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bin_sets import BIN_S, WEEK_BINS, BinSet, bin_of

bins = st.integers(-3 * WEEK_BINS, 3 * WEEK_BINS)
few = st.sets(bins | st.integers(0, 20), max_size=20)


def of(numbers: set[int]) -> BinSet:
    found = BinSet()
    for number in numbers:
        found.add(number)
        found.add(number)
    return found


@given(few, few, bins)
def test_it_does_what_a_set_does(one: set[int], other: set[int], bin: int) -> None:
    assert list(of(one)) == sorted(one)
    assert len(of(one)) == len(one)
    assert (bin in of(one)) == (bin in one)
    assert of(one) | of(other) == of(one | other)
    assert of(one) - of(other) == of(one - other)
    assert of(one).since(bin) == of({each for each in one if each >= bin})
    assert of(one).until(bin) == of({each for each in one if each < bin})
    assert (of(one) == of(other)) == (one == other)
    assert of(one).within(lambda week: 0b1010) == of({each for each in one if each % WEEK_BINS in (1, 3)})


@given(few.filter(bool))
def test_the_first_and_the_last(one: set[int]) -> None:
    assert (of(one).first, of(one).last) == (min(one), max(one))


def test_there_is_no_first_of_none() -> None:
    assert (BinSet().first, BinSet().last, len(BinSet())) == (0, 0, 0)


@given(few)
def test_it_survives_json(one: set[int]) -> None:
    assert BinSet.from_data(json.loads(json.dumps(of(one).to_data()))) == of(one)


@pytest.mark.parametrize("data", [{"a": "0"}, {"1": "x"}, {"1": "-1"}, {"1": "f" * 600}])
def test_what_is_none_is_refused(data: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        BinSet.from_data(data)


def test_old_weeks_are_forgotten() -> None:
    kept = of({-1, 0, WEEK_BINS})
    kept.forget_before(0)
    assert list(kept) == [0, WEEK_BINS]


@pytest.mark.parametrize(
    ("numbers", "apart", "runs"), [(set(), 2, 0), ({1, 2, 3}, 2, 1), ({1, 3}, 2, 2), ({1, 3, 6}, 3, 2)]
)
def test_runs_are_as_far_apart_as_asked(numbers: set[int], apart: int, runs: int) -> None:
    assert of(numbers).runs(apart) == runs


def test_a_bin_begins_with_its_time() -> None:
    assert [bin_of(time_s) for time_s in (-0.1, 0.0, BIN_S - 0.1, BIN_S)] == [-1, 0, 0, 1]
