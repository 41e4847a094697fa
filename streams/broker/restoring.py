"""Fills an empty Tansu from the log: topics, records at the offsets that they had, and what groups had committed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from kio.schema.create_topics.v5 import request as create_topics
from kio.schema.errors import ErrorCode
from kio.schema.offset_commit.v7 import request as offset_commit
from kio.schema.produce.v7 import request as produce
from kio.schema.types import GroupId, TopicName
from kio.static.primitive import Records, i16, i32, i32Timedelta, i64

from domain.topology import Topic
from streams.broker.durable_log import DurableLog
from streams.broker.partitions import Committed, Partition
from streams.broker.record_batches import Batch, gap
from streams.broker.wire import Connection
from streams.topics import topic_config

PATIENCE = i32Timedelta.parse(timedelta(seconds=30))
_log = logging.getLogger(__name__)


class Restoring:
    """Fills one empty Tansu, to which `connect` opens connections."""

    def __init__(
        self, log: DurableLog, topics: Mapping[str, Topic], connect: Callable[[], Awaitable[Connection]]
    ) -> None:
        self._log, self._topics, self._connect = log, topics, connect

    async def run(self) -> int:
        """Gives how many record batches were put back. Raises ConnectionError when Tansu can't be reached."""
        self._tansu = await self._connect()
        try:
            await self._create_topics()
            count = 0
            ends = {
                at: end for at, end in self._log.ends().items() if 0 <= at.number < self._topics[at.topic].partitions
            }
            if lost := self._log.ends().keys() - ends.keys():
                names = ", ".join(sorted(f"{at.topic}[{at.number}]" for at in lost))
                _log.warning("topology.yaml has no such partitions any more, and they are not put back: %s", names)
            for partition, end in ends.items():
                offset = 0
                for batches in self._log.batches(partition):
                    await self._put(partition, list(_with_gaps(offset, batches)))
                    offset, count = batches[-1].last_offset + 1, count + len(batches)
                await self._put(partition, list(gap(offset, end - offset)))
            await self._commit(ends)
            return count
        finally:
            self._tansu.close()

    async def _create_topics(self) -> None:
        wanted = tuple(
            create_topics.CreatableTopic(
                name=TopicName(name),
                num_partitions=i32(topic.partitions),
                replication_factor=i16(1),
                assignments=(),
                configs=tuple(
                    create_topics.CreatableTopicConfig(name=key, value=value)
                    for key, value in topic_config(topic).items()
                ),
            )
            for name, topic in self._topics.items()
        )
        response = await self._tansu.ask(create_topics.CreateTopicsRequest(topics=wanted, timeout=PATIENCE))
        _check("create topics", (topic.error_code for topic in response.topics))

    async def _put(self, partition: Partition, batches: Sequence[Batch]) -> None:
        if not batches or await self._is_taken(partition, batches):
            return
        # One of them is not taken. Each for itself: the others keep their offsets.
        for batch in batches:
            if await self._is_taken(partition, [batch]):
                continue
            _log.error(
                "%s[%d]: the records at %d to %d are damaged and were left out",
                partition.topic, partition.number, batch.first_offset, batch.last_offset,
            )  # fmt: skip
            filler = list(gap(batch.first_offset, batch.last_offset - batch.first_offset + 1))
            if not await self._is_taken(partition, filler):
                raise ConnectionError(f"Tansu does not take back {partition.topic}[{partition.number}]")

    async def _is_taken(self, partition: Partition, batches: Sequence[Batch]) -> bool:
        """Whether they are where they belong."""
        data = Records(b"".join(batch.data for batch in batches))
        part = produce.PartitionProduceData(index=i32(partition.number), records=data)
        topic = produce.TopicProduceData(name=TopicName(partition.topic), partition_data=(part,))
        request = produce.ProduceRequest(transactional_id=None, acks=i16(-1), timeout=PATIENCE, topic_data=(topic,))
        try:
            response = await self._tansu.ask(request)
        except (ConnectionError, ValueError):
            self._tansu.close()
            self._tansu = await self._connect()
            return False
        answer = response.responses[0].partition_responses[0]
        return bool(answer.error_code == ErrorCode.none and answer.base_offset == batches[0].first_offset)

    async def _commit(self, ends: Mapping[Partition, int]) -> None:
        by_group: dict[str, list[Committed]] = {}
        for each in self._log.committed():
            if each.partition in ends and each.next_offset >= 0 and each.group:
                by_group.setdefault(each.group, []).append(each)
        for group, committed in by_group.items():
            topics = tuple(
                offset_commit.OffsetCommitRequestTopic(
                    name=TopicName(each.partition.topic),
                    partitions=(
                        offset_commit.OffsetCommitRequestPartition(
                            partition_index=i32(each.partition.number),
                            committed_offset=i64(min(each.next_offset, ends[each.partition])),
                            committed_metadata="",
                        ),
                    ),
                )
                for each in committed
            )
            request = offset_commit.OffsetCommitRequest(group_id=GroupId(group), member_id="", topics=topics)
            response = await self._tansu.ask(request)
            codes = [part.error_code for topic in response.topics for part in topic.partitions]
            _check(f"take back the offsets of {group}", codes)


def _with_gaps(offset: int, batches: Iterable[Batch]) -> Iterator[Batch]:
    for batch in batches:
        yield from gap(offset, batch.first_offset - offset)
        yield batch
        offset = batch.last_offset + 1


def _check(what: str, error_codes: Iterable[ErrorCode]) -> None:
    wrong = [code for code in error_codes if code != ErrorCode.none]
    if wrong:
        raise ConnectionError(f"Tansu did not {what}: {wrong[0].name}")
