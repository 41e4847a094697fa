"""What was read of a log is known when it comes again, and another log in its place is not taken for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.log_places import LogPlaces, Place

# A log of one partition each: later records are written no earlier.
logs = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 9)), max_size=20)


def places(log: list[tuple[int, float]]) -> list[Place]:
    found, ends, now_s = list[Place](), dict[int, int](), 1000.0
    for partition, later_s in log:
        now_s += later_s
        ends[partition] = ends.get(partition, -1) + 1
        found.append(Place(partition, ends[partition], now_s))
    return found


@given(logs, st.integers(0, 20))
def test_what_was_read_is_known_and_the_rest_is_not(log: list[tuple[int, float]], cut: int) -> None:
    all = places(log)
    read = LogPlaces(all[:cut])
    assert [read.has(place) for place in all] == [at < cut for at in range(len(all))]
    assert LogPlaces.from_data(json.loads(json.dumps(read.to_data()))) == read
    whole = LogPlaces(all)
    assert whole.covers(read) and read.covers(LogPlaces())
    assert read.covers(whole) == (cut >= len(all))
    assert read.with_all_of(whole) == whole.with_all_of(read) == whole


def test_a_log_that_was_made_anew_is_another() -> None:
    read = LogPlaces([Place(0, at, 10.0 + at) for at in range(50)])
    assert not read.has(Place(0, 0, 100.0))
    read.note(Place(0, 0, 100.0))
    assert read.has(Place(0, 0, 100.0)) and not read.has(Place(0, 1, 100.0))


@pytest.mark.parametrize("data", [{"x": [1, 2.0]}, {"0": 1}, {"0": [1]}, [1]])
def test_whatever_else_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        LogPlaces.from_data(data)
