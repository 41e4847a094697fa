"""The journal: the log holds what the broker holds, whatever the broker answers, and consumers never see more."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.topology import Topology
from streams.broker.durable_log import DurableLog, Partition
from streams.broker.journal import Journal
from streams.broker.record_batches import Batch
from tests.streams.broker.test_record_batches import built, read

PARTITIONS = [Partition("media.text", number) for number in range(2)]

# Each partition of a request with its number of records, and what the broker does with the request.
REQUESTS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(PARTITIONS), st.integers(1, 3), min_size=1),
        st.sampled_from(["taken", "refused", "skipped", "unanswered"]),
    ),
    max_size=8,
)


class BrokerInMemory:
    """Stands for the broker's side of a partition: it gives out offsets."""

    def __init__(self) -> None:
        self.held: dict[tuple[Partition, int], bytes | None] = {}
        self.next = dict.fromkeys(PARTITIONS, 0)

    def take(self, partition: Partition, values: Sequence[bytes]) -> int:
        first = self.next[partition]
        for value in values:
            self.held[partition, self.next[partition]] = value
            self.next[partition] += 1
        return first


@given(REQUESTS)
def test_the_log_holds_what_the_broker_holds(
    topology: Topology, requests: list[tuple[dict[Partition, int], str]]
) -> None:
    broker = BrokerInMemory()

    async def send(journal: Journal, log: DurableLog, number: int, wanted: dict[Partition, int], how: str) -> None:
        values = {at: [b"%d-%d" % (number, each) for each in range(count)] for at, count in wanted.items()}
        appended = await journal.begin({at: built([(b"k", value) for value in of]) for at, of in values.items()})
        await asyncio.sleep(0)
        taken = {}
        if how in ("taken", "skipped"):
            for at, of in values.items():
                broker.next[at] += how == "skipped"
                taken[at] = broker.take(at, of)
            held = {at: of for at, of in broker.held.items() if how == "taken" and at[0] in values}
            assert held.items() <= logged(log).items()  # nobody can have read what is not in the log
        await journal.settle(appended, taken)

    async def run(log: DurableLog) -> None:
        journal = Journal(log)
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            for number, (wanted, how) in enumerate(requests):
                tasks.create_task(send(journal, log, number, wanted, how))

    with TemporaryDirectory() as folder:
        log = DurableLog(Path(folder) / "log.sqlite", topology.topics)
        asyncio.run(run(log))
        assert logged(log) == broker.held
        log.close()


def logged(log: DurableLog) -> dict[tuple[Partition, int], bytes | None]:
    return {
        (partition, offset): value
        for partition in log.ends()
        for batch in log.batches(partition)
        for offset, _, value in read(batch.data)
    }


async def test_a_full_disk_is_waited_for(tmp_path: Path, topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DurableLog(tmp_path / "log.sqlite", topology.topics)
    append, failures = log.append, [sqlite3.OperationalError("database or disk is full")]

    def full_once(batches: Sequence[tuple[Partition, Batch]], now_s: float) -> None:
        if failures:
            raise failures.pop()
        append(batches, now_s)

    monkeypatch.setattr(log, "append", full_once)
    journal = Journal(log)
    appended = await asyncio.wait_for(journal.begin({PARTITIONS[0]: built([(b"k", b"v")])}), 30)
    await journal.settle(appended, {PARTITIONS[0]: 0})
    assert logged(log) == {(PARTITIONS[0], 0): b"v"}
    log.close()


async def test_a_client_that_goes_while_it_waits_holds_up_nobody(tmp_path: Path, topology: Topology) -> None:
    log = DurableLog(tmp_path / "log.sqlite", topology.topics)
    journal = Journal(log)
    both = {partition: built([(b"k", b"v")]) for partition in PARTITIONS}
    first = await journal.begin({PARTITIONS[1]: both[PARTITIONS[1]]})
    gone = asyncio.create_task(journal.begin(both))
    await asyncio.sleep(0.05)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await journal.settle(first, {PARTITIONS[1]: 0})
    appended = await asyncio.wait_for(journal.begin(both), 10)
    await journal.settle(appended, {PARTITIONS[0]: 0, PARTITIONS[1]: 1})
    assert set(logged(log)) == {(PARTITIONS[0], 0), (PARTITIONS[1], 0), (PARTITIONS[1], 1)}
    log.close()
