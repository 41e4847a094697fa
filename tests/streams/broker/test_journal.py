"""The journal: the log holds what Tansu holds, whatever Tansu answers, and consumers never see more."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.schema.errors import ErrorCode
from kio.schema.produce.v7 import response as produced

from domain.topology import Topology
from streams.broker.durable_log import DurableLog
from streams.broker.journal import Journal
from streams.broker.partitions import Partition
from streams.broker.record_batches import Batch
from tests.streams.broker.test_record_batches import built, read

PARTITIONS = [Partition("media.text", number) for number in range(2)]

# Each partition of a request with its number of records, and what Tansu does with the request. "skipped": it leaves
# some offsets out first; "anew": it begins at 0; "unanswered" and "lost": it closes, and has taken nothing, or all.
REQUESTS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(PARTITIONS), st.integers(1, 3), min_size=1),
        st.sampled_from(["taken", "taken", "refused", "skipped", "anew", "unanswered", "lost"]),
    ),
    max_size=8,
)
Held = dict[tuple[Partition, int], bytes | None]


class TansuInMemory:
    """Stands for Tansu's side of a connection: it gives out offsets, as it is told for each request."""

    def __init__(self, log: DurableLog) -> None:
        self.log = log
        self.held: Held = {}
        self.next = dict.fromkeys(PARTITIONS, 0)
        self.how: dict[bytes, str] = {}  # by the first record's value

    async def ask(self, request: Any) -> Any:
        topics = []
        for topic in request.topic_data:
            parts = [self._take(Partition(topic.name, int(part.index)), part.records) for part in topic.partition_data]
            topics.append(produced.TopicProduceResponse(name=topic.name, partition_responses=tuple(parts)))
        if self._answer in ("unanswered", "lost"):
            raise ConnectionError("closed")
        return produced.ProduceResponse(responses=tuple(topics))

    def _take(self, partition: Partition, records: bytes) -> Any:
        values = [value for _, _, value in read(records)]
        self._answer = answer = self.how[(values[0] or b"").partition(b"-")[0]]
        if answer == "anew":
            self.next[partition] = 0
            self.held = {place: value for place, value in self.held.items() if place[0] != partition}
        self.next[partition] += 2 * (answer == "skipped")
        first = self.next[partition]
        if answer not in ("refused", "unanswered"):
            for value in values:
                self.held[partition, self.next[partition]] = value
                self.next[partition] += 1
        if answer == "taken":
            assert set(values) <= set(logged(self.log).values())  # nobody can have read what is not in the log
        refused = answer == "refused"
        return produced.PartitionProduceResponse(
            index=partition.number,  # type: ignore[arg-type]
            error_code=ErrorCode.invalid_record if refused else ErrorCode.none,
            base_offset=-1 if refused else first,  # type: ignore[arg-type]
        )

    def close(self) -> None: ...


@asynccontextmanager
async def running(log: DurableLog) -> AsyncIterator[tuple[Journal, TansuInMemory]]:
    tansu = TansuInMemory(log)

    async def connect() -> Any:
        return tansu

    journal = Journal(log, connect)
    task = asyncio.create_task(journal.run())
    user = asyncio.current_task()
    task.add_done_callback(lambda ended: ended.cancelled() or user is None or user.cancel())
    try:
        async with asyncio.timeout(60):
            yield journal, tansu
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@given(REQUESTS)
def test_the_log_holds_what_tansu_holds(topology: Topology, requests: list[tuple[dict[Partition, int], str]]) -> None:
    async def run(log: DurableLog) -> None:
        async with running(log) as (journal, tansu):
            everything = [*requests, (dict.fromkeys(PARTITIONS, 1), "taken")]  # after which nothing is uncertain
            for number, (wanted, how) in enumerate(everything):
                tansu.how[b"%d" % number] = how
                values = {at: [b"%d-%d" % (number, each) for each in range(count)] for at, count in wanted.items()}
                answers = await journal.produce({at: built([(b"k", one) for one in of]) for at, of in values.items()})
                assert {error == ErrorCode.none for error, _ in answers.values()} == {
                    how in ("taken", "skipped", "anew")
                }
            known = logged(log)
            # What Tansu took without an answer was not promised to anybody.
            promised = {place: value for place, value in tansu.held.items() if how_of(tansu, value) != "lost"}
            assert promised.items() <= known.items()
            # Such a request may be sent again, and be there twice.
            assert {how_of(tansu, value) for _, value in known.items() - tansu.held.items()} <= {"unanswered", "lost"}
            assert all(journal.end(partition) == tansu.next[partition] for partition in PARTITIONS)

    with TemporaryDirectory() as folder:
        log = DurableLog(Path(folder) / "log.sqlite", topology.topics)
        asyncio.run(run(log))
        log.close()


def how_of(tansu: TansuInMemory, value: bytes | None) -> str:
    return tansu.how[(value or b"").partition(b"-")[0]]


def logged(log: DurableLog) -> Held:
    return {
        (partition, offset): value
        for partition in log.ends()
        for batches in log.batches(partition)
        for batch in batches
        for offset, _, value in read(batch.data)
    }


async def test_many_at_once_are_all_there_in_the_order_they_came(tmp_path: Path, topology: Topology) -> None:
    log = DurableLog(tmp_path / "log.sqlite", topology.topics)
    async with running(log) as (journal, tansu):
        tansu.how = {b"%d" % number: "taken" for number in range(50)}
        requests = [{PARTITIONS[number % 2]: built([(b"k", b"%d" % number)])} for number in range(50)]
        answers = await asyncio.gather(*(journal.produce(request) for request in requests))
    assert [offset for answer in answers for _, offset in answer.values()] == [number // 2 for number in range(50)]
    assert logged(log) == tansu.held
    log.close()


async def test_a_full_disk_is_waited_for(tmp_path: Path, topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DurableLog(tmp_path / "log.sqlite", topology.topics)
    append, failures = log.append, [sqlite3.OperationalError("database or disk is full")]

    def full_once(batches: Sequence[tuple[Partition, Batch]], now_s: float) -> None:
        if failures:
            raise failures.pop()
        append(batches, now_s)

    monkeypatch.setattr(log, "append", full_once)
    async with running(log) as (journal, tansu):
        tansu.how = {b"v": "taken"}
        answers = await journal.produce({PARTITIONS[0]: built([(b"k", b"v")])})
    assert answers == {PARTITIONS[0]: (ErrorCode.none, 0)}
    assert logged(log) == {(PARTITIONS[0], 0): b"v"}
    log.close()


async def test_what_is_no_record_batch_is_refused_and_costs_no_other(tmp_path: Path, topology: Topology) -> None:
    log = DurableLog(tmp_path / "log.sqlite", topology.topics)
    good = built([(b"k", b"v")])
    async with running(log) as (journal, tansu):
        tansu.how = {b"v": "taken"}
        answers = await journal.produce({PARTITIONS[0]: good + b"more", PARTITIONS[1]: good})
    assert answers == {PARTITIONS[0]: (ErrorCode.invalid_record, -1), PARTITIONS[1]: (ErrorCode.none, 0)}
    assert logged(log) == {(PARTITIONS[1], 0): b"v"}
    log.close()
