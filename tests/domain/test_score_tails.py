"""A tail is a function of the set of what was observed, and exact above what it says."""

from __future__ import annotations

import base64
import json
import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bin_sets import WEEK_BINS
from domain.score_tails import ScoreTail

scores = st.integers(-5, 30).map(lambda score: score / 4)
observed = st.lists(st.tuples(st.integers(0, 15), scores), max_size=40)
offsets = st.integers(0, WEEK_BINS - 1)


def tail_of(observations: list[tuple[int, float]], capacity: int = 4, offset: int = 0) -> ScoreTail:
    tail = ScoreTail(capacity, offset)
    for bin, score in observations:
        tail.observe(bin, score)
    return tail


def best(observations: list[tuple[int, float]]) -> dict[int, float]:
    found: dict[int, float] = {}
    for bin, score in observations:
        found[bin] = max(score, found.get(bin, -math.inf))
    return found


@given(observed, st.randoms())
def test_order_and_repetition_don_t_count(observations: list[tuple[int, float]], random: object) -> None:
    again = observations + observations[::2]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert tail_of(again) == tail_of(observations)


@given(observed, st.integers(0, 40))
def test_two_tails_of_parts_merge_to_that_of_the_whole(observations: list[tuple[int, float]], cut: int) -> None:
    one, other = tail_of(observations[:cut]), tail_of(observations[cut:])
    one.merge(other)
    assert one == tail_of(observations)


@given(observed)
def test_above_its_floor_it_has_every_bin_with_its_best_score(observations: list[tuple[int, float]]) -> None:
    tail, floor = tail_of(observations), tail_of(observations).complete_above(0)
    assert tail.bins() == {bin: score for bin, score in sorted(best(observations).items()) if score > floor}
    assert len(tail.bins()) <= 4
    if len(best(observations)) <= 4:
        assert floor == -math.inf


@given(observed, st.integers(0, 15), scores)
def test_it_says_whether_a_score_made_it_another(observations: list[tuple[int, float]], bin: int, score: float) -> None:
    tail, before = tail_of(observations), tail_of(observations)
    assert tail.observe(bin, score) == (tail != before)
    if score <= before.floor(bin):
        assert tail == before


@given(observed, offsets)
def test_it_survives_json(observations: list[tuple[int, float]], offset: int) -> None:
    tail = tail_of(observations, offset=offset)
    again = ScoreTail.from_data(json.loads(json.dumps(tail.to_data())))
    assert again == tail
    assert again.observe(3, 99.0) and tail.observe(3, 99.0)
    assert again == tail


@given(offsets)
def test_between_one_and_two_weeks_are_remembered(offset: int) -> None:
    tail = ScoreTail(4, offset)
    for week in range(4):
        tail.observe(week * WEEK_BINS, float(week))
    assert list(tail.bins().values()) == [2.0, 3.0]
    assert not tail.observe(0, 99.0)  # too late
    assert tail.observe(2 * WEEK_BINS, 2.5)


def test_a_new_week_takes_any_score() -> None:
    tail = tail_of([(bin, 5.0 + bin) for bin in range(10)])
    assert tail.floor(11) == 10.0
    assert tail.floor(WEEK_BINS) == -math.inf
    assert tail.observe(WEEK_BINS, -3.0)
    assert tail.complete_above(0) == 10.0
    assert tail.complete_above(WEEK_BINS) == -math.inf


def test_scores_that_are_all_the_same_are_no_tail() -> None:
    tail = tail_of([(bin, 4.0) for bin in range(10)])
    assert (tail.bins(), tail.complete_above(0)) == ({}, 4.0)


def test_tails_of_two_kinds_don_t_merge() -> None:
    with pytest.raises(ValueError, match="can't be merged"):
        ScoreTail(4).merge(ScoreTail(5))


@pytest.mark.parametrize("bins", [[1, 1], [2, 1], [1]])
def test_what_is_none_is_refused(bins: list[int]) -> None:
    data = tail_of([(1, 2.0), (2, 3.0)]).to_data()
    data["weeks"]["0"]["bins"] = base64.b64encode(array("i", bins).tobytes()).decode()
    with pytest.raises(ValueError, match="a tail's bins are not its scores'"):
        ScoreTail.from_data(data)
