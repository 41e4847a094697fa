"""Where agents send: facts to topics, bad records to dead-letters. Everything sent is delivered when a call returns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from faust.types import EventT, TopicT

from domain.events import Event, EventRejected, Message, encode
from streams.patience import patiently

log = logging.getLogger(__name__)

DEAD_LETTERS = "dead-letters"


class Outbox:
    def __init__(self, topics: Mapping[str, TopicT]) -> None:
        self._topics = topics

    async def send(self, topic: str, facts: Iterable[Event]) -> None:
        """In order, and waits until the broker has all of them."""
        messages = [encode(fact) for fact in facts]
        if messages:
            await patiently(f"sending to {topic}", lambda: self._send(self._topics[topic], messages))

    async def _send(self, topic: TopicT, messages: list[Message]) -> None:
        sent = [await topic.send(key=m.key, value=m.value, headers=m.headers) for m in messages]
        await asyncio.gather(*sent)

    async def reject(self, record: EventT[Any], reason: str) -> None:
        """The record, whole, to dead-letters: with where it came from and why."""
        message = record.message
        log.warning("rejected %s[%d]@%d: %s", message.topic, message.partition, message.offset, reason)
        original = Message(message.key or b"", message.value or b"", dict(message.headers or {}))
        await self.send(
            DEAD_LETTERS, [EventRejected(message.topic, message.partition, message.offset, reason, original)]
        )
