from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bootstrap import LEAST_DIFFERENT, BootstrapOptions, mean_intervals, paired_differences

FEW = BootstrapOptions(resamples=200)
VALUES = st.lists(st.floats(0, 1, width=16), min_size=1, max_size=30)


def column(values: object) -> list[list[float]]:
    return [[float(value)] for value in np.asarray(values).tolist()]


def test_the_interval_is_that_of_the_books() -> None:
    """For many values the bootstrap of a mean is the normal approximation: 1.96 standard errors to each side."""
    values = np.random.default_rng(0).normal(0.5, 0.1, 400)
    [found] = mean_intervals(column(values))
    error = values.std() / np.sqrt(len(values))

    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_it_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        [found] = mean_intervals(column(random.random(60) < 0.4), FEW)
        held += found.low <= 0.4 <= found.high

    assert 0.88 <= held / 200 <= 0.99


@settings(max_examples=30)
@given(VALUES)
def test_it_holds_the_mean_and_stays_between_the_extremes(values: list[float]) -> None:
    [found] = mean_intervals(column(values), FEW)

    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.mean == pytest.approx(np.mean(values))
    assert mean_intervals(column(values), FEW) == [found]


@settings(max_examples=20)
@given(VALUES)
def test_measures_do_not_disturb_each_other(values: list[float]) -> None:
    both = mean_intervals([[value, 1 - value] for value in values], FEW)
    assert both[0] == mean_intervals(column(values), FEW)[0]
    assert both[1].low == pytest.approx(1 - both[0].high)


def test_where_all_are_right_it_is_a_point() -> None:
    [found] = mean_intervals(column([1.0] * 20))
    assert (found.mean, found.low, found.high) == (1.0, 1.0, 1.0)


def test_the_same_twice_is_no_difference() -> None:
    values = column(np.random.default_rng(0).random(50))
    [found] = paired_differences(values, values)

    assert (found.mean, found.low, found.high, found.is_more_than_chance) == (0.0, 0.0, 0.0, False)


def test_a_small_change_of_every_query_is_more_than_chance_though_queries_differ_widely() -> None:
    """Unpaired, the two intervals overlap: it is the pairing that shows it."""
    random = np.random.default_rng(0)
    before = random.random(60)
    after = before + 0.02 + random.normal(0, 0.01, 60)
    [found] = paired_differences(column(before), column(after))
    [alone], [other] = mean_intervals(column(before)), mean_intervals(column(after))

    assert found.is_more_than_chance
    assert found.mean == pytest.approx(0.02, abs=0.005)
    assert alone.high > other.low


def test_swapped_the_difference_changes_its_sign() -> None:
    random = np.random.default_rng(2)
    before, after = column(random.random(40)), column(random.random(40))
    [there], [back] = paired_differences(before, after), paired_differences(after, before)

    assert back.mean == pytest.approx(-there.mean)
    assert back.low == pytest.approx(-there.high)
    assert back.is_more_than_chance == there.is_more_than_chance


def test_chance_is_seldom_taken_for_more() -> None:
    random = np.random.default_rng(3)
    taken = 0
    for _ in range(200):
        [found] = paired_differences(column(random.random(50)), column(random.random(50)), FEW)
        taken += found.is_more_than_chance

    assert taken / 200 <= 0.1


@pytest.mark.parametrize("changed", [1, LEAST_DIFFERENT - 1, LEAST_DIFFERENT])
def test_few_queries_that_differ_are_not_enough(changed: int) -> None:
    [found] = paired_differences(column([0.0] * changed), column([1.0] * changed))
    assert found.is_more_than_chance == (changed == LEAST_DIFFERENT)


@pytest.mark.parametrize(
    ("values", "why"), [([], "needs queries"), ([0.5], "needs queries"), ([[0.5], [float("nan")]], "not finite")]
)
def test_what_has_no_mean_is_refused(values: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        mean_intervals(values)  # type: ignore[arg-type]


def test_pairs_are_of_one_shape() -> None:
    with pytest.raises(ValueError, match="pairs"):
        paired_differences(column([1.0]), column([1.0, 0.0]))
