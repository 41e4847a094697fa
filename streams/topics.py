"""The topics of the topology, made and checked.

They are made before anything reads or writes them: a topic that a broker makes on the fly has one partition and the
broker's default size limit, and a worker whose topics disagree on partitions does not start.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource  # the public names are not marked as exported for mypy
from confluent_kafka.admin._metadata import TopicMetadata
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from domain.errors import ConfigError
from domain.topology import Topic, Topology
from streams.kafka_clients import KafkaSettings

_log = logging.getLogger(__name__)

_REQUEST_S = 30.0
# What was removed or replaced in a compacted topic may be a voice, and is to go. Kafka would let a part that is being
# written lie for a week, or until it has a gigabyte, and then wait until half of what lies there is out of date.
_COMPACTED_WITHIN_MS = 86_400_000
_SOON_COMPACTED = ("segment.ms", "max.compaction.lag.ms")


def create_topics(settings: KafkaSettings, topology: Topology, replication_factor: int = 1) -> tuple[str, ...]:
    """Makes the missing topics and checks the others; returns the names of those it made.

    Again, or from several processes at once, is harmless. Raises ConfigError with every existing topic that is too
    small, and ConnectionError when the broker does not answer. What a broker does not report is taken on trust.
    """
    admin = AdminClient(settings.confluent())
    try:
        existing = admin.list_topics(timeout=_REQUEST_S).topics
    except KafkaException as error:
        raise ConnectionError(f"the Kafka broker at {settings.bootstrap} does not answer: {_text(error)}") from error
    missing = [topic for name, topic in topology.topics.items() if name not in existing]
    made = _create(admin, missing, replication_factor)
    _wait_until_known(admin, topology)
    present = {name: topic for name, topic in topology.topics.items() if name not in made}
    if present:
        _check(admin, present)
    return tuple(made)


def _create(admin: AdminClient, topics: list[Topic], replication_factor: int) -> list[str]:
    if not topics:
        return []
    wanted = [
        NewTopic(topic.name, topic.partitions, replication_factor, config=topic_config(topic)) for topic in topics
    ]
    made, mistakes = [], []
    for name, future in admin.create_topics(wanted, operation_timeout=_REQUEST_S).items():
        try:
            future.result(_REQUEST_S)
            made.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was faster
                mistakes.append(f"topic {name!r} can't be created: {_text(error)}")
    if mistakes:
        raise ConfigError(mistakes)
    if made:
        _log.info("created topics %s", ", ".join(sorted(made)))
    return made


def topic_config(topic: Topic) -> dict[str, str]:
    """Kafka's per-topic settings (https://kafka.apache.org/documentation/#topicconfigs)."""
    config = {"max.message.bytes": str(topic.max_message_bytes)}
    if topic.compacted:
        config["cleanup.policy"] = "compact"
        config |= dict.fromkeys(_SOON_COMPACTED, str(_COMPACTED_WITHIN_MS))
    else:
        config["cleanup.policy"] = "delete"
    if topic.retention_hours is not None:
        config["retention.ms"] = str(round(topic.retention_hours * 3_600_000))
    return config


def _wait_until_known(admin: AdminClient, topology: Topology) -> None:
    """Kafka acknowledges a topic before its brokers know it: who asks for it at once is told that there is none."""
    deadline = time.monotonic() + _REQUEST_S
    while time.monotonic() < deadline:
        known = admin.list_topics(timeout=_REQUEST_S).topics
        if all(name in known and known[name].partitions for name in topology.topics):
            return
        time.sleep(0.1)
    raise ConnectionError("the Kafka broker has created the topics but does not list them: try again")


def _check(admin: AdminClient, topics: Mapping[str, Topic]) -> None:
    metadata = admin.list_topics(timeout=_REQUEST_S).topics
    configs = _configs(admin, topics)
    mistakes: list[str] = []
    for name, topic in topics.items():
        mistakes += _mismatches(topic, metadata.get(name), configs.get(name, {}))
        if topic.compacted:
            _tell_late_compaction(name, configs.get(name, {}))
    if mistakes:
        raise ConfigError(mistakes)


def _mismatches(topic: Topic, found: TopicMetadata | None, config: Mapping[str, str]) -> list[str]:
    mistakes = []
    partitions = len(found.partitions) if found is not None else 0
    if 0 < partitions < topic.partitions:
        mistakes.append(
            f"topic {topic.name!r} has {partitions} partitions, topology.yaml says {topic.partitions}: "
            f"kafka-topics.sh --alter --topic {topic.name} --partitions {topic.partitions}"
        )
    largest = config.get("max.message.bytes", "")
    if largest.isdecimal() and int(largest) < topic.max_message_bytes:
        mistakes.append(
            f"topic {topic.name!r} takes messages of {largest} bytes, topology.yaml says {topic.max_message_bytes}: "
            f"kafka-configs.sh --alter --topic {topic.name} --add-config max.message.bytes={topic.max_message_bytes}"
        )
    policy = config.get("cleanup.policy")
    if policy and topic.compacted != ("compact" in policy):
        wanted = "compact" if topic.compacted else "delete"
        mistakes.append(
            f"topic {topic.name!r} has cleanup.policy={policy}, topology.yaml wants {wanted}: "
            f"kafka-configs.sh --alter --topic {topic.name} --add-config cleanup.policy={wanted}"
        )
    return mistakes


def _tell_late_compaction(name: str, config: Mapping[str, str]) -> None:
    """Of a topic that an earlier version made, or somebody else: it works, so it is no mistake."""
    late = [each for each in _SOON_COMPACTED if int(config.get(each, "0")) > _COMPACTED_WITHIN_MS]
    if late:
        wanted = ",".join(f"{each}={_COMPACTED_WITHIN_MS}" for each in late)
        _log.warning(
            "topic %r keeps what was removed, such as a rule with a voice's vector, longer than it need: "
            "kafka-configs.sh --alter --topic %s --add-config %s",
            name, name, wanted,
        )  # fmt: skip


def _configs(admin: AdminClient, names: Mapping[str, Topic]) -> dict[str, dict[str, str]]:
    """What the broker tells of its topics' settings; nothing for those it tells nothing of."""
    told: dict[str, dict[str, str]] = {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    for resource, future in admin.describe_configs(resources, request_timeout=_REQUEST_S).items():
        try:
            entries = future.result(_REQUEST_S)
        except KafkaException as error:
            _log.warning("the broker does not tell the settings of topic %r: %s", resource.name, _text(error))
            continue
        told[resource.name] = {name: entry.value for name, entry in entries.items() if entry.value}
    return told


def _text(error: KafkaException) -> str:
    return str(error.args[0].str())
