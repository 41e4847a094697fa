"""Stands before Tansu and relays what a client and Tansu say to each other.

What producers send goes to the journal, which hands it on to Tansu itself. What consumer groups commit is kept on the
way. The ends of partitions are put right: Tansu names the one after the first record of the last batch.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from kio.schema.errors import ErrorCode
from kio.static.primitive import i64

from domain.topology import Topic
from streams.broker.client_requests import (
    DELETE_TOPICS,
    LIST_OFFSETS,
    OFFSET_COMMIT,
    PRODUCE,
    Start,
    read_ends_wanted,
    read_offset_commit,
    read_produce,
)
from streams.broker.journal import Journal
from streams.broker.partitions import Committed, Partition
from streams.broker.wire import produce_response, read_frame, read_response, write_frame, write_response

_ANSWERS_AHEAD = 16  # that a client has not taken yet
_READ_FROM_VERSION = {
    LIST_OFFSETS: 1,
    OFFSET_COMMIT: 2,
    DELETE_TOPICS: 1,
}  # older ones pass: no client of this decade sends them
_NO_SUCH_PARTITION = (ErrorCode.unknown_topic_or_partition, -1)
_log = logging.getLogger(__name__)

# What becomes of Tansu's answer before the client gets it.
_Finish = Callable[[bytes], Coroutine[Any, Any, bytes]]


class Relay:
    """One client's connection and its twin to Tansu. `run` once."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        tansu: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        journal: Journal,
        topics: Mapping[str, Topic],
    ) -> None:
        self._from_client, self._to_client = client
        self._from_tansu, self._to_tansu = tansu
        self._journal = journal
        self._topics = topics
        # In the order of the requests, as clients expect the answers: one of our own, or what finishes Tansu's.
        self._answers = asyncio.Queue[bytes | _Finish](_ANSWERS_AHEAD)

    async def run(self) -> None:
        """Returns when either side has closed. Raises ValueError when the client sends what is not Kafka's protocol."""
        tasks = {asyncio.create_task(self._take_requests()), asyncio.create_task(self._give_answers())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_requests(self) -> None:
        while (frame := await read_frame(self._from_client)) is not None:
            start = Start.of(frame)
            if start.api_key == PRODUCE:
                if (answer := await self._produce(frame, start)) is not None:
                    await self._answers.put(answer)
                continue
            await self._answers.put(self._finish_of(frame, start))
            await write_frame(self._to_tansu, frame)

    async def _produce(self, frame: bytes, start: Start) -> bytes | None:
        request = read_produce(frame, start.version)
        known = {at: data for at, data in request.records.items() if at.topic not in self._topics or self._is_there(at)}
        taken = await self._journal.produce(known) if known else {}
        if not request.wants_answer:
            return None
        answer = {at: taken.get(at, _NO_SUCH_PARTITION) for at in request.records}
        return write_response(produce_response(start.version, answer), start.correlation_id)

    def _is_there(self, partition: Partition) -> bool:
        """Whether it is one that the log keeps. Tansu would take any number."""
        topic = self._topics.get(partition.topic)
        return topic is not None and 0 <= partition.number < topic.partitions

    def _finish_of(self, frame: bytes, start: Start) -> _Finish:
        if start.version < _READ_FROM_VERSION.get(start.api_key, 1_000):
            return _as_it_is
        if start.api_key == DELETE_TOPICS:
            return lambda answer: self._forget_topics(answer, start)
        if start.api_key == OFFSET_COMMIT:
            committed = [each for each in read_offset_commit(frame, start.version) if self._is_there(each.partition)]
            return lambda answer: self._keep_offsets(answer, start, committed)
        ends = {each for each in read_ends_wanted(frame, start.version) if self._is_there(each)}
        return lambda answer: self._put_ends_right(answer, start, ends)

    async def _give_answers(self) -> None:
        while True:
            answer = await self._answers.get()
            if not isinstance(answer, bytes):
                if (frame := await read_frame(self._from_tansu)) is None:
                    return
                answer = await answer(frame)
            await write_frame(self._to_client, answer)

    async def _keep_offsets(self, answer: bytes, start: Start, committed: list[Committed]) -> bytes:
        response = read_response(answer, OFFSET_COMMIT, start.version)
        accepted = {
            Partition(topic.name, part.partition_index)
            for topic in response.topics
            for part in topic.partitions
            if part.error_code == ErrorCode.none
        }
        await self._journal.commit([each for each in committed if each.partition in accepted])
        return answer

    async def _put_ends_right(self, answer: bytes, start: Start, ends: set[Partition]) -> bytes:
        def part_of(topic: str, part: Any) -> Any:
            partition = Partition(topic, part.partition_index)
            if part.error_code != ErrorCode.none or partition not in ends:
                return part
            return dataclasses.replace(part, offset=i64(self._journal.end(partition)))

        response = read_response(answer, LIST_OFFSETS, start.version)
        topics = tuple(
            dataclasses.replace(topic, partitions=tuple(part_of(topic.name, part) for part in topic.partitions))
            for topic in response.topics
        )
        return write_response(dataclasses.replace(response, topics=topics), start.correlation_id)

    async def _forget_topics(self, answer: bytes, start: Start) -> bytes:
        response = read_response(answer, DELETE_TOPICS, start.version)
        gone = [topic.name for topic in response.responses if topic.error_code == ErrorCode.none]
        await self._journal.forget([name for name in gone if name in self._topics])
        return answer


async def _as_it_is(answer: bytes) -> bytes:
    return answer
