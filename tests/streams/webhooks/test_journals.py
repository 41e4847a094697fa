"""What every journal of deliveries promises: those of the tests here, and whatever takes their place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from domain.deliveries import Delivery, EndpointHealth, Forgotten, Kept, PendingDelivery, SettledDelivery
from domain.ports import DeliveryJournal
from tests.streams.webhooks.conftest import CompactedJournal, FileJournal, MemoryJournal


def pending(number: int, attempts: int = 0) -> PendingDelivery:
    return PendingDelivery(Delivery("ops", f"incident-{number}", 0, "text/plain", "zwölf\n", 5.0), attempts, 6.0)


def settled(number: int) -> SettledDelivery:
    return SettledDelivery(pending(number).delivery.id, "ops", 7.0, "delivered")


def newest(journal: DeliveryJournal) -> dict[str, Kept]:
    last = {one.key: one for one in journal.replay()}
    return {key: one for key, one in last.items() if not isinstance(one, Forgotten)}


@pytest.fixture(params=["memory", "compacted", "file"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> DeliveryJournal:
    match request.param:
        case "memory":
            return MemoryJournal()
        case "compacted":
            return CompactedJournal()
        case _:
            return FileJournal(tmp_path / "journal")


def test_a_new_one_holds_nothing(journal: DeliveryJournal) -> None:
    assert journal.replay() == []


def test_the_last_of_each_key_comes_back(journal: DeliveryJournal) -> None:
    journal.append([pending(1), pending(2), EndpointHealth("ops", 3, 9.0, "answered 503")])
    journal.append([pending(1, attempts=1)])
    journal.append([])
    journal.append([settled(2), pending(3)])

    kept: list[Kept] = [pending(1, attempts=1), settled(2), pending(3), EndpointHealth("ops", 3, 9.0, "answered 503")]
    assert newest(journal) == {one.key: one for one in kept}
    assert newest(journal) == {one.key: one for one in kept}


def test_what_is_forgotten_does_not_come_back(journal: DeliveryJournal) -> None:
    journal.append([settled(1), settled(2)])
    journal.append([Forgotten(settled(1).key)])

    assert newest(journal) == {settled(2).key: settled(2)}


def test_the_same_again_is_harmless(journal: DeliveryJournal) -> None:
    for _ in range(2):
        journal.append([pending(1), settled(1)])

    assert newest(journal) == {settled(1).key: settled(1)}


def test_threads_may_append_at_once(journal: DeliveryJournal) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: journal.append([pending(number)]), range(50)))

    assert newest(journal) == {pending(number).key: pending(number) for number in range(50)}
