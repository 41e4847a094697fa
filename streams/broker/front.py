"""Stands before the broker and relays what clients and broker say to each other.

Everything passes. What producers send and what consumer groups commit is written to the log on the way, and the ends of
partitions are put right: Tansu names the one after the first record of the last batch.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kio.static.primitive import i64

from streams.broker.durable_log import Committed, Partition
from streams.broker.journal import Appended, Journal
from streams.broker.wire import (
    LIST_OFFSETS,
    OFFSET_COMMIT,
    PRODUCE,
    correlation_of,
    read_frame,
    read_request,
    read_response,
    start_of,
    write_frame,
    write_request,
    write_response,
)

_ANSWERS_WITHIN_S = 30.0  # of the broker after a client has gone
_TAKES_WITHIN_S = 30.0  # a client that takes no answer for so long is gone: others may wait for its partitions
_READ_FROM_VERSION = {LIST_OFFSETS: 1, OFFSET_COMMIT: 2}  # older ones pass: no client of this decade sends them
_LATEST = -1  # the timestamp that asks for the end of a partition
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Produced:
    version: int
    appended: Appended
    wants_answer: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    api_key: int
    version: int
    request: Any


class Relay:
    """One client's connection and its twin to the broker. `run` once."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        broker: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        journal: Journal,
        topics: Collection[str],
    ) -> None:
        self._from_client, self._to_client = client
        self._from_broker, self._to_broker = broker
        self._journal = journal
        self._topics = topics
        self._asked: dict[int, _Produced | _Asked] = {}  # by correlation id
        self._all_answered = asyncio.Event()

    async def run(self) -> None:
        """Returns when either side has closed and what was appended is settled."""
        requests = asyncio.create_task(self._requests())
        answers = asyncio.create_task(self._answers())
        try:
            await asyncio.wait({requests, answers}, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done() and self._asked:
                self._all_answered.clear()
                everything = asyncio.create_task(self._all_answered.wait())
                await asyncio.wait(
                    {answers, everything}, timeout=_ANSWERS_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
                )
                everything.cancel()
        finally:
            for task in (requests, answers):
                task.cancel()
            for outcome in await asyncio.gather(requests, answers, return_exceptions=True):
                if isinstance(outcome, ValueError):
                    _log.warning("a Kafka client's connection is closed: %s", outcome)
                elif isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                    _log.error("a Kafka client's connection failed", exc_info=outcome)
            for left in self._asked.values():
                if isinstance(left, _Produced):
                    await self._journal.settle(left.appended, {})

    async def _requests(self) -> None:
        while (frame := await read_frame(self._from_client)) is not None:
            start = start_of(frame)
            if start.correlation_id in self._asked:
                raise ValueError(f"two requests have the correlation id {start.correlation_id}")
            if start.api_key == PRODUCE:
                frame = await self._produce(frame, start.version, start.correlation_id)
            elif start.version >= _READ_FROM_VERSION.get(start.api_key, 1_000):
                self._asked[start.correlation_id] = _Asked(start.api_key, start.version, read_request(frame))
            await write_frame(self._to_broker, frame)

    async def _produce(self, frame: bytes, version: int, correlation_id: int) -> bytes:
        request = read_request(frame)
        partitions = [(topic.name, part.index) for topic in request.topic_data for part in topic.partition_data]
        if len(set(partitions)) < len(partitions):
            raise ValueError("a produce request names a partition twice")
        records = {
            Partition(topic.name, part.index): bytes(part.records or b"")
            for topic in request.topic_data
            if topic.name in self._topics
            for part in topic.partition_data
        }
        appended = await self._journal.begin(records)
        self._asked[correlation_id] = _Produced(version, appended, wants_answer=request.acks != 0)
        if request.transactional_id is not None:
            return frame
        return write_request(_without_producer(request, appended), start_of(frame).correlation_id)

    async def _answers(self) -> None:
        while (frame := await read_frame(self._from_broker)) is not None:
            match asked := self._asked.get(correlation_of(frame)):
                case _Produced():
                    await self._journal.settle(asked.appended, _taken(read_response(frame, PRODUCE, asked.version)))
                case _Asked(api_key, version, request):
                    response = read_response(frame, api_key, version)
                    if api_key == OFFSET_COMMIT:
                        await self._journal.commit(_committed(request, response, self._topics))
                    else:
                        frame = write_response(self._with_ends(request, response), correlation_of(frame))
            self._asked.pop(correlation_of(frame), None)
            if not self._asked:
                self._all_answered.set()
            if not isinstance(asked, _Produced) or asked.wants_answer:
                with suppress(ConnectionError):  # a client that has gone: the rest is settled all the same
                    async with asyncio.timeout(_TAKES_WITHIN_S):
                        await write_frame(self._to_client, frame)

    def _with_ends(self, request: Any, response: Any) -> Any:
        latest = {
            (topic.name, part.partition_index)
            for topic in request.topics
            if topic.name in self._topics
            for part in topic.partitions
            if part.timestamp == _LATEST
        }

        def part_of(topic: str, part: Any) -> Any:
            if part.error_code != 0 or (topic, part.partition_index) not in latest:
                return part
            return dataclasses.replace(part, offset=i64(self._journal.end(Partition(topic, part.partition_index))))

        topics = tuple(
            dataclasses.replace(topic, partitions=tuple(part_of(topic.name, part) for part in topic.partitions))
            for topic in response.topics
        )
        return dataclasses.replace(response, topics=topics)


def _without_producer(request: Any, appended: Appended) -> Any:
    """The request as this run of the broker takes it from a producer that an earlier run knew.

    The broker would refuse its sequence numbers for good. What a producer sends again after a lost connection may be in
    the log twice then. `acks=0` becomes 1: without an answer nobody would know where the records are.
    """

    def part_of(topic: str, part: Any) -> Any:
        data = b"".join(batch.data for batch in appended.batches.get(Partition(topic, part.index), ()))
        return dataclasses.replace(part, records=data) if len(data) == len(part.records or b"") else part

    topics = tuple(
        dataclasses.replace(topic, partition_data=tuple(part_of(topic.name, part) for part in topic.partition_data))
        for topic in request.topic_data
    )
    return dataclasses.replace(request, acks=request.acks or 1, topic_data=topics)


def _taken(response: Any) -> dict[Partition, int]:
    return {
        Partition(topic.name, part.index): int(part.base_offset)
        for topic in response.responses
        for part in topic.partition_responses
        if part.error_code == 0
    }


def _committed(request: Any, response: Any, topics: Collection[str]) -> list[Committed]:
    refused = {
        (topic.name, part.partition_index)
        for topic in response.topics
        for part in topic.partitions
        if part.error_code != 0
    }
    return [
        Committed(request.group_id, Partition(topic.name, part.partition_index), part.committed_offset)
        for topic in request.topics
        if topic.name in topics
        for part in topic.partitions
        if (topic.name, part.partition_index) not in refused
    ]
