"""Topics on real brokers: made once, made by several at once, and checked."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from domain.errors import ConfigError
from domain.topology import Topic, Topology
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics, topic_config

LATE = {"segment.ms": "604800000", "max.compaction.lag.ms": str(2**63 - 1)}  # as Kafka has them by itself


@pytest.fixture(params=["tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
def settings(request: pytest.FixtureRequest) -> KafkaSettings:
    return KafkaSettings(request.getfixturevalue(request.param))


@pytest.fixture
def fresh(topology: Topology) -> Topology:
    """The product's topics under names that no other test uses."""
    prefix = secrets.token_hex(4)
    topics = {f"{prefix}.{name}": replace(topic, name=f"{prefix}.{name}") for name, topic in topology.topics.items()}
    return replace(topology, topics=topics)


def test_topics_are_made_once(settings: KafkaSettings, fresh: Topology, caplog: pytest.LogCaptureFixture) -> None:
    assert sorted(create_topics(settings, fresh)) == sorted(fresh.topics)
    assert create_topics(settings, fresh) == ()
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []
    found = AdminClient(settings.confluent()).list_topics(timeout=10).topics
    assert {name: len(found[name].partitions) for name in fresh.topics} == {
        name: topic.partitions for name, topic in fresh.topics.items()
    }


def test_several_processes_at_once_do_no_harm(settings: KafkaSettings, fresh: Topology) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [names for run in range(4) for names in [pool.submit(create_topics, settings, fresh)]]
        names = [name for future in made for name in future.result()]
    assert sorted(names) == sorted(fresh.topics)


def test_too_few_partitions_are_told_all_at_once(settings: KafkaSettings, fresh: Topology) -> None:
    create_topics(settings, fresh)
    larger = replace(fresh, topics=_changed(fresh.topics, partitions=2))
    with pytest.raises(ConfigError) as caught:
        create_topics(settings, larger)
    assert len(caught.value.mistakes) == len(fresh.topics)
    assert "--partitions" in caught.value.mistakes[0]
    create_topics(settings, replace(fresh, topics=_changed(fresh.topics, partitions=-1)))  # more than needed is well


@pytest.mark.kafka
def test_kafka_is_told_how_long_and_how_large(apache_kafka: str, fresh: Topology) -> None:
    settings = KafkaSettings(apache_kafka)
    create_topics(settings, fresh)
    for name, topic in fresh.topics.items():
        resource = ConfigResource(ResourceType.TOPIC, name)
        admin = AdminClient(settings.confluent())
        (future,) = admin.describe_configs([resource]).values()
        config = {key: entry.value for key, entry in future.result(10).items()}
        assert config["max.message.bytes"] == str(topic.max_message_bytes)
        assert config["cleanup.policy"] == ("compact" if topic.compacted else "delete")
        if topic.compacted:
            assert (config["segment.ms"], config["max.compaction.lag.ms"]) == ("86400000", "86400000")
        if topic.retention_hours is not None:
            assert config["retention.ms"] == str(round(topic.retention_hours * 3_600_000))


@pytest.mark.kafka
def test_topics_that_keep_what_was_removed_longer_are_told_with_what_to_do(
    apache_kafka: str, fresh: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    settings = KafkaSettings(apache_kafka)
    compacted = [topic for topic in fresh.topics.values() if topic.compacted]
    old = [NewTopic(topic.name, topic.partitions, 1, config={**topic_config(topic), **LATE}) for topic in compacted]
    admin = AdminClient(settings.confluent())
    for future in admin.create_topics(old).values():
        future.result(10)
    create_topics(settings, fresh)
    told = [record.message for record in caplog.records if "keeps what was removed" in record.message]
    assert len(told) == len(compacted)
    assert "kafka-configs.sh --alter" in told[0]
    assert told[0].endswith("--add-config segment.ms=86400000,max.compaction.lag.ms=86400000")


@pytest.mark.kafka
def test_smaller_messages_and_another_policy_are_told(apache_kafka: str, fresh: Topology) -> None:
    settings = KafkaSettings(apache_kafka)
    create_topics(settings, fresh)
    larger = {
        name: replace(topic, max_message_bytes=topic.max_message_bytes + 1, compacted=not topic.compacted)
        for name, topic in fresh.topics.items()
    }
    with pytest.raises(ConfigError) as caught:
        create_topics(settings, replace(fresh, topics=larger))
    assert len(caught.value.mistakes) == 2 * len(fresh.topics)


def _changed(topics: Mapping[str, Topic], *, partitions: int) -> dict[str, Topic]:
    return {name: replace(topic, partitions=max(1, topic.partitions + partitions)) for name, topic in topics.items()}
