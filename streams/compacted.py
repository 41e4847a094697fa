"""What a compacted topic holds now: the newest record of each key."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from domain.errors import BadEvent
from domain.events import Event, decode
from streams.kafka_clients import KafkaSettings
from streams.record_parsing import Unreadable
from streams.topic_reader import TopicReader

_log = logging.getLogger(__name__)

LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Record:
    value: bytes
    headers: dict[str, bytes | None]


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
    """By key, those written last at the end; without keys that a record without a value forgot. What can't be read
    says nothing of its key: the record before it holds. As `latest` blocks and fails."""
    records: dict[bytes, Record] = {}
    until_s = time.monotonic() + LONGEST_S
    try:
        with TopicReader(kafka, topic) as reader:
            for partition, (first, end) in reader.ends().items():
                for record in reader.read(partition, first, end, until_s):
                    key, value = record.key or b"", record.value
                    if isinstance(value, Unreadable):
                        _log.warning("left out %s[%d]@%d: %s", topic, partition, record.offset, value.reason)
                        continue
                    records.pop(key, None)
                    if value is not None:
                        records[key] = Record(value, dict(record.headers))
    except TimeoutError as error:
        raise ConnectionError(f"topic {topic} can't be read to its end within {LONGEST_S:.0f} s") from error
    return records
