"""A threshold keeps its budget, says how it is known, and is never out of reach for good."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bin_sets import DAY_BINS
from domain.rule_thresholds import Threshold, ThresholdOptions, threshold_by_budget, threshold_by_examples
from domain.rules import Mark
from domain.tail_fit import levels, peaks

OPTIONS = ThresholdOptions()
NOTHING = -math.inf
SEEN = Threshold(3.0, 2.8, "counted", 1.0, 12, 240.0, 0.0, "counted in 10.0 days")

bins = st.dictionaries(st.integers(0, 13 * DAY_BINS), st.floats(-3, 9).map(lambda score: round(score, 2)), max_size=40)
budgets = st.sampled_from([1 / 366, 0.1, 1.0, 8.0, 24.0])


def noise(days: float, seed: int) -> dict[int, float]:
    """The best of a hundred independent scores each five minutes."""
    random = np.random.default_rng(seed)
    return dict(enumerate(random.normal(size=(round(days * DAY_BINS), 100)).max(axis=1).round(4).tolist()))


def marks(right: list[float], wrong: list[float]) -> list[Mark]:
    scores = [(score, True) for score in right] + [(score, False) for score in wrong]
    return [Mark(str(at), "gate", 0.0, 1.0, score, is_right, "c") for at, (score, is_right) in enumerate(scores)]


@pytest.mark.parametrize(
    ("days", "per_day", "basis"),
    [(10, 1.0, "counted"), (2, 1.0, "extrapolated"), (2, 8.0, "counted"), (10, 0.1, "extrapolated")],
)
def test_the_noise_to_come_keeps_the_budget(days: float, per_day: float, basis: str) -> None:
    rates = []
    for seed in range(10):
        threshold = threshold_by_budget(noise(days, seed), NOTHING, days, per_day, OPTIONS)
        assert threshold.basis == basis and threshold.score is not None
        rates.append(len(peaks(noise(30, 100 + seed), threshold.score, OPTIONS.apart_bins)) / 30)
    # Ten thresholds, each an estimate: together they are near the budget, and rather below it.
    assert per_day / 3 <= np.mean(rates) <= per_day * 1.3


@given(bins, st.floats(0.1, 14), budgets)
def test_above_a_counted_threshold_there_were_no_more_incidents_than_allowed(
    found: dict[int, float], days: float, per_day: float
) -> None:
    threshold = threshold_by_budget(found, NOTHING, days, per_day, OPTIONS)
    if threshold.basis in ("counted", "least") and threshold.score is not None:
        assert len(peaks(found, threshold.score, OPTIONS.apart_bins)) <= per_day * days


@given(bins, st.floats(0, 14), budgets, st.sampled_from([NOTHING, 2.0, 4.0]))
def test_it_is_either_known_or_says_what_is_missing(
    found: dict[int, float], days: float, per_day: float, complete_above: float
) -> None:
    kept = {bin: score for bin, score in found.items() if score > complete_above}
    threshold = threshold_by_budget(kept, complete_above, days, per_day, OPTIONS)
    assert (threshold.score is None) == (threshold.basis == "warming up") == (threshold.hours_missing > 0)
    assert threshold.note
    assert threshold.hours_seen == days * 24
    if threshold.score is not None:
        assert threshold.score >= max(OPTIONS.least, complete_above)
        assert threshold.near <= threshold.score
        assert threshold.expected_per_day is not None and threshold.expected_per_day <= per_day * (1 + 1e-9)


@given(bins, st.floats(0.2, 2), budgets)
def test_a_larger_budget_never_has_a_higher_threshold(found: dict[int, float], days: float, per_day: float) -> None:
    one, more = (threshold_by_budget(found, NOTHING, days, each, OPTIONS) for each in (per_day, per_day * 3))
    if one.score is not None and more.score is not None and one.basis == more.basis:
        assert more.score <= one.score


@given(bins, budgets.filter(lambda per_day: per_day >= 1))
def test_who_waits_as_long_as_asked_is_warm(found: dict[int, float], per_day: float) -> None:
    """Nothing new comes meanwhile: the hardest case, because nothing is learnt either."""
    days = 14 / 24
    found = {bin: score for bin, score in found.items() if bin < days * DAY_BINS}
    threshold = threshold_by_budget(found, NOTHING, days, per_day, OPTIONS)
    for _ in range(40):
        if threshold.score is not None:
            return
        days += threshold.hours_missing / 24
        threshold = threshold_by_budget(found, NOTHING, days, per_day, OPTIONS)
    pytest.fail(f"after {days} days it is still warming up: {threshold}")


def test_nothing_watched_is_warming_up() -> None:
    threshold = threshold_by_budget({}, NOTHING, 0.0, 1.0, OPTIONS)
    assert threshold.score is None and not threshold.admits(99.0)
    assert threshold.hours_missing == pytest.approx(8.0)


def test_what_never_comes_near_alarms_as_soon_as_it_does() -> None:
    threshold = threshold_by_budget({}, NOTHING, 1.0, 1.0, OPTIONS)
    assert (threshold.basis, threshold.score) == ("least", OPTIONS.least)
    assert threshold.admits(2.6) and not threshold.admits(2.5)
    assert not threshold.admits(2.4)  # that it is rare does not make just anything a match


def test_a_constant_background_is_below_the_threshold() -> None:
    """A poster of a forklift: every score is the same, and the tail (which keeps no ties) says so."""
    threshold = threshold_by_budget({}, 4.5, 2.0, 1.0, OPTIONS)
    assert threshold.score == 4.5
    assert not threshold.admits(4.5) and threshold.admits(4.6)


def test_one_long_incident_is_one() -> None:
    lasting = dict.fromkeys(range(100, 140), 6.0) | {200: 5.0, 300: 4.0, 400: 3.9, 500: 3.8, 600: 3.7, 700: 3.6}
    threshold = threshold_by_budget(lasting, NOTHING, 5.0, 1.0, OPTIONS)
    assert threshold.basis == "counted"
    assert threshold.score == pytest.approx(3.75)  # the forty bins, 200, 300, 400 and 500


def test_near_misses_come_more_often_than_alarms() -> None:
    found = noise(10, 3)
    threshold = threshold_by_budget(found, NOTHING, 10.0, 1.0, OPTIONS)
    assert threshold.score is not None
    near = next(step.incidents for step in levels(found, 2) if step.score <= threshold.near)
    assert threshold.near < threshold.score
    assert 90 <= near <= 101


@given(st.lists(st.floats(5, 9), min_size=2, max_size=9), st.lists(st.floats(0, 4), min_size=2, max_size=9))
def test_examples_that_can_be_parted_are(right: list[float], wrong: list[float]) -> None:
    threshold = threshold_by_examples(marks(right, wrong), SEEN, OPTIONS)
    assert threshold.basis == "examples" and threshold.score == pytest.approx((min(right) + max(wrong)) / 2)
    assert "except" not in threshold.note


@given(
    st.lists(st.floats(0, 9), min_size=2, max_size=9),
    st.lists(st.floats(0, 9), min_size=2, max_size=9),
    st.floats(0, 9),
)
def test_no_other_score_parts_examples_better(right: list[float], wrong: list[float], other: float) -> None:
    def errors(score: float) -> float:
        return sum(each <= score for each in right) / len(right) + sum(each > score for each in wrong) / len(wrong)

    threshold = threshold_by_examples(marks(right, wrong), SEEN, OPTIONS)
    assert threshold.score is not None
    assert errors(threshold.score) <= errors(other) + 1e-9


def test_examples_that_overlap_say_how_far() -> None:
    threshold = threshold_by_examples(marks([3.0, 5.0, 6.0], [1.0, 2.0, 5.5]), SEEN, OPTIONS)
    assert threshold.score == pytest.approx(2.5)
    assert "except 0 right ones that it misses and 1 wrong ones that it tells" in threshold.note


@pytest.mark.parametrize(("right", "wrong"), [([], []), ([5.0, 6.0], [1.0]), ([5.0], [1.0, 2.0])])
def test_too_few_examples_leave_it_to_the_budget(right: list[float], wrong: list[float]) -> None:
    threshold = threshold_by_examples(marks(right, wrong), SEEN, OPTIONS)
    assert threshold == replace(SEEN, note=threshold.note)
    assert f"{len(right)} right and {len(wrong)} wrong" in threshold.note


def test_examples_work_before_anything_was_watched() -> None:
    cold = threshold_by_budget({}, NOTHING, 0.0, 1.0, OPTIONS)
    threshold = threshold_by_examples(marks([5.0, 6.0], [1.0, 2.0]), cold, OPTIONS)
    assert threshold.score == 3.5 and threshold.hours_missing == 0.0
