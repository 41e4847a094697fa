"""A dead letter always gets through."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from domain.events import EventRejected, decode
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
