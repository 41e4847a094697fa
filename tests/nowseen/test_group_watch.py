"""Who is in a consumer group, as real brokers tell it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from domain.topology import Topology
from nowseen.faust_process import assigned
from nowseen.group_watch import members_of
from streams.app import make_app, make_topics
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics

WITHIN_S = 60.0


@pytest.mark.kafka
async def test_a_worker_is_seen_to_come_and_go(apache_kafka: str, topology: Topology) -> None:
    kafka = KafkaSettings(apache_kafka)
    create_topics(kafka, topology)
    admin, group = AdminClient(kafka.confluent()), f"group-{uuid4().hex}"
    async with reading(group, kafka, topology):
        assert len(await asyncio.to_thread(members_of, admin, group)) == 1
    assert await asyncio.to_thread(members_of, admin, group) == frozenset()
    assert await asyncio.to_thread(members_of, admin, f"{group}-unheard") == frozenset()


async def test_a_broker_that_names_nobody_leaves_it_unknown(tansu_broker: str, topology: Topology) -> None:
    kafka = KafkaSettings(tansu_broker)
    create_topics(kafka, topology)
    admin, group = AdminClient(kafka.confluent()), f"group-{uuid4().hex}"
    assert members_of(admin, group) == frozenset()
    async with reading(group, kafka, topology):
        with pytest.raises(RuntimeError, match="does not tell"):
            await asyncio.to_thread(members_of, admin, group)


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
