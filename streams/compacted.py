"""What a compacted topic holds now: the newest record of each key."""

from __future__ import annotations

import time
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, TopicPartition

from domain.errors import BadEvent
from domain.events import Event, decode
from streams.kafka_clients import KafkaSettings, headers_of

QUIET_S = 2.0  # a broker that doesn't tell the end of a partition is taken to be read when it is quiet for so long
LONGEST_S = 60.0
_END_TOLD_WITHIN_MS = 10  # half a second otherwise, of each partition


@dataclass(frozen=True, slots=True)
class Record:
    value: bytes
    headers: dict[str, bytes]


def latest(kafka: KafkaSettings, topic: str) -> dict[bytes, Event]:
    """Events by record key, without what another version wrote. Blocks. Raises ConnectionError when the topic can't be
    read to its end."""
    events: dict[bytes, Event] = {}
    for key, record in latest_records(kafka, topic).items():
        try:
            events[key] = decode(key, record.value, record.headers)
        except BadEvent:
            continue
    return events


def latest_records(kafka: KafkaSettings, topic: str) -> dict[bytes, Record]:
    """By key, those written last at the end; without keys that a record without a value forgot. As `latest` blocks and
    fails."""
    records: dict[bytes, Record] = {}
    reader = Consumer(
        kafka.confluent()
        | {"group.id": "nowseen-reader", "enable.auto.commit": False, "enable.partition.eof": True,
           "auto.offset.reset": "earliest", "fetch.wait.max.ms": _END_TOLD_WITHIN_MS}
    )  # fmt: skip
    try:
        listed = reader.list_topics(topic, timeout=10.0).topics[topic]
        unread = set(listed.partitions)
        # The broker in memory tells an end that is too low: reading goes on from there until it is quiet.
        behind = {
            partition: end
            for partition in unread
            if (end := reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10.0)[1]) > 0
        }
        reader.assign([TopicPartition(topic, partition, 0) for partition in unread])
        started = heard = time.monotonic()
        while unread and (behind or time.monotonic() - heard < QUIET_S):
            if time.monotonic() - started > LONGEST_S:
                raise ConnectionError(f"topic {topic} can't be read to its end within {LONGEST_S:.0f} s")
            record = reader.poll(0.2)
            if record is None:
                continue
            heard = time.monotonic()
            if (error := record.error()) is not None:
                if error.code() != KafkaError._PARTITION_EOF:
                    raise ConnectionError(f"topic {topic} can't be read: {error.str()}")
                unread.discard(record.partition())
                behind.pop(record.partition(), None)
                continue
            if (record.offset() or 0) + 1 >= behind.get(record.partition(), 0):
                behind.pop(record.partition(), None)
            key, value = record.key() or b"", record.value()
            records.pop(key, None)
            if value is not None:
                records[key] = Record(value, headers_of(record))
    finally:
        reader.close()
    return records
