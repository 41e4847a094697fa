"""Writes records to the log before the broker gets them: a consumer sees no record that a crash would take back.

The log needs each record's offset, which the broker gives out only later. Nobody else writes to this broker, so the
offset is known where the requests of a partition go one at a time. The broker's answer confirms it.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.broker.durable_log import Committed, DurableLog, Partition
from streams.broker.record_batches import Batch, batches_at
from streams.patience import in_thread


@dataclass(slots=True)
class Appended:
    """The batches of one produce request in the log. Holds their partitions until `Journal.settle`."""

    batches: dict[Partition, list[Batch]] = field(default_factory=dict)
    held: list[asyncio.Lock] = field(default_factory=list)

    def release(self) -> None:
        """Lets others write to the partitions. Again is harmless."""
        while self.held:
            self.held.pop().release()


class Journal:
    """Belongs to one event loop. A full or failing disk is waited for: producers get no answer until then."""

    def __init__(self, log: DurableLog) -> None:
        self._log = log
        self._next = defaultdict[Partition, int](int, log.ends())
        self._turns = defaultdict[Partition, asyncio.Lock](asyncio.Lock)
        self._waiting: list[tuple[Mapping[Partition, list[Batch]], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def begin(self, records: Mapping[Partition, bytes]) -> Appended:
        """Returns when the log has the record batches of a produce request. `settle` has to follow."""
        appended = Appended()
        try:
            for partition in sorted(records, key=lambda each: (each.topic, each.number)):
                await self._turns[partition].acquire()
                appended.held.append(self._turns[partition])
                appended.batches[partition] = batches_at(self._next[partition], records[partition])
            await self._append(appended.batches)
        except BaseException:
            appended.release()
            raise
        return appended

    async def settle(self, appended: Appended, taken: Mapping[Partition, int]) -> None:
        """Corrects the log by the broker's answer, and lets others write to the partitions.

        `taken` has the offset at which the broker put the records of each partition; it refused those of the others.
        """
        try:
            for partition, batches in appended.batches.items():
                if not batches or taken.get(partition) == batches[0].first_offset:
                    continue
                first = self._next[partition] = batches[0].first_offset
                await in_thread("taking records back", self._log.take_back, partition, first)
                if (offset := taken.get(partition, -1)) > first:
                    moved = batches_at(offset, b"".join(batch.data for batch in batches))
                    await self._append({partition: moved})
        finally:
            appended.release()

    def end(self, partition: Partition) -> int:
        """Gives the offset that the partition's next record gets."""
        return self._next[partition]

    async def commit(self, committed: Sequence[Committed]) -> None:
        """Returns when the log has the offsets of consumer groups."""
        await in_thread("keeping offsets", self._log.commit, committed)

    async def _append(self, batches: Mapping[Partition, list[Batch]]) -> None:
        if not any(batches.values()):
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((batches, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done
        for partition, of_partition in batches.items():
            if of_partition:
                self._next[partition] = of_partition[-1].last_offset + 1

    async def _write(self) -> None:
        """Writes what several requests wait for at once."""
        while self._waiting:
            taken, self._waiting = self._waiting, []
            rows = [(at, one) for batches, _ in taken for at, of_partition in batches.items() for one in of_partition]
            await in_thread("keeping records", self._log.append, rows, time.time())
            for _, done in taken:
                if not done.cancelled():
                    done.set_result(None)
