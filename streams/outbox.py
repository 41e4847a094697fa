"""Where agents send: facts to topics, bad records to dead-letters. Everything sent is delivered when a call returns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from faust.types import EventT, TopicT

from domain.events import Event, EventRejected, Message, encode
from domain.topology import DEAD_LETTERS
from streams.patience import patiently

log = logging.getLogger(__name__)


_HEADERS_BYTES = 65_536  # room for a record's headers and framing


class Outbox:
    """`largest_letter` is what the topic of dead letters takes: its max_message_bytes."""

    def __init__(self, topics: Mapping[str, TopicT], largest_letter: int) -> None:
        self._topics = topics
        self._largest_value = largest_letter - _HEADERS_BYTES

    async def send(self, topic: str, facts: Iterable[Event]) -> None:
        """In order, and waits until the broker has all of them."""
        messages = [encode(fact) for fact in facts]
        if messages:
            records = [(m.key, m.value, m.headers) for m in messages]
            await patiently(f"sending to {topic}", lambda: self._send_all(self._topics[topic], records))

    async def _send_all(self, topic: TopicT, records: Sequence[tuple[bytes, bytes | None, Any]]) -> None:
        sent = [await topic.send(key=key, value=value, headers=headers) for key, value, headers in records]
        await asyncio.gather(*sent)

    async def forget(self, topic: str, keys: Iterable[str]) -> None:
        """Of a compacted topic: records without a value. Waits as `send`."""
        empty = [(key.encode(), None, None) for key in keys]
        if empty:
            await patiently(f"forgetting on {topic}", lambda: self._send_all(self._topics[topic], empty))

    async def reject(self, record: EventT[Any], reason: str) -> None:
        """The record, whole, to dead-letters: with where it came from and why.

        Only a broker without size limits lets a record in that is too large for that; its letter then says where it is.
        """
        message = record.message
        log.warning("rejected %s[%d]@%d: %s", message.topic, message.partition, message.offset, reason)
        value = bytes(message.value or b"")  # no Unreadable: the client sends nothing but bytes
        if len(value) > self._largest_value:
            reason += f" (the letter is without its {len(value)} bytes, which are more than dead-letters takes)"
            value = b""
        original = Message(message.key or b"", value, dict(message.headers or {}))
        await self.send(
            DEAD_LETTERS, [EventRejected(message.topic, message.partition, message.offset, reason, original)]
        )
