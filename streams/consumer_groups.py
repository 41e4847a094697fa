"""What the broker tells of consumer groups: how far they have read, and who is in them.

By aiokafka. librdkafka asks a group's coordinator in a way that aborts the whole process when the connection breaks in
that moment: https://github.com/confluentinc/librdkafka/issues/4605.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka_clients import KafkaSettings

T = TypeVar("T")
_ANSWERS_WITHIN_S = 10.0
_NOBODY = frozenset({"Empty", "Dead"})


class ConsumerGroups:
    """Asks the broker. Methods raise KafkaError, OSError or TimeoutError when it does not answer; ask again later."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._admin: Any = None

    async def committed(self, group: str, places: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """The offset that the group reads next, by topic and partition; -1 where it has committed none."""
        wanted = [TopicPartition(topic, partition) for topic, partition in places]
        found = await self._ask(lambda admin: admin.list_consumer_group_offsets(group, partitions=wanted))
        return {(place.topic, place.partition): int(read.offset) for place, read in found.items()}

    async def members(self, group: str) -> frozenset[str]:
        """The ids of its members, which are new at each start of one. Raises RuntimeError where they are not told."""
        [response] = await self._ask(lambda admin: admin.describe_consumer_groups([group]))
        [(_, _, state, _, _, members, *_)] = response.groups
        # Tansu goes on naming members that were killed. It is told by the hosts, which it leaves out.
        if state not in _NOBODY and not all(host for _, _, host, *_ in members):
            raise RuntimeError("the broker does not tell who is in the group")
        return frozenset(member_id for member_id, *_ in members)

    async def close(self) -> None:
        """Closes the connection; the next question opens another."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()

    async def _ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                if self._admin is None:
                    self._admin = AIOKafkaAdminClient(**self._kafka.aiokafka())
                    await self._admin.start()
                return await question(self._admin)
        except BaseException:
            await self.close()
            raise
