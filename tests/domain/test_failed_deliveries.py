"""Dead letters: the newest are kept, and what is dropped is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import failed_deliveries
from domain.deliveries import Delivery, DeliveryDeadLettered
from domain.failed_deliveries import KEPT_S, FailedDeliveries


def letter(number: int, at_s: float = 0.0) -> DeliveryDeadLettered:
    return DeliveryDeadLettered(
        Delivery("ops", f"incident-{number}", 0, "text/plain", "", 0.0), 3, at_s, "answered 500"
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3 * KEPT_S)), max_size=20))
def test_what_was_added_is_there_or_was_said_to_be_dropped(added: list[tuple[int, float]]) -> None:
    failed, there = FailedDeliveries(), dict[str, DeliveryDeadLettered]()
    for number, at_s in sorted(added, key=lambda one: one[1]):
        there[letter(number).delivery.id] = letter(number, at_s)
        for id in failed.add(letter(number, at_s)):
            del there[id]
        assert {one.delivery.id: one for one in failed.newest_first()} == there
        assert all(one.dead_lettered_s >= at_s - KEPT_S for one in there.values())
    times_s = [one.dead_lettered_s for one in failed.newest_first()]
    assert times_s == sorted(times_s, reverse=True)


def test_the_oldest_of_too_many_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_deliveries, "MOST_KEPT", 2)
    failed = FailedDeliveries([letter(1), letter(2)])

    assert failed.add(letter(3)) == [letter(1).delivery.id]
    assert [one.delivery.incident for one in failed.newest_first()] == ["incident-3", "incident-2"]


def test_one_can_be_had_and_removed() -> None:
    failed = FailedDeliveries([letter(1), letter(2)])
    id = letter(1).delivery.id

    assert failed.get(id) == letter(1) and id in failed
    failed.remove(id)
    failed.remove(id)
    assert failed.get(id) is None and id not in failed
    assert failed.newest_first() == [letter(2)]
