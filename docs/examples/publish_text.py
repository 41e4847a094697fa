"""Publish one line of text with a plain Kafka client: python publish_text.py HOST:PORT SOURCE "some words"."""

import json
import sys
import uuid
from datetime import UTC, datetime

from confluent_kafka import KafkaError, Message, Producer


def delivered(error: KafkaError | None, _: Message) -> None:
    if error is not None:
        sys.exit(f"not delivered: {error}")


bootstrap, source, text = sys.argv[1:]
producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
headers: list[tuple[str, str | bytes | None]] = [
    ("ce_specversion", "1.0"),
    ("ce_type", "nowseen.text.published.v1"),
    ("ce_source", source),
    ("ce_id", str(uuid.uuid4())),
    ("ce_time", datetime.now(UTC).isoformat()),
    ("content-type", "application/json"),
]
producer.produce("media.text", json.dumps({"text": text}), key=source, headers=headers, on_delivery=delivered)
if producer.flush(10):
    sys.exit(f"no answer from the broker at {bootstrap}")
