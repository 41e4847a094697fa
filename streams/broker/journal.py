"""Takes what producers send: into the log first and into Tansu then, so that no consumer sees a record that a crash
would take back.

One task does it, one request after the other. So the offset that Tansu will give is known before, and the log can have
it. Tansu's answer is what counts: where it says otherwise, the log is put right.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kio.schema.errors import ErrorCode
from kio.schema.produce.v7 import request as produce
from kio.schema.types import TopicName
from kio.static.primitive import Records, i16, i32

from streams.broker.durable_log import DurableLog
from streams.broker.partitions import Committed, Partition
from streams.broker.record_batches import Batch, batches_at
from streams.broker.restoring import PATIENCE
from streams.broker.wire import Connection
from streams.patience import in_thread

TIDIED_EVERY_S = 5.0
_AT_ONCE_BYTES = 16 * 2**20
_log = logging.getLogger(__name__)

Taken = dict[Partition, tuple[ErrorCode, int]]  # the error, and the offset of the first record


@dataclass(frozen=True, slots=True)
class _Request:
    records: Mapping[Partition, bytes]
    answer: asyncio.Future[Taken]


class Journal:
    """Belongs to one event loop: `run` once, beside everything else. `connect` opens a connection to Tansu.

    A full or failing disk is waited for: producers get no answer until then.
    """

    def __init__(self, log: DurableLog, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._log = log
        self._connect = connect
        self._next = defaultdict[Partition, int](int, log.ends())
        self._waiting: list[_Request] = []
        self._has_work = asyncio.Event()
        self._tidied_s = time.monotonic()

    async def produce(self, records: Mapping[Partition, bytes]) -> Taken:
        """Returns when the log and Tansu have the records, or Tansu has refused them."""
        request = _Request(records, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._has_work.set()
        return await request.answer

    async def commit(self, committed: Sequence[Committed]) -> None:
        """Returns when the log has the offsets of consumer groups."""
        await in_thread("keeping offsets", self._log.commit, committed, time.time())

    async def forget(self, topics: Sequence[str]) -> None:
        """Returns when the log has nothing of topics that were deleted."""
        await in_thread("forgetting topics", self._log.forget, topics)
        for partition in [each for each in self._next if each.topic in topics]:
            del self._next[partition]

    def end(self, partition: Partition) -> int:
        """Gives the offset that the partition's next record gets."""
        return self._next[partition]

    async def run(self) -> None:
        """Until it is cancelled. What has no answer then stays in the log: it may have been read."""
        connection = await self._connect()
        try:
            while True:
                if time.monotonic() - self._tidied_s >= TIDIED_EVERY_S:
                    # Here, where nothing is half done: what is compared with the newest record must not vanish.
                    await in_thread("tidying the broker's log", self._log.tidy, time.time())
                    self._tidied_s = time.monotonic()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._has_work.wait(), TIDIED_EVERY_S)
                placed = [(request, self._place(request)) for request in self._take()]
                await self._keep([batches for _, batches in placed])
                for request, batches in placed:
                    try:
                        taken = await self._hand_on(connection, batches)
                    except (ConnectionError, ValueError) as error:
                        _log.warning("Tansu did not answer a produce request: %s", error)
                        connection.close()
                        connection = await self._connect()
                        taken = {}
                    await self._put_right(batches, taken)
                    if not request.answer.done():
                        request.answer.set_result({at: taken.get(at, _refused(batches, at)) for at in request.records})
        finally:
            connection.close()

    def _take(self) -> list[_Request]:
        """The requests that are written to the disk at once: one of each partition.

        The offset of a second one is not known before the first is answered.
        """
        taken: list[_Request] = []
        left: list[_Request] = []
        busy: set[Partition] = set()
        size = 0
        for request in self._waiting:
            if size >= _AT_ONCE_BYTES or not busy.isdisjoint(request.records):
                left.append(request)
            elif not request.answer.cancelled():
                taken.append(request)
                size += sum(map(len, request.records.values()))
            busy.update(request.records)
        self._waiting = left
        if not left:
            self._has_work.clear()
        return taken

    def _place(self, request: _Request) -> dict[Partition, list[Batch]]:
        """The batches of each partition at the offsets that they will have. What holds anything else is left out."""
        placed = {at: batches_at(self._next[at], data) for at, data in request.records.items()}
        return {
            at: batches
            for at, batches in placed.items()
            if sum(len(batch.data) for batch in batches) == len(request.records[at]) > 0
        }

    async def _keep(self, placed: Sequence[Mapping[Partition, list[Batch]]]) -> None:
        if rows := [(at, one) for request in placed for at, batches in request.items() for one in batches]:
            await in_thread("keeping records", self._log.append, rows, time.time())
            for at, batch in rows:
                self._next[at] = batch.last_offset + 1

    async def _hand_on(self, connection: Connection, placed: Mapping[Partition, list[Batch]]) -> Taken:
        """Without the producers' ids and sequences: another run of Tansu does not know them, and would refuse them."""
        if not placed:
            return {}
        by_topic: dict[str, list[produce.PartitionProduceData]] = {}
        for at, batches in placed.items():
            data = Records(b"".join(batch.data for batch in batches))
            part = produce.PartitionProduceData(index=i32(at.number), records=data)
            by_topic.setdefault(at.topic, []).append(part)
        topics = tuple(
            produce.TopicProduceData(name=TopicName(name), partition_data=tuple(parts))
            for name, parts in by_topic.items()
        )
        response = await connection.ask(
            produce.ProduceRequest(transactional_id=None, acks=i16(-1), timeout=PATIENCE, topic_data=topics)
        )
        return {
            Partition(topic.name, part.index): (part.error_code, int(part.base_offset))
            for topic in response.responses
            for part in topic.partition_responses
        }

    async def _put_right(self, placed: Mapping[Partition, list[Batch]], taken: Taken) -> None:
        """Takes back what Tansu refused, and moves what it put elsewhere. What it did not answer is left."""
        for at, batches in placed.items():
            if at not in taken:
                continue
            (error, offset), first = taken[at], batches[0].first_offset
            if error == ErrorCode.none and offset == first:
                continue
            # A lower offset than expected: Tansu does not have what the log has from there on. The topic was made anew.
            self._next[at] = first if error else min(first, offset)
            await in_thread("taking records back", self._log.take_back, at, self._next[at])
            if error == ErrorCode.none:
                await self._keep([{at: batches_at(offset, b"".join(batch.data for batch in batches))}])


def _refused(placed: Mapping[Partition, list[Batch]], partition: Partition) -> tuple[ErrorCode, int]:
    return (ErrorCode.unknown_server_error if partition in placed else ErrorCode.invalid_record), -1
