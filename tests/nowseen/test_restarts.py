from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nowseen.restarts import Backoff, GiveUp, RestartAfter, Restarts

BACKOFF = Backoff(first_s=0.5, factor=2.0, longest_s=30.0, healthy_s=60.0, tries_before_ready=3)


def test_delays_double_up_to_the_longest() -> None:
    restarts = Restarts(BACKOFF)
    restarts.became_ready(0.0)
    delays = [restarts.ended(1.0) for _ in range(8)]
    assert delays == [RestartAfter(delay_s) for delay_s in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)]


def test_a_healthy_minute_wipes_the_slate() -> None:
    restarts = Restarts(BACKOFF)
    for now_s in (0.0, 1.0, 2.0):
        restarts.became_ready(now_s)
        restarts.ended(now_s)
    restarts.became_ready(10.0)
    assert restarts.ended(69.9) == RestartAfter(4.0)
    restarts.became_ready(100.0)
    assert restarts.ended(160.0) == RestartAfter(0.5)


def test_a_part_that_was_never_ready_is_given_up_after_three_tries() -> None:
    restarts = Restarts(BACKOFF)
    assert restarts.ended(1.0) == RestartAfter(0.5)
    assert restarts.ended(2.0) == RestartAfter(1.0)
    assert restarts.ended(3.0) == GiveUp(3)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 1e6)), max_size=200))
def test_a_part_that_was_ready_once_is_never_given_up_and_never_waits_too_long(
    lives: list[tuple[bool, float]],
) -> None:
    restarts, now_s = Restarts(BACKOFF), 0.0
    restarts.became_ready(now_s)
    for gets_ready, lasts_s in lives:
        if gets_ready:
            restarts.became_ready(now_s)
        now_s += lasts_s
        decision = restarts.ended(now_s)
        assert isinstance(decision, RestartAfter)
        assert BACKOFF.first_s <= decision.delay_s <= BACKOFF.longest_s
