"""What brokers tell of the end of a partition, as a Faust app's consumer hears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import faust
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from domain.topology import Topology
from streams import partition_ends
from streams.app import make_app, quiet_loggers
from streams.kafka_clients import KafkaSettings
from streams.partition_ends import PartitionEnds


class Reading:
    """An app that reads a topic of one partition."""

    def __init__(self, bootstrap: str, topology: Topology) -> None:
        self.kafka, self.topic, self.read = KafkaSettings(bootstrap), f"ends-{uuid4().hex}", list[bytes]()
        admin = AdminClient(self.kafka.confluent())
        admin.create_topics([NewTopic(self.topic, 1, 1)])[self.topic].result(20)
        quiet_loggers()
        self.app: faust.App = make_app(self.topic, self.kafka, topology)
        self.ends = PartitionEnds(self.app, self.topic)

        async def agent(stream: Any) -> None:
            async for value in stream:
                self.read.append(value)

        self.app.agent(self.app.topic(self.topic, key_type=bytes, value_type=bytes, internal=False))(agent)

    def send(self, count: int, **more: Any) -> Producer:
        """In one batch, so that a broker may tell the end by its first record."""
        producer = Producer(self.kafka.confluent() | {"linger.ms": 200} | more)
        if more:
            producer.init_transactions(20)
            producer.begin_transaction()
        for number in range(count):
            producer.produce(self.topic, b"%d" % number)
        assert producer.flush(20) == 0
        return producer

    async def until(self, happens: Callable[[], Any]) -> Any:
        async with asyncio.timeout(40):
            while not (found := happens()):  # noqa: ASYNC110  (it watches a client of Kafka)
                await asyncio.sleep(0.1)
        return found


@pytest.fixture(params=["tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
async def reading(request: pytest.FixtureRequest, topology: Topology) -> AsyncIterator[Reading]:
    started = Reading(request.getfixturevalue(request.param), topology)
    await started.app.start()
    yield started
    await started.app.stop()


async def test_the_end_is_told_again_and_again_once_all_was_read(reading: Reading) -> None:
    assert await reading.until(lambda: reading.ends.all_reached({}))  # nothing was ever there
    await asyncio.to_thread(reading.send, 3)
    await reading.until(lambda: len(reading.read) == 3)
    told_s = (await reading.until(lambda: reading.ends.reached({0: 3})))[0]
    await reading.until(lambda: reading.ends.reached({0: 3}).get(0, 0.0) > told_s)
    assert (reading.ends.all_reached({0: 3}) or 0.0) > told_s
    assert reading.ends.reached({0: 2}) == {}  # one of them is still in somebody's hands
    assert reading.ends.all_reached({0: 2}) is None
    assert reading.ends.reached({7: 1}).keys() == {0}  # the partitions that the app has


@pytest.mark.kafka
async def test_a_transaction_s_marker_behind_the_last_record_is_not_waited_for(
    apache_kafka: str, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_ends, "MARKERS_S", 2.0)
    reading = Reading(apache_kafka, topology)
    await reading.app.start()
    try:
        producer = await asyncio.to_thread(reading.send, 2, **{"transactional.id": reading.topic})
        await asyncio.to_thread(producer.commit_transaction, 20)
        await reading.until(lambda: len(reading.read) == 2)
        await reading.until(lambda: reading.ends.reached({0: 2}) == {})  # the end is behind the marker now
        await reading.until(lambda: reading.ends.reached({0: 2}))
    finally:
        await reading.app.stop()
