"""The log of moments read back: what every one keeps to, in memory, in the broker in memory and in Apache Kafka."""

from __future__ import annotations

import math
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Timer
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn, TextPublished, encode
from domain.ports import Logged, MomentFact, MomentLog, ReadBack
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings
from streams.moment_log import KafkaMomentLog
from tests.search.logged_moments import LoggedMoments

STRETCH, PARTITIONS = 4, 2
SAID = MomentDescribed("gate", "text", 1.0, 2.0, "e", {"text": (0.0, 1.0)}, "fire")


class InMemory(LoggedMoments):
    def __init__(self) -> None:
        super().__init__(PARTITIONS, STRETCH)


@dataclass
class InKafka:
    kafka: KafkaSettings
    topology: Topology

    def __post_init__(self) -> None:
        self.topic, self._written_s = f"moments-{uuid4().hex}", 1_790_000_000.0
        admin = AdminClient(self.kafka.confluent())
        admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])[self.topic].result(20)
        self._log = KafkaMomentLog(self.kafka, self.topic, self.topology.limits, STRETCH)
        self.newest_first = self._log.newest_first

    def write(self, *facts: MomentFact | None, partition: int = 0) -> None:
        producer = Producer(self.kafka.confluent())
        for fact in facts:
            self._written_s += 1.0
            message = encode(fact or TextPublished("gate", 1.0, "not a moment"))
            producer.produce(
                self.topic, message.value, message.key, headers=list(message.headers.items()), partition=partition,
                timestamp=round(self._written_s * 1000),
            )  # fmt: skip
            assert producer.flush(20) == 0


