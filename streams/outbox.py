"""Where agents send: facts to topics, bad records to dead-letters. Everything sent is delivered when a call returns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from faust.types import EventT, TopicT

from domain.dead_letters import dead_letter
from domain.errors import BadEvent
from domain.events import Event, encode
from domain.topology import DEAD_LETTERS
from streams.at_work import on_record
from streams.kafka_faults import never_taken
from streams.patience import one_by_one, patiently

log = logging.getLogger(__name__)


class Outbox:
    """`largest_letter` is what the topic of dead letters takes: its max_message_bytes."""

    def __init__(self, topics: Mapping[str, TopicT], largest_letter: int) -> None:
        self._topics = topics
        self._largest_letter = largest_letter

    async def send(self, topic: str, facts: Iterable[Event]) -> None:
        """In order, and waits until the broker has all of them.

        Raises BadEvent when the broker will never take one of them. Others may be there all the same: sending them
        again is harmless.
        """
        messages = [encode(fact) for fact in facts]
        if messages:
            records = [(m.key, m.value, m.headers) for m in messages]
            await patiently(f"sending to {topic}", lambda: self._send_all(self._topics[topic], records))

    async def send_what_fits(self, topic: str, facts: Iterable[Event]) -> None:
        """As `send`. What the broker will never take is left out, and logged: for facts that no one record brought."""
        for left, outcome in await one_by_one(lambda some: self.send(topic, some), list(facts)):
            if isinstance(outcome, BadEvent):
                log.error("left out, a %s for %s: %s", type(left[0]).__name__, topic, outcome)

    async def _send_all(self, topic: TopicT, records: Sequence[tuple[bytes, bytes | None, Any]]) -> None:
        try:
            sent = [await topic.send(key=key, value=value, headers=headers) for key, value, headers in records]
            await asyncio.gather(*sent)
        except Exception as error:
            if (why := never_taken(error)) is not None:
                raise BadEvent(f"what was made of it can't be sent to {topic.get_topic_name()}: {why}") from error
            raise

    async def forget(self, topic: str, keys: Iterable[str]) -> None:
        """Of a compacted topic: records without a value. Waits as `send`."""
        empty = [(key.encode(), None, None) for key in keys]
        if empty:
            await patiently(f"forgetting on {topic}", lambda: self._send_all(self._topics[topic], empty))

    async def reject(self, record: EventT[Any], reason: str) -> None:
        """The record to dead-letters: whole where it fits, with where it came from and why."""
        message = record.message
        log.warning("rejected %s[%d]@%d: %s", message.topic, message.partition, message.offset, reason[:1000])
        place = (message.topic, message.partition, message.offset)
        headers = message.headers.items() if isinstance(message.headers, Mapping) else message.headers or ()
        letter = dead_letter(
            place, reason, message.key or b"", bytes(message.value or b""), headers, self._largest_letter
        )
        with on_record(record):
            try:
                await self.send(DEAD_LETTERS, [letter])
            except BadEvent as bad:  # the topic takes less than topology.yaml says
                log.error("the dead letter goes without the record, which stays where it is: %s", bad)
                await self.send_what_fits(
                    DEAD_LETTERS, [dead_letter(place, reason, b"", b"", (), self._largest_letter)]
                )
