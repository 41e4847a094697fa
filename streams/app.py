"""A Faust app that keeps Nowseen's promises. Settings that a default app gets wrong stand here with their reason."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import faust
from faust.types import TopicT

from domain.topology import Topology
from streams.kafka_clients import KafkaSettings
from streams.record_batches import read_every_record


def make_app(name: str, kafka: KafkaSettings, topology: Topology) -> faust.App:
    """`name` is the consumer group: processes with one name share the partitions."""
    read_every_record()
    largest = max(topic.max_message_bytes for topic in topology.topics.values())
    app = faust.App(
        name,
        broker=kafka.faust_broker_url(),
        broker_credentials=kafka.faust_credentials(),
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,  # streams/topics.py makes them
        consumer_auto_offset_reset="earliest",
        # Both default to 1 MB, less than a chunk.
        consumer_max_fetch_size=largest,
        producer_max_request_size=largest + 65536,
        # Chunks are megabytes: the default of 4096 buffered events would be gigabytes.
        stream_buffer_maxsize=16,
        stream_wait_empty=False,
        stream_processing_timeout=600.0,
        broker_commit_interval=1.0,
        # The defaults leave a killed worker's partitions standing for a minute.
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        broker_request_timeout=30.0,
        broker_max_poll_interval=600.0,
        producer_acks=-1,
        logging_config=None,
        loghandlers=[],
    )
    # They are for tables on disk, and there are none: every process would leave its empty folders behind.
    app._create_directories = lambda: None  # type: ignore[method-assign]
    return app


def make_topics(app: faust.App, topology: Topology) -> Mapping[str, TopicT]:
    """A raw topic for each one of topology.yaml. They exist already (streams/topics.py)."""
    return {
        name: app.topic(name, key_type=bytes, value_type=bytes, partitions=topic.partitions, internal=False)
        for name, topic in topology.topics.items()
    }


def quiet_loggers() -> None:
    """Faust's and aiokafka's chatter about every rebalance, down to what a user can act on."""
    for name in ("faust", "mode", "aiokafka", "kafka"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("faust.app.base", "faust.topics", "asyncio"):
        logging.getLogger(name).addFilter(_is_of_use)


_NOISE = (
    "Missing sensor state for rebalance",  # at every start: no rebalance came before the first
    # Whoever sends gets the error too, and says it once; Faust keeps a second future that nobody can ask.
    "_on_published error for message",
    "FutureMessage exception was never retrieved",
)


def _is_of_use(record: logging.LogRecord) -> bool:
    return not any(noise in str(record.msg) for noise in _NOISE)
