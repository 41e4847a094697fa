"""What every journal of deliveries promises: those of the tests here, and whatever takes their place."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest

from domain.deliveries import Delivery, EndpointHealth, Forgotten, Kept, PendingDelivery, SettledDelivery
from domain.ports import DeliveryJournal
from domain.topology import Topology
from streams.compacted_writer import CompactedWriter
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics
from streams.webhooks.kafka_journal import KafkaJournal
from tests.streams.webhooks.conftest import CompactedJournal, FileJournal, MemoryJournal

MakeTopic: TypeAlias = Callable[[KafkaSettings], str]


def pending(number: int, attempts: int = 0) -> PendingDelivery:
    return PendingDelivery(Delivery("ops", f"incident-{number}", 0, "text/plain", "zwölf\n", 5.0), attempts, 6.0)


def settled(number: int) -> SettledDelivery:
    return SettledDelivery(pending(number).delivery.id, "ops", 7.0, "delivered")


def newest(journal: DeliveryJournal) -> dict[str, Kept]:
    last = {one.key: one for one in journal.replay()}
    return {key: one for key, one in last.items() if not isinstance(one, Forgotten)}


@pytest.fixture
def kafka_topic(topology: Topology) -> MakeTopic:
    """Makes a topic like that of the journal, empty, on the broker that a fixture of this name runs."""

    def make(kafka: KafkaSettings) -> str:
        topic = replace(topology.topics["deliveries"], name=f"deliveries.{uuid4()}")
        create_topics(kafka, replace(topology, topics={topic.name: topic}))
        return topic.name

    return make


@pytest.fixture(
    params=["memory", "compacted", "file", "tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)]
)
def journal(request: pytest.FixtureRequest, tmp_path: Path, kafka_topic: MakeTopic) -> DeliveryJournal:
    match request.param:
        case "tansu_broker" | "apache_kafka":
            kafka = KafkaSettings(request.getfixturevalue(request.param))
            return KafkaJournal(kafka, kafka_topic(kafka))
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


def test_what_another_version_wrote_hides_nothing_else(
    tansu_broker: str, kafka_topic: MakeTopic, caplog: pytest.LogCaptureFixture
) -> None:
    kafka = KafkaSettings(tansu_broker)
    topic = kafka_topic(kafka)
    KafkaJournal(kafka, topic).append([pending(1), pending(2)])
    CompactedWriter(kafka, topic).write([(pending(1).key.encode(), b'{"version":99}'), (b"failed/1", b"not ours")])

    assert KafkaJournal(kafka, topic).replay() == [pending(2)]
    assert "version 99" in caplog.text


def test_a_broker_that_is_away_is_no_success(free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.compacted_writer._PATIENCE_S", 0.5)
    journal = KafkaJournal(KafkaSettings(f"127.0.0.1:{free_port()}"), "deliveries")

    with pytest.raises(ConnectionError, match="topic deliveries"):
        journal.append([pending(1)])
