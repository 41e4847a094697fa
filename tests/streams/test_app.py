"""A Faust app as Nowseen makes it, on real brokers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from domain.topology import Topology
from streams.app import make_app, make_topics, quiet_loggers
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics


@pytest.fixture(params=["tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> str:
    bootstrap: str = request.getfixturevalue(request.param)
    return bootstrap


async def test_it_reads_and_leaves_neither_topics_nor_folders_nor_idle_warnings(
    broker: str,
    topology: Topology,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)  # where Faust would make its folders
    kafka = KafkaSettings(broker)
    create_topics(kafka, topology)
    before = set(AdminClient(kafka.confluent()).list_topics(timeout=10).topics)
    quiet_loggers()
    app = make_app("test-app", kafka, topology)
    topics = make_topics(app, topology)
    got: asyncio.Queue[bytes] = asyncio.Queue()

    @app.agent(topics["media.text"])
    async def read(stream: Any) -> None:
        async for value in stream:
            await got.put(value)

    await app.start()
    try:
        await topics["media.text"].send(key=b"app-test", value=b"hello")
        async with asyncio.timeout(30):
            while await got.get() != b"hello":
                pass
    finally:
        await app.stop()
    made = set(AdminClient(kafka.confluent()).list_topics(timeout=10).topics) - before
    assert made <= {"__consumer_offsets"}
    assert _within(tmp_path) == []
    assert "Missing sensor state" not in caplog.text


def _within(folder: Path) -> list[Path]:
    return list(folder.iterdir())
