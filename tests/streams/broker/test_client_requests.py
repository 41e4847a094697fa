"""What the relay reads of clients' requests is what kio reads, and no bytes make it fail otherwise than said."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.index import load_payload_module
from kio.serial import entity_writer
from kio.static.constants import EntityType

from streams.broker.client_requests import (
    LIST_OFFSETS,
    OFFSET_COMMIT,
    PRODUCE,
    Start,
    read_ends_wanted,
    read_offset_commit,
    read_produce,
)
from streams.broker.partitions import Committed, Partition
from streams.broker.restoring import PATIENCE

PLACES = [("media.text", 0), ("media.text", 3), ("rules", 0)]


def frame(request: Any, correlation_id: int = 77) -> bytes:
    header = request.__header_schema__(
        request_api_key=request.__api_key__, request_api_version=request.__version__,
        correlation_id=correlation_id, client_id="a client",
    )  # fmt: skip
    buffer = io.BytesIO()
    entity_writer(type(header))(buffer, header)
    entity_writer(type(request))(buffer, request)
    return buffer.getvalue()


def of_version(api_key: int, version: int) -> Any:
    return load_payload_module(api_key, version, EntityType.request)


def by_topic(make: Any) -> list[tuple[str, tuple[Any, ...]]]:
    names = dict.fromkeys(topic for topic, _ in PLACES)
    return [(name, tuple(make(number) for topic, number in PLACES if topic == name)) for name in names]


@pytest.mark.parametrize("version", range(3, 12))
@pytest.mark.parametrize("acks", [0, 1, -1])
def test_a_produce_request(version: int, acks: int) -> None:
    kinds = of_version(PRODUCE, version)
    topics = tuple(
        kinds.TopicProduceData(name=name, partition_data=parts)
        for name, parts in by_topic(
            lambda number: kinds.PartitionProduceData(index=number, records=b"records" * number)
        )
    )
    sent = frame(kinds.ProduceRequest(transactional_id=None, acks=acks, timeout=PATIENCE, topic_data=topics))
    assert Start.of(sent) == Start(PRODUCE, version, 77)
    read = read_produce(sent, version)
    assert read.wants_answer is (acks != 0)
    assert read.records == {Partition(topic, number): b"records" * number for topic, number in PLACES}


@pytest.mark.parametrize("version", range(2, 10))
def test_an_offset_commit(version: int) -> None:
    kinds = of_version(OFFSET_COMMIT, version)
    topics = tuple(
        kinds.OffsetCommitRequestTopic(name=name, partitions=parts)
        for name, parts in by_topic(
            lambda number: kinds.OffsetCommitRequestPartition(
                partition_index=number, committed_offset=2**40 + number, committed_metadata="anything"
            )
        )
    )
    sent = frame(kinds.OffsetCommitRequest(group_id="a group", member_id="a member", topics=topics))
    assert read_offset_commit(sent, version) == [
        Committed("a group", Partition(topic, number), 2**40 + number) for topic, number in PLACES
    ]


@pytest.mark.parametrize("version", range(1, 11))
def test_a_question_for_ends(version: int) -> None:
    kinds = of_version(LIST_OFFSETS, version)
    topics = tuple(
        kinds.ListOffsetsTopic(name=name, partitions=parts)
        for name, parts in by_topic(
            lambda number: kinds.ListOffsetsPartition(partition_index=number, timestamp=-2 if number else -1)
        )
    )
    fields: dict[str, Any] = {"replica_id": -1, "topics": topics, "isolation_level": 1, "timeout": PATIENCE}
    known = kinds.ListOffsetsRequest.__dataclass_fields__
    sent = frame(kinds.ListOffsetsRequest(**{name: value for name, value in fields.items() if name in known}))
    assert read_ends_wanted(sent, version) == {Partition("media.text", 0), Partition("rules", 0)}


@given(st.binary(max_size=300), st.sampled_from([PRODUCE, OFFSET_COMMIT, LIST_OFFSETS]), st.integers(0, 12))
def test_any_bytes_are_read_or_refused(content: bytes, api_key: int, version: int) -> None:
    reader = {PRODUCE: read_produce, OFFSET_COMMIT: read_offset_commit, LIST_OFFSETS: read_ends_wanted}[api_key]
    with suppress(ValueError):
        reader(b"\0" * 8 + content, version)
