"""What counts as silence, and what does not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proven_time import COMEBACK_S, HOLDS_S, ProvenTime


def watched(*times_s: float) -> ProvenTime:
    proven = ProvenTime()
    for time_s in times_s:
        proven.push(time_s)
    return proven


def test_watched_time_counts() -> None:
    proven = watched(100.0, 101.5)
    since_s = proven.proven_s
    for time_s in (103.0, 104.4, 104.2, 104.4, 106.0):
        proven.push(time_s)
    assert proven.silence_s(since_s) == pytest.approx(4.5)


@pytest.mark.parametrize("break_s", [HOLDS_S + 0.1, 60.0, 86_400.0, -3600.0])
def test_a_break_counts_little_and_gives_time_to_come_back(break_s: float) -> None:
    """The broker was away, this process was stopped, the machine slept or its clock was set."""
    proven = watched(100.0, 101.0)
    since_s = proven.proven_s
    proven.push(101.0 + break_s)
    assert proven.silence_s(since_s) == -COMEBACK_S
    proven.push(103.0 + break_s)
    assert proven.silence_s(since_s) == pytest.approx(2.0 - COMEBACK_S)


def test_a_break_before_the_silence_is_of_no_concern() -> None:
    proven = watched(100.0, 200.0, 201.0)
    since_s = proven.proven_s
    proven.push(203.0)
    assert proven.silence_s(since_s) == 2.0


def test_at_the_beginning_nobody_knows_whether_a_break_has_just_ended() -> None:
    proven = ProvenTime()
    for time_s in range(100, 111):
        proven.push(time_s)
    assert proven.silence_s(0.0) == 10.0 - COMEBACK_S - HOLDS_S


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))
def test_no_silence_is_longer_than_what_was_watched(times_s: list[float]) -> None:
    proven = watched(*times_s)
    seen_s = sum(min(HOLDS_S, abs(b - a)) for a, b in pairwise(times_s))
    assert proven.silence_s(0.0) <= seen_s + 1e-6
