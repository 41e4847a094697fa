"""How many records each consumer group has not read yet, asked of the broker now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec  # the public name is not marked as exported for mypy

from streams.consumer_groups import ConsumerGroups
from streams.kafka_clients import KafkaSettings

log = logging.getLogger(__name__)

EVERY_S = 5.0
_ANSWERS_WITHIN_S = 5.0


async def report_lag(kafka: KafkaSettings, group_by_topic: Mapping[str, str], tell: Callable[[str, int], None]) -> None:
    """Until cancelled. `tell(topic, records)`. A broker that can't say is not a reason to stop."""
    admin, groups = AdminClient(kafka.confluent()), ConsumerGroups(kafka)
    try:
        while True:
            try:
                ends = await asyncio.to_thread(_ends, admin, group_by_topic)
                for topic, records in (await _lag(groups, group_by_topic, ends)).items():
                    tell(topic, records)
            except Exception as error:
                log.debug("consumer lag not known: %s", error)
            await asyncio.sleep(EVERY_S)
    finally:
        await groups.close()


def _ends(admin: AdminClient, topics: Mapping[str, str]) -> dict[tuple[str, int], int]:
    listed = admin.list_topics(timeout=_ANSWERS_WITHIN_S).topics
    places = [
        TopicPartition(topic, partition)
        for topic in topics
        if topic in listed
        for partition in listed[topic].partitions
    ]
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = admin.list_offsets(dict.fromkeys(places, latest), request_timeout=_ANSWERS_WITHIN_S)
    return {(place.topic, place.partition): future.result().offset for place, future in asked.items()}


async def _lag(
    groups: ConsumerGroups, group_by_topic: Mapping[str, str], ends: Mapping[tuple[str, int], int]
) -> dict[str, int]:
    lag = dict.fromkeys(group_by_topic, 0)
    for group in set(group_by_topic.values()):
        wanted = [place for place in ends if group_by_topic[place[0]] == group]
        for place, read in (await groups.committed(group, wanted)).items():
            lag[place[0]] += max(0, ends[place] - max(0, read))
    return lag
