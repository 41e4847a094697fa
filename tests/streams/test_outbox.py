"""A dead letter always gets through."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from domain.errors import BadEvent
from domain.events import EventRejected, TextPublished, decode
from streams.outbox import Outbox


class Topic:
    """Takes what it is sent and acknowledges it."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def send(self, *, key: bytes, value: bytes, headers: dict[str, bytes]) -> Any:
        self.taken.append((key, value, headers))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def record(value: bytes) -> Any:
    message = SimpleNamespace(
        topic="media.video", partition=2, offset=5, key=b"cam", value=value, headers=[("a", b"b")]
    )
    return SimpleNamespace(message=message)


async def test_a_letter_holds_the_record_unless_it_is_too_large() -> None:
    topic: Any = Topic()
    outbox = Outbox({"dead-letters": topic}, largest_letter=200_000)
    await outbox.reject(record(b"x" * 100_000), "because")
    await outbox.reject(record(b"x" * 200_000), "because")
    small, large = (decode(key, value, headers) for key, value, headers in topic.taken)
    assert isinstance(small, EventRejected)
    assert isinstance(large, EventRejected)
    assert (small.original.value, small.reason) == (b"x" * 100_000, "because")
    assert (large.topic, large.partition, large.offset, large.original.headers) == ("media.video", 2, 5, {"a": b"b"})
    assert large.original.value == b""
    assert "200000 bytes" in large.reason


class Refusing(Topic):
    """A topic that takes no value above 1,000 bytes."""

    async def send(self, *, key: bytes, value: bytes, headers: dict[str, bytes]) -> Any:
        if len(value) > 1_000:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_exception(MessageSizeTooLargeError())
            return done
        return await super().send(key=key, value=value, headers=headers)

    def get_topic_name(self) -> str:
        return "moments"


def text(source: str, length: int) -> TextPublished:
    return TextPublished(source, 1.0, "x" * length)


async def test_what_no_broker_takes_is_told_and_not_tried_again() -> None:
    topic: Any = Refusing()
    outbox = Outbox({"moments": topic}, largest_letter=200_000)
    with pytest.raises(BadEvent, match="can't be sent to moments: it is larger than its topic takes"):
        await outbox.send("moments", [text("cam", 5_000)])


async def test_what_fits_is_sent_and_the_rest_is_told(caplog: pytest.LogCaptureFixture) -> None:
    topic: Any = Refusing()
    outbox = Outbox({"moments": topic}, largest_letter=200_000)
    await outbox.send_what_fits("moments", [text("a", 5), text("large", 5_000), text("b", 5)])
    assert {key for key, _, _ in topic.taken} == {b"a", b"b"}
    assert "left out, a TextPublished for moments: " in caplog.text


async def test_a_letter_that_the_topic_does_not_take_goes_without_its_record() -> None:
    topic: Any = Refusing()
    await Outbox({"dead-letters": topic}, largest_letter=200_000).reject(record(b"x" * 5_000), "because")
    [(key, value, headers)] = topic.taken
    assert (key, value, headers["ce_reason"], headers["ce_offset"]) == (b"", b"", b"because", b"5")


async def test_a_million_headers_become_a_letter_that_fits() -> None:
    topic: Any = Topic()
    poison = record(b"x")
    poison.message.headers = [(f"{number:x}", b"") for number in range(1_500_000)]
    await Outbox({"dead-letters": topic}, largest_letter=200_000).reject(poison, "because")
    [(_, _, headers)] = topic.taken
    assert sum(len(name) + len(value) for name, value in headers.items()) < 65_536
    assert b"of its 1500000 headers of" in headers["ce_reason"]
