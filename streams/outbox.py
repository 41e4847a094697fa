"""Where agents send: facts to topics, bad records to dead-letters. Everything sent is delivered when a call returns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
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
            await patiently(f"sending to {topic}", lambda: self._send(self._topics[topic], messages))

    async def _send(self, topic: TopicT, messages: list[Message]) -> None:
        sent = [await topic.send(key=m.key, value=m.value, headers=m.headers) for m in messages]
        await asyncio.gather(*sent)

    async def reject(self, record: EventT[Any], reason: str) -> None:
        """The record, whole, to dead-letters: with where it came from and why.

        Only a broker without size limits lets a record in that is too large for that; its letter then says where it is.
        """
        message = record.message
        log.warning("rejected %s[%d]@%d: %s", message.topic, message.partition, message.offset, reason)
        value = message.value or b""
        if len(value) > self._largest_value:
            reason += f" (the letter is without its {len(value)} bytes, which are more than dead-letters takes)"
            value = b""
        original = Message(message.key or b"", value, dict(message.headers or {}))
        await self.send(
            DEAD_LETTERS, [EventRejected(message.topic, message.partition, message.offset, reason, original)]
        )
