"""Fills an empty broker from the log: topics, records at the offsets that they had, and what groups had committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from kio.schema.create_topics.v5 import request as create_topics
from kio.schema.errors import ErrorCode
from kio.schema.offset_commit.v7 import request as offset_commit
from kio.schema.produce.v7 import request as produce
from kio.schema.types import GroupId, TopicName
from kio.static.primitive import Records, i16, i32, i32Timedelta, i64

from domain.topology import Topic
from streams.broker.durable_log import Committed, DurableLog, Partition
from streams.broker.record_batches import Batch, gap
from streams.broker.wire import Connection
from streams.topics import topic_config

_PATIENCE = i32Timedelta.parse(timedelta(seconds=30))


async def restore(log: DurableLog, topics: Mapping[str, Topic], broker: Connection) -> int:
    """Gives how many record batches were put back. Raises ConnectionError when the broker does not take something."""
    ends = log.ends()
    await _create_topics(broker, topics, ends)
    count = 0
    for partition, end in ends.items():
        for batch in _with_gaps(log.batches(partition), end):
            await _produce(broker, partition, batch)
            count += 1
    await _commit(broker, log.committed())
    return count


def _with_gaps(batches: Iterator[Batch], end: int) -> Iterator[Batch]:
    offset = 0
    for batch in batches:
        yield from gap(offset, batch.first_offset - offset)
        yield batch
        offset = batch.last_offset + 1
    yield from gap(offset, end - offset)


async def _create_topics(broker: Connection, topics: Mapping[str, Topic], ends: Mapping[Partition, int]) -> None:
    wanted = []
    for name, topic in topics.items():
        written = [partition.number + 1 for partition in ends if partition.topic == name]
        settings = topic_config(topic).items()
        wanted.append(
            create_topics.CreatableTopic(
                name=TopicName(name),
                num_partitions=i32(max([topic.partitions, *written])),
                replication_factor=i16(1),
                assignments=(),
                configs=tuple(create_topics.CreatableTopicConfig(name=key, value=value) for key, value in settings),
            )
        )
    response = await broker.ask(create_topics.CreateTopicsRequest(topics=tuple(wanted), timeout=_PATIENCE))
    _check("create topics", (topic.error_code for topic in response.topics))


async def _produce(broker: Connection, partition: Partition, batch: Batch) -> None:
    part = produce.PartitionProduceData(index=i32(partition.number), records=Records(batch.data))
    topic = produce.TopicProduceData(name=TopicName(partition.topic), partition_data=(part,))
    response = await broker.ask(
        produce.ProduceRequest(transactional_id=None, acks=i16(-1), timeout=_PATIENCE, topic_data=(topic,))
    )
    answer = response.responses[0].partition_responses[0]
    what = f"take back records of {partition.topic}[{partition.number}] at {batch.first_offset}"
    _check(what, [answer.error_code])
    if answer.base_offset != batch.first_offset:
        raise ConnectionError(f"the broker did not {what}: it put them at {answer.base_offset}")


async def _commit(broker: Connection, committed: Sequence[Committed]) -> None:
    parts: dict[str, dict[str, list[offset_commit.OffsetCommitRequestPartition]]] = {}  # by group and topic
    for each in committed:
        parts.setdefault(each.group, {}).setdefault(each.partition.topic, []).append(
            offset_commit.OffsetCommitRequestPartition(
                partition_index=i32(each.partition.number),
                committed_offset=i64(each.next_offset),
                committed_metadata="",
            )
        )
    for group, by_topic in parts.items():
        topics = tuple(
            offset_commit.OffsetCommitRequestTopic(name=TopicName(topic), partitions=tuple(of_topic))
            for topic, of_topic in by_topic.items()
        )
        request = offset_commit.OffsetCommitRequest(group_id=GroupId(group), member_id="", topics=topics)
        response = await broker.ask(request)
        codes = [part.error_code for topic in response.topics for part in topic.partitions]
        _check(f"take back the offsets of {group}", codes)


def _check(what: str, error_codes: Iterable[ErrorCode]) -> None:
    wrong = [code for code in error_codes if code != 0]
    if wrong:
        raise ConnectionError(f"the broker did not {what}: {wrong[0].name}")
