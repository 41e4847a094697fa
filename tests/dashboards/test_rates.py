"""How often and how long, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.rates import BUDGETS, how_long, how_often
from domain.rules import LEAST_ALARMS_PER_DAY, MOST_ALARMS_PER_DAY


@pytest.mark.parametrize(
    ("per_day", "words"),
    [
        (24.0, "one an hour"),
        (3.2, "3 a day"),
        (1.0, "one a day"),
        (0.9, "one a day"),
        (0.5, "4 a week"),
        (1 / 7, "one a week"),
        (0.1, "3 a month"),
        (1 / 365, "one a year"),
        (1e-4, "less than one a year"),
        (0.0, "hardly ever"),
        (float("nan"), "hardly ever"),
        (36_000.0, "1,500 an hour"),
    ],
)
def test_a_rate_is_told_in_the_unit_that_people_plan_with(per_day: float, words: str) -> None:
    assert how_often(per_day) == words


@given(st.floats(0.001, 20.0))
def test_the_words_are_within_a_third_of_the_rate(per_day: float) -> None:
    count, _, unit = how_often(per_day).partition(" ")
    if count == "less":
        assert per_day < 0.76 / 365
        return
    unit_per_day = {"an hour": 24.0, "a day": 1.0, "a week": 1 / 7, "a month": 1 / 30, "a year": 1 / 365}[unit]
    told = (1 if count == "one" else int(count)) * unit_per_day
    assert told / 1.5 <= per_day <= told * 1.5


def test_every_budget_is_one_that_the_node_takes_and_named_by_itself() -> None:
    assert all(LEAST_ALARMS_PER_DAY <= budget <= MOST_ALARMS_PER_DAY for budget in BUDGETS)
    assert [how_often(budget).partition(" ")[0] for budget in BUDGETS] == ["one"] * len(BUDGETS)


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.0, "1 minute"), (0.4, "24 minutes"), (1.0, "1 hour"), (5.0, "5 hours"), (40.0, "40 hours"), (72.0, "3 days")],
)
def test_a_while_is_told_in_minutes_hours_or_days(hours: float, words: str) -> None:
    assert how_long(hours) == words
