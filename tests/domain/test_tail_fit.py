"""Incidents are counted as runs of high bins, and a tail is continued as it falls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tail_fit import TailFit, fit_tail, levels, peaks

bins = st.dictionaries(st.integers(0, 30), st.integers(0, 8).map(float), max_size=25)
aparts = st.integers(1, 4)


def runs(numbers: list[int], apart: int) -> int:
    ordered = sorted(numbers)
    return sum(1 for at, bin in enumerate(ordered) if at == 0 or bin - ordered[at - 1] >= apart)


@given(bins, aparts)
def test_a_level_counts_the_runs_at_and_above_it(found: dict[int, float], apart: int) -> None:
    steps = levels(found, apart)
    assert [step.score for step in steps] == sorted(set(found.values()), reverse=True)
    for step in steps:
        assert step.incidents == runs([bin for bin, score in found.items() if score >= step.score], apart)


@given(bins, aparts, st.floats(-1, 9))
def test_each_run_has_its_best_score(found: dict[int, float], apart: int, above: float) -> None:
    best = peaks(found, above, apart)
    high = [bin for bin, score in found.items() if score > above]
    assert len(best) == runs(high, apart)
    assert max(best, default=None) == max((found[bin] for bin in high), default=None)


def test_a_tail_goes_on_as_it_falls() -> None:
    random = np.random.default_rng(7)
    fit = fit_tail((2.0 + random.exponential(0.5, 2000)).tolist(), 2.0, 100.0)
    assert fit is not None
    assert fit.per_day == 20.0
    assert fit.scale == pytest.approx(0.5, rel=0.05)
    # True: 20 exp(-(score - 2) / 0.5) = 0.1
    assert fit.score_at(0.1) == pytest.approx(2.0 + 0.5 * math.log(200), rel=0.03)


@given(st.floats(-5, 5), st.floats(0.1, 100), st.floats(0.01, 3), st.integers(1, 100), st.floats(0.001, 99))
def test_a_score_and_its_rate_are_inverse(start: float, rate: float, scale: float, count: int, wanted: float) -> None:
    fit = TailFit(start, rate, scale, count)
    assert fit.per_day_at(fit.score_at(wanted)) == pytest.approx(wanted, rel=1e-6)
    assert fit.error_factor(wanted) >= 1.0


def test_the_farther_beyond_the_sample_the_less_is_known() -> None:
    few, many = TailFit(2.0, 10.0, 0.5, 9), TailFit(2.0, 10.0, 0.5, 90)
    assert few.error_factor(10.0) == 1.0
    assert few.error_factor(1.0) == pytest.approx(10 ** (1 / 3))
    assert few.error_factor(0.1) > few.error_factor(1.0) > many.error_factor(1.0)


def test_nothing_has_no_tail() -> None:
    assert fit_tail([], 2.0, 1.0) is None
