"""Nothing is acknowledged before what began before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.in_order import InOrder


def test_a_later_item_waits_for_an_earlier_one() -> None:
    order: InOrder[str] = InOrder()
    order.begin(0, 5, "open utterance")
    order.begin(0, 6, "another source")
    assert order.finish(0, 6) == []
    assert order.finish(0, 5) == ["open utterance", "another source"]


def test_an_item_is_found_until_it_is_let_go() -> None:
    order: InOrder[str] = InOrder()
    order.begin(0, 5, "a")
    order.begin(0, 6, "b")
    order.finish(0, 6)
    assert (order.item(0, 6), order.item(0, 7), order.item(1, 5)) == ("b", None, None)
    order.finish(0, 5)
    assert order.item(0, 6) is None


def test_lanes_do_not_wait_for_each_other() -> None:
    order: InOrder[str] = InOrder()
    order.begin(0, 1, "a")
    order.begin(1, 1, "b")
    assert order.finish(1, 1) == ["b"]


@given(st.permutations(range(12)))
def test_any_order_of_finishing_acknowledges_each_once_in_order(finishing: list[int]) -> None:
    order: InOrder[int] = InOrder()
    for number in range(12):
        order.begin(0, number, number)
    done: set[int] = set()
    acknowledged: list[int] = []
    for number in finishing:
        done.add(number)
        acknowledged += order.finish(0, number)
        assert set(range(len(acknowledged))) <= done
    assert acknowledged == list(range(12))
