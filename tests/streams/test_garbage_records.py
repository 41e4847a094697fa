"""Records that a client library can't parse, on real brokers: each is a dead letter, and all around them are read."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from domain.errors import BadEvent
from domain.events import EventRejected, SpeechCut, TextPublished, decode, encode
from domain.ports import Logged
from domain.topology import DEAD_LETTERS, Topology
from streams.app import make_app, quiet_loggers
from streams.batches import batches
from streams.compacted import latest
from streams.intake import read
from streams.kafka_clients import KafkaSettings
from streams.moment_log import KafkaMomentLog
from streams.outbox import Outbox
from streams.topic_reader import TopicReader
from tests.streams.raw_records import Answer, batch, compressed, produce, record

WITHIN_S = 60.0
FILLED = record(0, b"k", b"v", [(b"h", b"x")])
NEXT = record(1, b"k", b"v", [(b"h", b"x")])
NOISE = random.Random(7).randbytes(60)


def _misnamed(at: int = 0) -> bytes:
    return record(at, b"k", b"v", [(b"ok", b"x"), (b"\xff\xfe", b"x")])


GARBAGE: dict[str, bytes] = {
    "no value": batch(record(0, b"k", None), 1),
    "no header value": batch(record(0, b"k", b"v", [(b"h", None)]), 1),
    "one header name twice": batch(record(0, b"k", b"v", [(b"h", b"1"), (b"h", b"2")]), 1),
    "header name not UTF-8": batch(_misnamed(), 1),
    "header name not UTF-8 among others": batch(FILLED + _misnamed(1) + record(2, b"k", b"v"), 3),
    "header without a name": batch(record(0, b"k", b"v", [(None, b"x")]), 1),
    "-1 headers": batch(record(0, b"k", b"v", header_count=-1), 1),
    "1000 headers, none there": batch(record(0, b"k", b"v", header_count=1000), 1),
    "length too long": batch(record(0, b"k", b"v", length_off_by=5), 1),
    "length too short": batch(record(0, b"k", b"v", length_off_by=-2), 1),
    "noise for records": batch(NOISE, 1),
    "number without an end": batch(b"\xff" * 12 + FILLED, 1),
    "one record, empty": batch(b"", 1),
    "no record": batch(b"", 0, last_offset_delta=0),
    "-1 records": batch(FILLED, -1, last_offset_delta=0),
    "one record, said to be 5": batch(FILLED, 5),
    "two records, said to be one": batch(FILLED + NEXT, 1),
    "takes 100 offsets": batch(FILLED, 1, last_offset_delta=100),
    "noise that takes 100 offsets": batch(NOISE, 1, last_offset_delta=100),
    "two at one offset": batch(FILLED + record(0, b"k", b"v"), 2),
    "offset before the batch": batch(record(-3, b"k", b"v"), 1),
    "offset behind the batch": batch(record(77, b"k", b"v"), 1),
    "wrong checksum": batch(FILLED, 1, crc_xor=1),
    "format 1": batch(FILLED, 1, magic=1),
    "format 3": batch(FILLED + NEXT, 2, magic=3),
    "format -1": batch(FILLED, 1, magic=-1),
    "codec 5": batch(FILLED, 1, attributes=5),
    "says it ends a transaction": batch(FILLED[:4] + FILLED[4:], 1, attributes=0x20),
    "in a transaction of nobody": batch(FILLED, 1, attributes=0x10),
    "unknown attributes": batch(FILLED, 1, attributes=0x7FC0),
    "time of arrival": batch(FILLED, 1, attributes=8),
    "time -1": batch(FILLED, 1, first_timestamp=-1),
    "latest time": batch(FILLED, 1, first_timestamp=2**63 - 1),
    "earliest time": batch(FILLED, 1, first_timestamp=-(2**63)),
    "time out of range": batch(record(0, b"k", b"v", timestamp_delta=2**63 - 1), 1),
    "batch longer than it is": batch(FILLED, 1, length=1000),
    "batch of 3 bytes": batch(FILLED, 1, length=3),
    "batch of -1 bytes": batch(FILLED, 1, length=-1),
    "20 zeros": bytes(20),
    "noise": NOISE,
}
for codec, name in enumerate(("gzip", "snappy", "lz4", "zstd"), 1):
    GARBAGE |= {
        f"{name}, cut off": batch(compressed(codec, FILLED + NEXT)[:-3], 2, attributes=codec),
        f"{name}, noise": batch(NOISE, 1, attributes=codec),
        f"{name}, empty": batch(b"", 1, attributes=codec),
        f"{name} of noise": batch(compressed(codec, NOISE), 1, attributes=codec),
        f"{name} of a header name not UTF-8": batch(compressed(codec, _misnamed() + NEXT), 2, attributes=codec),
        f"{name} of 60 MB": batch(compressed(codec, record(0, b"k", bytes(60_000_000))), 1, attributes=codec),
    }
NO_RECORD = "no record"
# What Apache Kafka lets in; Tansu lets in what it can frame.
KAFKA_TAKES = {
    "no value", "no header value", "one header name twice", "header name not UTF-8",
    "header name not UTF-8 among others", "two at one offset", "offset before the batch", "offset behind the batch",
    "unknown attributes", "time of arrival", "time -1",
}  # fmt: skip
KAFKA_TAKES |= {name for name in GARBAGE if name.endswith(("of a header name not UTF-8", "of 60 MB"))}
TANSU_REFUSES = {
    "codec 5", "batch longer than it is", "batch of 3 bytes", "batch of -1 bytes", "20 zeros", "noise",
}  # fmt: skip


@dataclass
class Topics:
    """Topics of one partition in one broker, of a test's own."""

    bootstrap: str
    is_tansu: bool

    def __post_init__(self) -> None:
        self.kafka = KafkaSettings(self.bootstrap)
        self.admin = AdminClient(self.kafka.confluent())

    def make(self, what: str) -> str:
        name = f"{what}-{uuid4().hex}"
        topic = NewTopic(name, 1, 1, config={"max.message.bytes": "16777216"})
        self.admin.create_topics([topic])[name].result(20)
        return name

    def takes(self, case: str) -> bool:
        return case not in TANSU_REFUSES if self.is_tansu else case in KAFKA_TAKES


