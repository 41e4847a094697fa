"""From a worker that waits to the node that says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from domain.errors import BadEvent
from domain.events import TextPublished, encode
from domain.stuck_stages import read_stuck
from domain.topology import Topology
from nowseen.stuck import HOLDS_S, StuckStages, tell_stuck
from streams.agents.embed_text import embed_text
from streams.at_work import STUCK_S
from streams.compacted import Record
from streams.outbox import Outbox
from streams.patience import patiently
from tests.streams.faust_fakes import App, record_of


class Stream:
    def __init__(self, app: App, text: TextPublished) -> None:
        self.app, self._sent = app, encode(text)

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Any]:
        yield record_of(self._sent, "media.text", 17, lambda: None, partition=3)
        await asyncio.sleep(60)


class Away:
    """A topic of a broker that does not answer, until it is back."""

    is_back = False

    async def send(self, **_: Any) -> Any:
        if not self.is_back:
            raise ConnectionError("no broker")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


async def test_a_worker_says_which_record_it_waits_for_and_that_it_goes_on(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("streams.at_work.STUCK_S", 0.0)
    app, moments, told = App(), Away(), dict[bytes, bytes | None]()
    topics: Any = {"moments": moments}

    class Sentences:
        info = SimpleNamespace(name="m")

        def encode_texts(self, texts: Sequence[str]) -> Any:
            import numpy as np

            return np.ones((len(texts), 2), np.float32)

    async def send(key: bytes, value: bytes | None) -> None:
        told[key] = value

    async def until(value: bool) -> None:
        async with asyncio.timeout(20):
            while list(map(bool, told.values())) != [value]:  # noqa: ASYNC110  (a dict sets no event)
                await asyncio.sleep(0.02)

    arguments: Any = (app, None, Outbox(topics, 200_000), Sentences(), topology.limits)
    embed_text(*arguments)
    agent = asyncio.create_task(app.started(Stream(app, TextPublished("lobby", 1.0, "hello"))))
    telling = asyncio.create_task(tell_stuck(send, every_s=0.05))
    await until(True)
    [value] = told.values()
    assert value is not None
    stuck = read_stuck(value)
    assert (stuck.stage, stuck.topic, stuck.partition, stuck.offset, stuck.source) == (
        "embed_text", "media.text", 3, 17, "lobby"
    )  # fmt: skip
    assert (stuck.doing, stuck.error) == ("sending to moments", "ConnectionError: no broker")
    moments.is_back = True
    await until(False)
    for task in (agent, telling):
        task.cancel()
    await asyncio.wait({agent, telling})
    said = [each for each in caplog.records if each.name == "nowseen.stuck" and each.levelno >= logging.WARNING]
    assert len(said) == 1
    assert "embed_text has been stuck for 0 s, at media.text[3]@17 of source lobby" in said[0].getMessage()


def record(told_s: float) -> Record:
    value = (
        b'{"stage":"s","doing":"d","since_s":1,"told_s":%f,"topic":"t","partition":1,"offset":2,"source":null,' % told_s
    )
    return Record(value + b'"error":""}', {})


def test_what_a_worker_does_not_say_again_holds_no_more() -> None:
    """By the node's clock alone: the worker's may be wrong."""
    stages = StuckStages(dict)
    stages.note({b"s|t|1": record(5.0), b"other": Record(b"{}", {})}, 1000.0)
    assert [each.offset for each in stages.now(1000.0 + HOLDS_S - 1)] == [2]
    stages.note({b"s|t|1": record(5.0)}, 1000.0 + HOLDS_S - 1)
    assert stages.now(1000.0 + HOLDS_S) == []
    stages.note({b"s|t|1": record(20.0)}, 1000.0 + HOLDS_S)
    assert len(stages.now(1000.0 + 2 * HOLDS_S - 1)) == 1
    stages.note({}, 1000.0 + HOLDS_S + 1)
    assert stages.now(1000.0 + HOLDS_S + 1) == []


async def test_what_waits_outside_of_any_stage_is_none() -> None:
    async def refused() -> None:
        raise BadEvent("no")

    with pytest.raises(BadEvent):
        await patiently("sending", refused)
    assert StuckStages(dict).now(STUCK_S) == []
