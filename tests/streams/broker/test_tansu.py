"""The default broker as a whole: a real Tansu, real clients, and what is there after every kind of end."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, Message, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient

from domain.errors import ConfigError
from domain.topology import Topology
from streams.broker import run_tansu, tansu_command
from streams.broker.durable_log import DurableLog
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics
from tests.streams.broker.test_record_batches import built

Kept = dict[tuple[str, int, int], tuple[bytes | None, bytes | None]]


class Broker:
    """The default broker in a process of its own, which may be ended and started again with the same data."""

    def __init__(self, port: int, data: Path, memory_bytes: int = 2**30) -> None:
        self.address = f"127.0.0.1:{port}"
        self.log = data / "log.sqlite"
        self._arguments = [str(port), str(data), str(memory_bytes)]
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.default_broker", *self._arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    @property
    def tansu(self) -> psutil.Process:
        [child] = psutil.Process(self.process.pid).children()
        return child


@pytest.fixture
def broker(free_port: Callable[[], int], tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(free_port(), tmp_path / "broker")
    yield broker
    if broker.process.poll() is None:
        broker.end(signal.SIGTERM)


class Writer:
    """An idempotent producer, as publishers use it, that notes where its records are."""

    def __init__(self, address: str, **more: str | int) -> None:
        self.kept: Kept = {}
        self.failures: list[str] = []
        self._producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 0, **more})

    def write(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        def note(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self.failures.append(error.str())
            else:
                self.kept[topic, message.partition() or 0, message.offset() or 0] = (key, value)

        self._producer.produce(topic, value, key, on_delivery=note)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0
        assert self.failures == []


def all_records(address: str, topics: list[str]) -> Kept:
    found: Kept = {}
    with consumer(address) as reader:
        listed = reader.list_topics(timeout=10).topics
        for topic in topics:
            for partition in listed[topic].partitions:
                reader.assign([Place(topic, partition, 0)])
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline:
                    message = reader.poll(1)
                    if message is None:
                        continue
                    if message.error() is not None:
                        break
                    found[topic, partition, message.offset() or 0] = (message.key(), message.value())
    return found


@contextmanager
def consumer(address: str) -> Iterator[Consumer]:
    reader = Consumer(
        {"bootstrap.servers": address, "group.id": "reader", "enable.partition.eof": True, "fetch.wait.max.ms": 10}
    )
    try:
        yield reader
    finally:
        reader.close()


async def read_in_group(address: str, topic: str, count: int) -> None:
    """Reads and commits `count` records as the group "g"."""
    member = AIOKafkaConsumer(
        topic, bootstrap_servers=address, group_id="g", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await member.start()
    try:
        while count > 0:
            for records in (await member.getmany(timeout_ms=500, max_records=count)).values():
                count -= len(records)
            await member.commit()
    finally:
        await member.stop()


def committed_by_group(address: str, topic: str) -> list[int]:
    """How far the group "g" has read each partition."""
    admin = AdminClient({"bootstrap.servers": address})
    wanted = ConsumerGroupTopicPartitions("g", [Place(topic, number) for number in range(4)])
    found = admin.list_consumer_group_offsets([wanted])["g"].result(20).topic_partitions or []
    return [place.offset for place in sorted(found, key=lambda place: place.partition)]


def _kill_tansu(broker: Broker) -> int:
    broker.tansu.kill()
    code = broker.process.wait(20)
    assert broker.process.stdout is not None
    broker.process.stdout.close()
    return code


ENDS: dict[str, tuple[Callable[[Broker], int], int]] = {
    "asked to stop": (lambda broker: broker.end(signal.SIGTERM), 0),
    "interrupted": (lambda broker: broker.end(signal.SIGINT), 0),
    "killed": (lambda broker: broker.end(signal.SIGKILL), -signal.SIGKILL),
    "Tansu killed": (_kill_tansu, 1),
}


@pytest.mark.parametrize("how", ENDS)
async def test_every_acknowledged_record_is_at_its_offset_after_an_end(broker: Broker, how: str) -> None:
    end, code = ENDS[how]
    topics = ["media.text", "moments", "alerts"]
    writer = Writer(broker.address)
    for number in range(60):
        writer.write(topics[number % 3], b"key %d" % (number % 7), None if number == 4 else b"value %d" % number)
        if number % 5 == 0:
            writer.flush()
    writer.flush()
    await read_in_group(broker.address, "media.text", 12)
    committed = committed_by_group(broker.address, "media.text")
    assert sum(committed) == 12
    tansu = broker.tansu
    assert end(broker) == code
    tansu.wait(20)  # it does not outlive the process that was killed
    broker.start()
    assert all_records(broker.address, topics) == writer.kept
    assert committed_by_group(broker.address, "media.text") == committed
    # A producer that was there before goes on, and nothing takes an offset that was given out already.
    before = dict(writer.kept)
    for number in range(20):
        writer.write("media.text", b"key %d" % number, b"later %d" % number)
    writer.flush()
    assert len(writer.kept) == len(before) + 20
    assert all_records(broker.address, topics) == writer.kept


def test_offsets_stay_where_records_were_compacted_away(broker: Broker, topology: Topology) -> None:
    writer = Writer(broker.address)
    for number in range(300):
        writer.write("rules", b"key %d" % (number % 2), b"value %d" % number)
    writer.flush()
    broker.end(signal.SIGKILL)
    with closing(DurableLog(broker.log, topology.topics)) as log:
        log.tidy(time.time())
    broker.start()
    newest = {place: record for place, record in writer.kept.items() if place[2] >= 298}
    assert all_records(broker.address, ["rules"]) == newest
    writer.write("rules", b"key 2", b"later")
    writer.flush()
    assert ("rules", 0, 300) in writer.kept


async def test_a_topic_that_is_deleted_and_made_again_begins_anew(broker: Broker, topology: Topology) -> None:
    writer = Writer(broker.address)
    for number in range(5):
        writer.write("alerts", b"key", b"old %d" % number)
    writer.write("rules", b"key", b"stays")
    writer.flush()
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.delete_topics(["alerts"])["alerts"].result(20)
    broker.end(signal.SIGKILL)
    broker.start()
    assert all_records(broker.address, ["alerts", "rules"]) == {("rules", 0, 0): (b"key", b"stays")}
    create_topics(KafkaSettings(broker.address), topology)
    again = Writer(broker.address)
    for number in range(3):
        again.write("alerts", b"key", b"new %d" % number)
    again.flush()
    broker.end(signal.SIGKILL)
    broker.start()
    assert all_records(broker.address, ["alerts"]) == again.kept


def test_a_damaged_batch_costs_itself(broker: Broker, topology: Topology) -> None:
    writer = Writer(broker.address)
    for number in range(3):
        writer.write("alerts", b"key", b"%d" % number)
        writer.flush()
    broker.end(signal.SIGTERM)
    with closing(sqlite3.connect(broker.log)) as database, database:
        database.execute("UPDATE batches SET data = x'ee' WHERE topic = 'alerts' AND first_offset = 1")
    broker.start()
    del writer.kept["alerts", 0, 1]
    assert all_records(broker.address, ["alerts"]) == writer.kept
    writer.write("alerts", b"key", b"later")
    writer.flush()
    assert ("alerts", 0, 3) in writer.kept


def test_a_client_that_takes_no_answers_holds_up_nobody(broker: Broker) -> None:
    """It asks for megabytes, does not read them, and produces behind that."""
    writer = Writer(broker.address, **{"message.max.bytes": 9_000_000})
    for _ in range(3):
        writer.write("media.text", b"k", bytes(8_000_000))
        writer.flush()
    host, _, port = broker.address.partition(":")
    [partition] = {place[1] for place in writer.kept}
    with closing(socket.create_connection((host, int(port)))) as stuck:
        stuck.sendall(_fetch(partition) * 3 + _produce(7, built([(b"k", b"v")]), partition=partition))
        time.sleep(1)
        writer.write("media.text", b"k", b"another's")
        writer.flush()
    found = all_records(broker.address, ["media.text"])
    assert writer.kept.items() <= found.items()


def test_full_memory_is_emptied_and_nothing_is_lost(free_port: Callable[[], int], tmp_path: Path) -> None:
    broker = Broker(free_port(), tmp_path / "broker", memory_bytes=64 * 2**20)
    before = broker.tansu.pid
    writer = Writer(broker.address)
    for number in range(300):
        writer.write("media.text", b"key %d" % (number % 7), bytes(500_000) + b"%d" % number)
    writer.flush()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not (now := _tansu_pid(broker)) or now == before):
        time.sleep(0.2)
    writer.write("media.text", b"key", b"after")
    writer.flush()
    assert all_records(broker.address, ["media.text"]) == writer.kept
    assert _tansu_pid(broker) not in (None, before)
    assert broker.end(signal.SIGTERM) == 0


def _tansu_pid(broker: Broker) -> int | None:
    children = psutil.Process(broker.process.pid).children()
    return children[0].pid if children else None


def test_the_end_of_a_partition_is_told_truly(broker: Broker) -> None:
    writer = Writer(broker.address, **{"linger.ms": 50})
    for number in range(100):
        writer.write("rules", b"key", b"%d" % number)
    writer.flush()
    with consumer(broker.address) as reader:
        assert reader.get_watermark_offsets(Place("rules", 0), timeout=10) == (0, 100)
        [place] = reader.offsets_for_times([Place("rules", 0, -1)], timeout=10)
        assert place.offset == 100


def test_every_codec_is_kept(broker: Broker) -> None:
    kept: Kept = {}
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        compressed: dict[str, str | int] = {"compression.type": codec, "linger.ms": 20}
        writer = Writer(broker.address, **compressed)
        for number in range(50):
            writer.write("media.text", b"key", b"the same words again and again %s %d" % (codec.encode(), number))
        writer.flush()
        kept |= writer.kept
    broker.end(signal.SIGKILL)
    broker.start()
    assert len(kept) == 250
    assert all_records(broker.address, ["media.text"]) == kept


def test_a_producer_that_wants_no_answer_is_kept_too(broker: Broker) -> None:
    wants_none: dict[str, str | int] = {"enable.idempotence": "false", "acks": 0}
    writer = Writer(broker.address, **wants_none)
    for number in range(20):
        writer.write("media.text", b"key", b"%d" % number)
    writer.flush()
    deadline = time.monotonic() + 20
    while len(found := all_records(broker.address, ["media.text"])) < 20 and time.monotonic() < deadline:
        time.sleep(0.2)
    broker.end(signal.SIGKILL)
    broker.start()
    again = all_records(broker.address, ["media.text"])
    assert again == found
    assert [record for _, record in sorted(again.items())] == [(b"key", b"%d" % number) for number in range(20)]


def _frame(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def _head(api_key: int, version: int) -> bytes:
    return struct.pack(">hhih", api_key, version, 7, 1) + b"x"


def _fetch(partition: int) -> bytes:
    topic = b"media.text"
    part = struct.pack(">iiqi", 1, partition, 0, 50_000_000)
    body = struct.pack(">iiiib", -1, 100, 1, 50_000_000, 0) + struct.pack(">ih", 1, len(topic)) + topic + part
    return _frame(_head(1, 4) + body)


def _produce(version: int, records: bytes, topic: bytes = b"media.text", partition: int = 0) -> bytes:
    part = struct.pack(">iii", 1, partition, len(records)) + records
    body = struct.pack(">hhi", -1, 1, 1000) + struct.pack(">ih", 1, len(topic)) + topic + part
    return _frame(_head(0, version) + body)


HOSTILE = {
    "two requests under one id": _produce(7, built([(b"k", b"v")])) + _produce(7, built([(b"k", b"v")]), b"alerts"),
    "a commit where nothing is": _frame(
        struct.pack(">hhih", 8, 2, 7, 1)
        + b"x"
        + struct.pack(">h", 1)
        + b"g"
        + struct.pack(">ihq", -1, 0, -1)
        + struct.pack(">ih", 1, 10)
        + b"media.text"
        + struct.pack(">iiqh", 1, 2**31 - 1, 5, -1)
    ),
    "no length": b"\xff\xff\xff\xff",
    "too long": struct.pack(">i", 2**31 - 1),
    "too short": _frame(b"\0\0"),
    "half a request": _produce(7, built([(b"k", b"v")]))[:40],
    "no request": _frame(b"\0\0\0\x07" + b"\xee" * 60),
    "a version of long ago": _produce(2, built([(b"k", b"v")])),
    "no batch": _produce(7, b"\xee" * 90),
    "half a batch": _produce(7, built([(b"k", b"v")])[:-3]),
    "a wrong checksum": _produce(7, built([(b"k", b"v")])[:-1] + b"\xee"),
    "minus one record": _produce(7, built([(b"k", b"v")])[:57] + b"\xff\xff\xff\xff" + built([(b"k", b"v")])[61:]),
    "two billion offsets for a record": _produce(
        7, built([(b"k", b"v")])[:23] + struct.pack(">i", 2**31 - 1) + built([(b"k", b"v")])[27:]
    ),
    "partition minus one": _produce(7, built([(b"k", b"v")]), partition=-1),
    "partition two billion": _produce(7, built([(b"k", b"v")]), partition=2**31 - 1),
    "a billion topics": _frame(
        struct.pack(">hhih", 0, 9, 7, 1) + b"x\0\0" + struct.pack(">hi", 1, 9) + b"\xff\xff\xff\xff\x0f"
    ),
    "a billion topics in the old form": _frame(
        struct.pack(">hhih", 0, 7, 7, 1) + b"x" + struct.pack(">hhii", -1, 1, 9, 2**31 - 1)
    ),
    "a million empty topics": _frame(
        struct.pack(">hhih", 0, 7, 7, 1) + b"x" + struct.pack(">hhii", -1, 1, 9, 10**6) + bytes(6 * 10**6)
    ),
    "a group of a billion": _frame(struct.pack(">hhih", 8, 7, 7, 1) + b"x" + struct.pack(">h", 2**15 - 1) + b"g"),
    "a topic that is not there": _produce(7, built([(b"k", b"v")]), b"no.such.topic"),
}


def test_bytes_from_nowhere_hurt_nobody_else(broker: Broker) -> None:
    writer = Writer(broker.address)
    host, _, port = broker.address.partition(":")
    for what, content in HOSTILE.items():
        with closing(socket.create_connection((host, int(port)), timeout=5)) as client:
            client.sendall(content)
            client.settimeout(0.3)
            with suppress(TimeoutError, ConnectionError):
                client.recv(1000)
        for topic in ("media.text", "alerts"):
            for number in range(8):  # every partition
                writer.write(topic, b"key %d" % number, b"after " + what.encode())
        writer.flush()
    broker.end(signal.SIGKILL)
    broker.start()
    assert broker.first_line.startswith("Kafka broker at")
    assert writer.kept.items() <= all_records(broker.address, ["alerts", "media.text"]).items()


def test_it_listens_at_home_only_and_says_where_its_data_is(broker: Broker, tmp_path: Path) -> None:
    assert broker.first_line == f"Kafka broker at {broker.address} (Tansu), data kept in {tmp_path / 'broker'}\n"
    listening = [
        connection.laddr
        for process in (psutil.Process(broker.process.pid), broker.tansu)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 2
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_its_topics_are_those_of_the_topology(broker: Broker, topology: Topology) -> None:
    assert create_topics(KafkaSettings(broker.address), topology) == ()


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path, topology: Topology) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
            run_tansu(port, tmp_path / "data", topology)
    assert not (tmp_path / "data").exists()


def test_tansu_listens_where_it_is_told_and_nowhere_else() -> None:
    command = tansu_command(1234)
    assert command[command.index("--listener-url") + 1] == "tcp://127.0.0.1:1234"
    assert os.access(command[0], os.X_OK)
