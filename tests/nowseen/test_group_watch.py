"""Who is in a consumer group, as real brokers tell it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaError
from confluent_kafka import Producer

from domain.topology import Topology
from nowseen.faust_process import assigned
from nowseen.lag import report_lag
from streams.app import make_app, make_topics
from streams.consumer_groups import ConsumerGroups
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics

WITHIN_S = 60.0


@pytest.mark.kafka
async def test_a_worker_is_seen_to_come_and_go(apache_kafka: str, topology: Topology) -> None:
    kafka = KafkaSettings(apache_kafka)
    create_topics(kafka, topology)
    groups, group = ConsumerGroups(kafka), f"group-{uuid4().hex}"
    async with closing_at_end(groups):
        async with reading(group, kafka, topology):
            assert len(await groups.members(group)) == 1
        assert await groups.members(group) == frozenset()
        assert await groups.members(f"{group}-unheard") == frozenset()


async def test_a_broker_that_names_nobody_leaves_it_unknown(tansu_broker: str, topology: Topology) -> None:
    kafka = KafkaSettings(tansu_broker)
    create_topics(kafka, topology)
    groups, group = ConsumerGroups(kafka), f"group-{uuid4().hex}"
    async with closing_at_end(groups):
        assert await groups.members(group) == frozenset()
        async with reading(group, kafka, topology):
            with pytest.raises(RuntimeError, match="does not tell"):
                await groups.members(group)


@pytest.mark.parametrize("fixture", ["tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
async def test_the_lag_is_what_was_not_committed(
    fixture: str, request: pytest.FixtureRequest, topology: Topology
) -> None:
    kafka, group = KafkaSettings(request.getfixturevalue(fixture)), f"group-{uuid4().hex}"
    create_topics(kafka, topology)
    told: dict[str, int] = {}
    before = await lag_of(kafka, group, told)
    producer = Producer(kafka.confluent() | {"linger.ms": 50})
    for number in range(20):
        producer.produce("speech.cuts", b"anything", b"key %d" % number, partition=0)
    assert producer.flush(20) == 0
    assert await lag_of(kafka, group, told) == before + 20


async def lag_of(kafka: KafkaSettings, group: str, told: dict[str, int]) -> int:
    told.clear()
    async with asyncio.timeout(WITHIN_S):
        reporting = asyncio.create_task(report_lag(kafka, {"speech.cuts": group}, told.__setitem__))
        while "speech.cuts" not in told:  # noqa: ASYNC110  (it is told by a call)
            await asyncio.sleep(0.05)
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
    return told["speech.cuts"]


async def test_a_broker_that_goes_away_while_it_is_asked_ends_nothing(
    run_broker_at: Callable[[int], AbstractContextManager[Any]], free_port: Callable[[], int]
) -> None:
    """librdkafka would abort the process."""
    port = free_port()
    kafka = KafkaSettings(f"127.0.0.1:{port}")
    groups = ConsumerGroups(kafka)
    async with closing_at_end(groups):
        for _ in range(3):
            with run_broker_at(port):
                await groups.members("nowseen-worker")
                asked = [asyncio.create_task(groups.members("nowseen-worker")) for _ in range(20)]
                await asyncio.sleep(0.001)
            await asyncio.gather(*asked, return_exceptions=True)
            with pytest.raises((KafkaError, OSError, TimeoutError)):
                await groups.members("nowseen-worker")
        with run_broker_at(port):
            assert await groups.members("nowseen-worker") == frozenset()


@asynccontextmanager
async def closing_at_end(groups: ConsumerGroups) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await groups.close()


@asynccontextmanager
async def reading(group: str, kafka: KafkaSettings, topology: Topology) -> AsyncIterator[None]:
    """One that reads in the group."""
    app = make_app(group, kafka, topology)

    @app.agent(make_topics(app, topology)["media.text"])
    async def read(stream: Any) -> None:
        async for _ in stream:
            pass

    await app.start()
    try:
        async with asyncio.timeout(WITHIN_S):
            await assigned(app)
        yield
    finally:
        await app.stop()