@pytest.fixture(scope="module", params=["tansu", pytest.param("kafka", marks=pytest.mark.kafka)])
def topics(request: pytest.FixtureRequest, run_bare_tansu_at: Any, free_port: Callable[[], int]) -> Iterator[Topics]:
    if request.param == "kafka":
        yield Topics(request.getfixturevalue("apache_kafka"), is_tansu=False)
        return
    with run_bare_tansu_at(port := free_port()):  # garbage is nothing for other tests
        yield Topics(f"127.0.0.1:{port}", is_tansu=True)


@dataclass
class Reading:
    """An agent as the product's are: what it read, and what it rejected."""

    topics: Topics
    topology: Topology
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.topic, self.letters_topic = self.topics.make("texts"), self.topics.make("letters")

    def app(self) -> Any:
        app = make_app(f"garbage-{self.topic}", self.topics.kafka, self.topology)
        topic, letters = (
            app.topic(name, key_type=bytes, value_type=bytes, internal=False)
            for name in (self.topic, self.letters_topic)
        )
        outbox = Outbox({DEAD_LETTERS: letters}, 20_000_000)

        async def agent(stream: Any) -> None:
            async for records in batches(stream, stage="test", limit=64, within_s=0.02):
                texts = []
                for each in records:
                    try:
                        texts.append(read(each, TextPublished, self.topology.limits, time.time()).fact.text)
                    except BadEvent as bad:
                        await outbox.reject(each, str(bad))
                    each.ack()
                self.texts += texts

        app.agent(topic, name="reading")(agent)
        return app

    async def until(self, texts: list[str]) -> None:
        """Runs an app until it has read those."""
        app = self.app()
        await app.start()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(WITHIN_S):
                    while self.texts[-1:] != texts[-1:] and not app.crashed:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
        finally:
            await app.stop()
        assert app.crash_reason is None
        assert self.texts == texts

    def letters(self) -> list[EventRejected]:
        with TopicReader(self.topics.kafka, self.letters_topic) as reader:
            found = []
            for partition, (first, end) in reader.ends().items():
                for each in reader.read(partition, first, end, time.monotonic() + WITHIN_S):
                    letter = decode(each.key, each.value, dict(each.headers))
                    assert isinstance(letter, EventRejected) and letter.topic == self.topic
                    found.append(letter)
        return found

    def write(self, text: str) -> None:
        message = encode(TextPublished("gate", 1.0, text))
        headers = [(name.encode(), value) for name, value in message.headers.items()]
        answer = produce(self.topics.bootstrap, self.topic, 0, batch(record(0, message.key, message.value, headers), 1))
        assert answer is not None and answer.error_code == 0


@pytest.fixture
def reading(topics: Topics, topology: Topology) -> Reading:
    quiet_loggers()
    return Reading(topics, topology)


async def test_each_is_a_dead_letter_once_and_all_around_it_are_read(reading: Reading) -> None:
    taken: dict[str, Answer] = {}
    reading.write("first")
    for name, garbage in GARBAGE.items():
        answer = produce(reading.topics.bootstrap, reading.topic, 0, garbage)
        if answer is not None and answer.error_code == 0:
            taken[name] = answer
        reading.write(f"behind {name}")
    assert {name for name in GARBAGE if reading.topics.takes(name)} == set(taken)
    await reading.until(["first", *(f"behind {name}" for name in GARBAGE)])
    letters = reading.letters()
    offsets = [letter.offset for letter in letters]
    assert len(offsets) == len(set(offsets))
    starts = [answer.base_offset for answer in taken.values()]
    silent = [
        name
        for name, start, following in zip(taken, starts, [*starts[1:], max(offsets) + 1], strict=True)
        if not any(start <= offset < following for offset in offsets)
    ]
    assert silent == ([NO_RECORD] if reading.topics.is_tansu else [])
    assert all(letter.reason for letter in letters)
    misnamed = next(each for each in letters if each.offset == taken["header name not UTF-8"].base_offset)
    assert "is not UTF-8" in misnamed.reason
    assert (misnamed.original.key, misnamed.original.value) == (b"k", b"v")
    assert misnamed.original.headers == {"ok": b"x", r"\xff\xfe": b"x"}


