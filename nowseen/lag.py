"""How many records each consumer group has not read yet, asked of the broker now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec  # the public name is not marked as exported for mypy

from streams.kafka_clients import KafkaSettings

log = logging.getLogger(__name__)

EVERY_S = 5.0


async def report_lag(kafka: KafkaSettings, group_by_topic: Mapping[str, str], tell: Callable[[str, int], None]) -> None:
    """Until cancelled. `tell(topic, records)`. A broker that can't say is not a reason to stop."""
    admin = AdminClient(kafka.confluent())
    while True:
        try:
            for topic, records in (await asyncio.to_thread(_lag, admin, group_by_topic)).items():
                tell(topic, records)
        except Exception as error:
            log.debug("consumer lag not known: %s", error)
        await asyncio.sleep(EVERY_S)


def _lag(admin: AdminClient, group_by_topic: Mapping[str, str]) -> dict[str, int]:
    listed = admin.list_topics(timeout=5.0).topics
    places = [
        TopicPartition(topic, partition)
        for topic in group_by_topic
        if topic in listed
        for partition in listed[topic].partitions
    ]
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    ends = {
        (place.topic, place.partition): future.result().offset
        for place, future in admin.list_offsets(dict.fromkeys(places, latest)).items()
    }
    lag = dict.fromkeys(group_by_topic, 0)
    for group in set(group_by_topic.values()):
        wanted = [place for place in places if group_by_topic[place.topic] == group]
        request = [ConsumerGroupTopicPartitions(group, wanted)]
        read = admin.list_consumer_group_offsets(request)[group].result().topic_partitions or []
        for place in read:
            lag[place.topic] += max(0, ends[place.topic, place.partition] - max(0, place.offset))
    return lag
