"""The newest event of every key, all of them, from both brokers."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from domain.events import SpeechCut, encode
from domain.topology import Topology
from streams.compacted import latest
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics


@pytest.mark.parametrize("fixture", ["tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
def test_the_newest_of_each_key(fixture: str, request: pytest.FixtureRequest, topology: Topology) -> None:
    bootstrap: str = request.getfixturevalue(fixture)
    kafka = KafkaSettings(bootstrap)
    create_topics(kafka, topology)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50})
    for offset in range(300):
        for source in ("one", "two", "three"):
            message = encode(SpeechCut(source, 0, offset, 0, 1000.0 + offset))
            producer.produce("speech.cuts", message.value, message.key, headers=list(message.headers.items()))
    assert producer.flush(20) == 0
    found = latest(kafka, "speech.cuts")
    cuts = {key: event.offset for key, event in found.items() if isinstance(event, SpeechCut)}
    assert {key: cuts[key] for key in (b"one", b"two", b"three")} == {b"one": 299, b"two": 299, b"three": 299}


def test_an_empty_topic_holds_nothing(tansu_broker: str, topology: Topology) -> None:
    create_topics(KafkaSettings(tansu_broker), topology)
    assert latest(KafkaSettings(tansu_broker), "watermarks") == {}
