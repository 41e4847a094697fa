"""Record batches as bytes: what aiokafka's own builder makes, told apart and put together again."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from streams.broker.record_batches import batch_of, batches_at, gap, records_of

Records = list[tuple[bytes | None, bytes | None]]
RECORDS = st.lists(
    st.tuples(st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=9)), min_size=1, max_size=5
)
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def built(records: Records, codec: int = 0, producer_id: int = -1) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, False, producer_id, 3 if producer_id >= 0 else -1, 0, 1 << 20)
    for number, (key, value) in enumerate(records):
        builder.append(number, 1_000 + number, key, value, [("h", b"x")])
    return bytes(builder.build())


def read(data: bytes) -> list[tuple[int, bytes | None, bytes | None]]:
    """As a consumer reads it, with the checksum checked."""
    records, found = MemoryRecords(data), []
    while (batch := records.next_batch()) is not None:
        assert batch.validate_crc()
        found += [(record.offset, record.key, record.value) for record in batch]
    return found


@given(st.lists(RECORDS, max_size=4), st.sampled_from(sorted(CODECS)), st.integers(-1, 9), st.integers(0, 2**40))
def test_batches_keep_their_records_and_get_the_offsets_asked_for(
    several: list[Records], codec: str, producer_id: int, offset: int
) -> None:
    batches = batches_at(offset, b"".join(built(records, CODECS[codec], producer_id) for records in several))
    expected = [record for records in several for record in records]
    found = read(b"".join(batch.data for batch in batches))
    assert found == [(offset + number, key, value) for number, (key, value) in enumerate(expected)]
    assert [batch.last_offset - batch.first_offset + 1 for batch in batches] == [len(records) for records in several]
    for batch in batches:
        assert struct.unpack_from(">qhi", batch.data, 43) == (-1, -1, -1)  # producer id, epoch, sequence


@given(st.binary(max_size=200) | RECORDS.map(built), st.integers(0, 80), st.integers(0, 255))
def test_bytes_that_are_no_batch_are_left_out(data: bytes, at: int, value: int) -> None:
    damaged = bytearray(data)
    if at < len(damaged):
        damaged[at] = value
    for batch in batches_at(5, bytes(damaged)):
        assert batch.last_offset >= batch.first_offset
        assert len(batch.data) <= len(damaged)


def test_a_batch_with_a_wrong_checksum_does_not_get_a_right_one() -> None:
    damaged = bytearray(built([(b"k", b"v")], producer_id=4))
    damaged[-1] ^= 1
    [batch] = batches_at(0, bytes(damaged))
    checked = MemoryRecords(batch.data).next_batch()
    assert checked is not None
    assert not checked.validate_crc()


@given(st.integers(0, 2**40), st.integers(0, 2**33))
def test_a_gap_takes_up_its_offsets_and_is_skipped(first: int, count: int) -> None:
    batches = list(gap(first, count))
    assert sum(batch.last_offset - batch.first_offset + 1 for batch in batches) == count
    for before, after in pairwise(batches):
        assert after.first_offset == before.last_offset + 1
    for batch in batches:
        control = MemoryRecords(batch.data).next_batch()
        assert control is not None
        assert control.validate_crc()
        assert control.is_control_batch


@pytest.mark.parametrize("codec", CODECS)
def test_a_record_can_stand_alone_at_its_offset(codec: str) -> None:
    [batch] = batches_at(7, built([(b"a", b"1"), (b"b", None), (None, b"3")], CODECS[codec]))
    records = records_of(batch)
    assert [(each.offset, each.key, each.value) for each in records] == [
        (7, b"a", b"1"),
        (8, b"b", None),
        (9, None, b"3"),
    ]
    for record in records:
        alone = batch_of(record)
        assert (alone.first_offset, alone.last_offset) == (record.offset, record.offset)
        [again] = records_of(alone)
        assert (again.offset, again.key, again.value) == (record.offset, record.key, record.value)
        assert (again.timestamp, list(again.headers)) == (record.timestamp, list(record.headers))
