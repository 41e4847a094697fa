"""A topic's records read where one asks, without a consumer group: nobody who works on the topic notices.

By aiokafka and not by librdkafka, which stops without a word at a batch that it can't take apart
(streams/record_batches.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.kafka_clients import KafkaSettings
from streams.record_batches import read_every_record

_ANSWER_S = 5.0  # a broker that is there answers sooner
_FETCH_BYTES = 4_194_304  # of a partition at a time; a larger batch comes whole all the same
_FETCH_WAIT_MS = 20  # another place is asked for while a fetch is under way: that one is not to wait for records

T = TypeVar("T")


class TopicRecord(Protocol):
    """What aiokafka gives; the value of what can't be read is `Unreadable`."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]: ...


class TopicReader:
    """A context manager with a connection of its own. Each method blocks, and raises ConnectionError."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        read_every_record()
        # A thread of its own: who asks may stand in an event loop.
        self._thread, self._loop = ThreadPoolExecutor(1, "topic reader"), asyncio.Runner()
        self._consumer: AIOKafkaConsumer | None = None

    def __enter__(self) -> TopicReader:
        try:
            self._do(self._start(self._partitions()))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._end()

    def ends(self) -> Mapping[int, tuple[int, int]]:
        """By partition: the offset of the oldest record that the broker keeps, and the one behind the newest.

        Of the newest batch Tansu tells no more than its first record; `read` gives all of it.
        """
        return self._do(self._ends())

    def read(self, partition: int, start: int, end: int, until_s: float) -> Iterator[TopicRecord]:
        """From offset `start` to before `end`, and what is fetched with that. Raises TimeoutError at `until_s` of the
        monotonic clock."""
        place = TopicPartition(self._topic, partition)
        position = self._do(self._seek(place, start))
        while position < end:
            if (left_s := until_s - time.monotonic()) <= 0:
                raise TimeoutError
            records, position = self._do(self._next(place, min(0.5, left_s)))
            yield from records

    def _partitions(self) -> list[int]:
        """Not by aiokafka: a broker may make the topic that it asks for."""
        try:
            listed = AdminClient(self._kafka.confluent()).list_topics(timeout=_ANSWER_S).topics
        except KafkaException as error:
            raise self._unreadable(error.args[0].str()) from error
        if self._topic not in listed:
            raise self._unreadable("the broker has no such topic")
        return sorted(listed[self._topic].partitions)

    async def _start(self, partitions: Sequence[int]) -> None:
        self._consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            **self._kafka.aiokafka(),
        )
        async with asyncio.timeout(_ANSWER_S):
            await self._consumer.start()
        self._consumer.assign([TopicPartition(self._topic, partition) for partition in partitions])

    async def _ends(self) -> dict[int, tuple[int, int]]:
        consumer = cast(AIOKafkaConsumer, self._consumer)
        places = sorted(consumer.assignment())
        async with asyncio.timeout(_ANSWER_S):
            first, end = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        return {place.partition: (first[place], max(first[place], end[place])) for place in places}

    async def _seek(self, place: TopicPartition, offset: int) -> int:
        consumer = cast(AIOKafkaConsumer, self._consumer)
        consumer.pause(*consumer.assignment())
        consumer.seek(place, offset)
        consumer.resume(place)
        return offset

    async def _next(self, place: TopicPartition, within_s: float) -> tuple[list[TopicRecord], int]:
        consumer = cast(AIOKafkaConsumer, self._consumer)
        found = await consumer.getmany(place, timeout_ms=round(within_s * 1000))
        return found.get(place, []), await consumer.position(place)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._thread.submit(self._loop.run, work).result()
        except TimeoutError as error:
            raise self._unreadable("the broker does not answer") from error
        except (KafkaError, OSError) as error:
            raise self._unreadable(str(error)) from error

    def _unreadable(self, why: str) -> ConnectionError:
        return ConnectionError(f"topic {self._topic} can't be read from Kafka at {self._kafka.bootstrap}: {why}")

    def _end(self) -> None:
        if self._consumer is not None:
            with contextlib.suppress(ConnectionError):
                self._do(self._stop(self._consumer))
        self._thread.submit(self._loop.close).result()
        self._thread.shutdown()

    async def _stop(self, consumer: AIOKafkaConsumer) -> None:
        async with asyncio.timeout(_ANSWER_S):
            await consumer.stop()
