"""Ratios of sums over queries: precision over all alarms, recall over all that should be told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bootstrap import BootstrapOptions, mean_intervals, ratio_differences, ratio_intervals

FEW = BootstrapOptions(resamples=200)
COUNTS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=30)


@settings(max_examples=30)
@given(COUNTS)
def test_it_is_the_ratio_of_the_sums_and_stays_between_the_queries_own(counts: list[tuple[int, int]]) -> None:
    [found] = ratio_intervals([[each] for each in counts], FEW)
    own = [right / told for right, told in counts]

    assert found.mean == pytest.approx(sum(right for right, _ in counts) / sum(told for _, told in counts))
    assert min(own) - 1e-9 <= found.low <= found.high <= max(own) + 1e-9


def test_where_all_weigh_the_same_it_is_the_mean() -> None:
    values = np.random.default_rng(0).random(40)
    [ratio], [mean] = ratio_intervals([[(value, 1.0)] for value in values], FEW), mean_intervals(values[:, None], FEW)
    assert (ratio.mean, ratio.low, ratio.high) == pytest.approx((mean.mean, mean.low, mean.high))


def test_rules_that_never_tell_count_where_they_should_have() -> None:
    """Half the rules tell one right thing each, half tell nothing: all is right, half is found."""
    precision, recall = ratio_intervals([[(1, 1), (1, 1)], [(0, 0), (0, 1)]] * 20, FEW)

    assert (precision.mean, precision.low, precision.high) == (1.0, 1.0, 1.0)
    assert recall.mean == 0.5 and recall.low < 0.5 < recall.high


def test_a_difference_is_sure_where_every_query_gains_and_not_where_few_do() -> None:
    before, every, few = [[(1, 4)]] * 20, [[(2, 4)]] * 20, [*[[(4, 4)]] * 5, *[[(1, 4)]] * 15]

    [sure], [unsure], [none] = (ratio_differences(before, after, FEW) for after in (every, few, before))
    assert (sure.mean, sure.is_more_than_chance) == (0.25, True)
    assert unsure.mean > 0 and not unsure.is_more_than_chance
    assert (none.mean, none.low, none.high, none.is_more_than_chance) == (0.0, 0.0, 0.0, False)


@pytest.mark.parametrize(
    "parts", [[], [(1, 2)], [[(1, 2, 3)]], [[(-1, 2)]], [[(float("nan"), 2)]], [[(0, 0)], [(1, 0)]]]
)
def test_what_gives_no_ratio_is_refused(parts: object) -> None:
    with pytest.raises(ValueError, match=r"ratio"):
        ratio_intervals(parts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"ratio|pairs"):
        ratio_differences(parts, [[(1, 2)]])  # type: ignore[arg-type]