async def test_the_next_process_begins_behind_them(reading: Reading) -> None:
    for name in ("header name not UTF-8", "noise for records", "wrong checksum", "gzip, noise"):
        produce(reading.topics.bootstrap, reading.topic, 0, GARBAGE[name])
    reading.write("first")
    await reading.until(["first"])
    letters = reading.letters()
    assert letters
    reading.write("later")
    reading.texts = []
    await reading.until(["later"])
    assert reading.letters() == letters


async def test_every_codec_of_a_publisher_is_read(reading: Reading) -> None:
    texts = []
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        producer = Producer(reading.topics.kafka.confluent() | {"compression.type": codec, "linger.ms": 50})
        for number in range(20):
            texts.append(f"{codec} {number} " + "word " * 50)
            message = encode(TextPublished("gate", 1.0, texts[-1]))
            producer.produce(reading.topic, message.value, message.key, headers=list(message.headers.items()))
        assert producer.flush(20) == 0
    await reading.until(texts)
    assert reading.letters() == []


@pytest.mark.parametrize("seed", random.sample(range(10**6), 2))
async def test_chance_finds_no_batch_that_stops_a_reader(reading: Reading, seed: int) -> None:
    chance = random.Random(seed)  # the seed stands in the test's name
    texts = []
    for number in range(60):
        produce(reading.topics.bootstrap, reading.topic, 0, _damaged(chance))
        texts.append(f"text {number}")
        reading.write(texts[-1])
    await reading.until(texts)


def _damaged(chance: random.Random) -> bytes:
    """A batch that the broker can frame and count, with a byte or more of what is in it changed."""
    count, codec = chance.randint(1, 4), chance.choice([0, 0, 0, 1, 2, 3, 4])
    records = bytearray().join(
        record(at, chance.randbytes(3), chance.randbytes(20), [(b"name", chance.randbytes(5))]) for at in range(count)
    )
    inside, outside = chance.random() < 0.5, bytearray(records)
    if inside or codec == 0:
        for _ in range(chance.randint(1, 3)):
            outside[chance.randrange(len(outside))] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
    packed = bytearray(compressed(codec, bytes(outside)))
    if not inside and codec:
        packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
    timestamp = chance.choice([-1, 0, 1_750_000_000_000, 2**63 - 1])
    return batch(bytes(packed), count, attributes=codec, first_timestamp=timestamp)


def test_a_compacted_topic_is_read_past_them(topics: Topics) -> None:
    topic = topics.make("cuts")
    cuts = {name: SpeechCut("gate", 0, number, 0, 1000.0) for number, name in enumerate(GARBAGE)}
    for name, cut in cuts.items():
        produce(topics.bootstrap, topic, 0, GARBAGE[name])
        _write(topics, topic, name.encode(), cut)
    found = latest(topics.kafka, topic)
    assert {key.decode(): event for key, event in found.items()} == cuts


def test_a_record_that_cant_be_read_says_nothing_of_its_key(topics: Topics) -> None:
    topic = topics.make("cuts")
    cut = SpeechCut("gate", 0, 1, 0, 1000.0)
    _write(topics, topic, b"k", cut)
    produce(topics.bootstrap, topic, 0, GARBAGE["header name not UTF-8"])
    assert latest(topics.kafka, topic) == {b"k": cut}


def test_the_log_of_moments_is_read_back_past_them(topics: Topics, topology: Topology) -> None:
    topic = topics.make("moments")
    fact = encode(TextPublished("gate", 1.0, "no moment"))
    for garbage in GARBAGE.values():
        produce(topics.bootstrap, topic, 0, garbage)
    headers = [(name.encode(), value) for name, value in fact.headers.items()]
    answer = produce(topics.bootstrap, topic, 0, batch(record(0, fact.key, fact.value, headers), 1))
    assert answer is not None
    log = KafkaMomentLog(topics.kafka, topic, topology.limits, stretch=7)
    with closing(log.newest_first(WITHIN_S)) as entries:
        places = [entry.place for entry in entries if isinstance(entry, Logged)]
    assert answer.base_offset in {place.offset for place in places}
    assert all(0 <= place.written_s < 1e11 for place in places)


def _write(topics: Topics, topic: str, key: bytes, event: Any) -> None:
    message = encode(event)
    producer = Producer(topics.kafka.confluent())
    producer.produce(topic, message.value, key, headers=list(message.headers.items()))
    assert producer.flush(20) == 0
