"""What a real broker refuses, and what it takes, of what agents send."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from confluent_kafka import Producer

from domain.errors import BadEvent
from domain.events import EventRejected, MomentDescribed, decode
from domain.stuck_stages import StuckStage, write_stuck
from domain.topology import DEAD_LETTERS, Topology
from nowseen.stuck import StuckStages, tell_stuck
from streams.app import make_app, make_topics, quiet_loggers
from streams.compacted import latest_records
from streams.kafka_clients import KafkaSettings
from streams.outbox import Outbox
from streams.topics import create_topics

pytestmark = pytest.mark.kafka

HEADERS = 1_500_000


class Running:
    """An app with an outbox, and what comes on media.video and dead-letters."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self.kafka = kafka
        self.app = make_app("test-outbox", kafka, topology)
        self.topics = make_topics(self.app, topology)
        self.outbox = Outbox(self.topics, topology.topics[DEAD_LETTERS].max_message_bytes)
        self.records: asyncio.Queue[Any] = asyncio.Queue()
        self.letters: asyncio.Queue[Any] = asyncio.Queue()
        for topic, queue in (("media.video", self.records), (DEAD_LETTERS, self.letters)):
            self.app.agent(self.topics[topic], name=f"read {topic}")(self._into(queue))

    @staticmethod
    def _into(queue: asyncio.Queue[Any]) -> Any:
        async def read(stream: Any) -> None:
            async for event in stream.events():
                await queue.put(event)

        return read


@pytest.fixture
async def running(apache_kafka: str, topology: Topology) -> AsyncIterator[Running]:
    kafka = KafkaSettings(apache_kafka)
    create_topics(kafka, topology)
    quiet_loggers()
    found = Running(kafka, topology)
    await found.app.start()
    try:
        yield found
    finally:
        await found.app.stop()


async def test_a_record_of_a_million_headers_becomes_a_letter(running: Running) -> None:
    producer = Producer(running.kafka.confluent() | {"message.max.bytes": 16_000_000})
    producer.produce("media.video", b"x", b"k", headers=[(f"{number:x}", b"") for number in range(HEADERS)])
    assert producer.flush(30) == 0
    async with asyncio.timeout(60):
        record = await running.records.get()
        await running.outbox.reject(record, "because")
        letter = (await running.letters.get()).message
    rejected = decode(letter.key, letter.value, dict(letter.headers))
    assert isinstance(rejected, EventRejected)
    assert f"of its {HEADERS} headers of" in rejected.reason
    assert (rejected.topic, rejected.offset, rejected.original.value) == ("media.video", record.message.offset, b"x")


async def test_moments_larger_than_their_topic_are_told_by_client_and_broker(running: Running) -> None:
    for size in (5_000_000, 25_000_000):  # over the topic's limit; over the client's own too
        large = MomentDescribed("cam", "text", 1.0, 2.0, "m", {"text": (1.0, 0.0)}, text="x" * size)
        async with asyncio.timeout(60):
            with pytest.raises(BadEvent, match="can't be sent to moments: it is larger than its topic takes"):
                await running.outbox.send("moments", [large])


async def test_what_a_worker_says_of_a_stuck_stage_reaches_the_node(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = [StuckStage("embed_text", "sending", 1.0, 90.0, "media.text", 0, 5, "cam", "OSError: away")]
    monkeypatch.setattr("nowseen.stuck.stuck_stages", lambda _: list(stuck))

    async def send(key: bytes, value: bytes | None) -> None:
        await (await running.topics["stages"].send(key=key, value=value))

    async def held(count: int) -> dict[bytes, Any]:
        async with asyncio.timeout(30):
            while len(records := await asyncio.to_thread(latest_records, running.kafka, "stages")) != count:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return records

    telling = asyncio.create_task(tell_stuck(send, every_s=0.1))
    records = await held(1)
    node = StuckStages(dict)
    node.note(records, 0.0)
    [told] = [each for each in node.now(1.0) if each.source == "cam"][:1]
    assert (write_stuck(told), told.offset) == (write_stuck(stuck[0]), 5)
    stuck.clear()
    assert await held(0) == {}
    telling.cancel()


async def test_a_send_that_fails_is_told_by_whoever_sends_and_by_nobody_else(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    large = MomentDescribed("cam", "text", 1.0, 2.0, "m", {"text": (1.0, 0.0)}, text="x" * 5_000_000)
    with pytest.raises(BadEvent):
        await running.outbox.send("moments", [large])
    gc.collect()  # a future that nobody asked complains when it goes
    assert [each.name for each in caplog.records if each.name in ("asyncio", "faust.topics")] == []