@pytest.fixture(
    params=["memory", "tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)],
)
def log(request: pytest.FixtureRequest, topology: Topology) -> InMemory | InKafka:
    if request.param == "memory":
        return InMemory()
    return InKafka(KafkaSettings(request.getfixturevalue(request.param)), topology)


def said(number: int) -> MomentDescribed:
    return replace(SAID, start_s=float(number), end_s=number + 1.0, text=f"fire {number}")


def read(log: MomentLog) -> list[Logged | ReadBack]:
    with closing(log.newest_first(20.0)) as entries:
        return list(entries)


def test_all_of_it_comes_back_the_latest_stretch_first_each_in_order(log: InMemory | InKafka) -> None:
    written = {0: [said(number) for number in range(11)], 1: [said(number) for number in range(50, 53)]}
    for number in range(11):
        log.write(written[0][number], partition=0)
        if number < 3:
            log.write(written[1][number], partition=1)
    entries = read(log)
    found: defaultdict[int, list[Logged]] = defaultdict(list)
    stretch: list[Logged] = []
    for entry in entries:
        if isinstance(entry, Logged):
            stretch.append(entry)
            continue
        assert len({each.place.partition for each in stretch}) <= 1
        for each in reversed(stretch):
            found[each.place.partition].insert(0, each)
        stretch = []
    assert stretch == []
    for partition, facts in written.items():
        assert [each.fact for each in found[partition]] == facts
        assert [each.place.offset for each in found[partition]] == list(range(len(facts)))
    assert entries[-1] == ReadBack(-math.inf)


def test_what_is_said_to_be_read_back_was_given(log: InMemory | InKafka) -> None:
    for number in range(12):
        log.write(said(number), partition=number % 3 // 2)
    entries = read(log)
    times_s = {each.place.written_s for each in entries if isinstance(each, Logged)}
    given_s: set[float] = set()
    claims = []
    for entry in entries:
        if isinstance(entry, Logged):
            given_s.add(entry.place.written_s)
        else:
            claims.append(entry.since_s)
            assert {time_s for time_s in times_s if time_s > entry.since_s} <= given_s
    assert claims[0] == math.inf  # one partition is none of two
    assert claims == sorted(claims, reverse=True)
    assert any(-math.inf < claim < math.inf for claim in claims)


def test_every_kind_of_fact_and_what_is_none(log: InMemory | InKafka) -> None:
    facts = [SAID, None, MomentWithdrawn("gate", "speech", 1.0, "e"), CoverageAdvanced("gate", "text", 1.0, 9.0, 8.0)]
    log.write(*facts, partition=1)
    assert [each.fact for each in read(log) if isinstance(each, Logged)] == facts


def test_an_empty_one_is_read_to_its_end(log: InMemory | InKafka) -> None:
    entries = read(log)
    assert [each for each in entries if isinstance(each, Logged)] == []
    assert entries[-1] == ReadBack(-math.inf)


def test_without_time_nothing_is_pretended(log: InMemory | InKafka) -> None:
    log.write(SAID)
    with pytest.raises(ConnectionError), closing(log.newest_first(0.0)) as entries:
        list(entries)


def test_who_has_enough_reads_no_further_and_may_ask_again(log: InMemory | InKafka) -> None:
    log.write(*map(said, range(10)), partition=0)
    for _ in range(2):
        with closing(log.newest_first(20.0)) as entries:
            newest = next(entries)
        assert isinstance(newest, Logged) and newest.fact == said(6)


def test_a_record_that_is_no_event_is_given_without_a_fact(tansu_broker: str, topology: Topology) -> None:
    log = InKafka(KafkaSettings(tansu_broker), topology)
    producer = Producer({"bootstrap.servers": tansu_broker})
    producer.produce(log.topic, b"\xff", b"gate", partition=0)
    producer.produce(log.topic, None, b"gate", partition=0)
    ahead = encode(replace(SAID, start_s=4e9, end_s=4e9))
    producer.produce(log.topic, ahead.value, ahead.key, headers=list(ahead.headers.items()), partition=0)
    assert producer.flush(20) == 0
    assert [each.fact for each in read(log) if isinstance(each, Logged)] == [None, None, None]


def test_no_broker_and_no_topic_are_explained(
    tansu_broker: str, topology: Topology, free_port: Callable[[], int]
) -> None:
    nobody = KafkaSettings(f"127.0.0.1:{free_port()}")
    with pytest.raises(ConnectionError, match=r"can't be read from Kafka at 127\.0\.0\.1:\d+"):
        read(KafkaMomentLog(nobody, "moments", topology.limits))
    with pytest.raises(ConnectionError, match="no such topic"):
        read(KafkaMomentLog(KafkaSettings(tansu_broker), f"none-{uuid4().hex}", topology.limits))


LONG = [replace(said(number), vectors={"text": (0.5,) * 512}) for number in range(2000)]


@dataclass
class Stalling:
    """A log in a broker of its own that is stopped once it gave some records to a reader, for longer than quiet is
    taken for the end."""

    log: InKafka
    broker: int  # process
    monkeypatch: pytest.MonkeyPatch

    def stop(self, after: int, for_s: float | None = None) -> None:
        stalling = self

        class Reader(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
            given = 0

            def __init__(self, *topics: str, **options: Any) -> None:  # the client fetches little ahead
                super().__init__(*topics, **options | {"max_partition_fetch_bytes": 200_000})

            async def getmany(self, *places: Any, timeout_ms: int) -> Any:
                if self.given >= after:
                    self.given = -1_000_000  # it is stopped once
                    os.kill(stalling.broker, signal.SIGSTOP)
                    if for_s is not None:
                        Timer(for_s, os.kill, (stalling.broker, signal.SIGCONT)).start()
                found = await super().getmany(*places, timeout_ms=timeout_ms)
                self.given += sum(map(len, found.values()))
                return found

        self.monkeypatch.setattr("streams.topic_reader.AIOKafkaConsumer", Reader)


@pytest.fixture
def stalling(
    run_broker_at: Any, free_port: Callable[[], int], topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stalling]:
    with run_broker_at(port := free_port()) as broker:
        log = InKafka(KafkaSettings(f"127.0.0.1:{port}"), topology)
        log.write(*LONG)
        log.newest_first = KafkaMomentLog(log.kafka, log.topic, topology.limits).newest_first
        try:
            yield Stalling(log, broker.pid, monkeypatch)
        finally:
            broker.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("given", [0, 30])
def test_of_a_broker_that_is_quiet_for_a_while_nothing_is_lost(stalling: Stalling, given: int) -> None:
    stalling.stop(after=given, for_s=4.0)
    entries = read(stalling.log)
    assert [each.fact for each in entries if isinstance(each, Logged)] == LONG
    assert entries[-1] == ReadBack(-math.inf)


@pytest.mark.parametrize("given", [0, 30])
def test_of_a_broker_that_stays_quiet_it_is_said_that_it_cant_be_read(stalling: Stalling, given: int) -> None:
    stalling.stop(after=given)
    with pytest.raises(ConnectionError, match="can't be read within 6 s"):
        list(stalling.log.newest_first(6.0))


@pytest.mark.kafka
def test_reading_back_joins_no_group(apache_kafka: str, topology: Topology) -> None:
    log = InKafka(KafkaSettings(apache_kafka), topology)
    log.write(SAID)
    read(log)
    groups = AdminClient(log.kafka.confluent()).list_consumer_groups(request_timeout=10).result()
    assert [group.group_id for group in groups.valid if "replay" in group.group_id] == []
