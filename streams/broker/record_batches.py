"""Kafka's record batches as bytes: told apart, freed of their producer, and the gap between two of them filled.

Format: https://kafka.apache.org/documentation/#recordbatch (magic 2, since Kafka 0.11).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from crc32c import crc32c

# Base offset, length, leader epoch, magic, CRC; then what the CRC covers.
_BEFORE_CRC = struct.Struct(">qiibI")
# Attributes, last offset delta, base timestamp, newest timestamp, producer id, producer epoch, base sequence, count.
_HEAD = struct.Struct(">hiqqqhii")
_LENGTH_FROM = 12  # the length counts what follows it
_MAGIC = 2
_NO_PRODUCER = (-1, -1, -1)
_TRANSACTIONAL, _CONTROL = 0x10, 0x20
_LONGEST_GAP = 2**31 - 1  # the last offset delta has 32 bits
# A control record of type "commit": consumers read past it and hand nothing on.
_MARKER = bytes([32, 0, 0, 0, 8, 0, 0, 0, 1, 12, 0, 0, 0, 0, 0, 0, 0])


@dataclass(frozen=True, slots=True)
class Batch:
    """One record batch, with its place in its partition. Offsets are those of its first and last record."""

    first_offset: int
    last_offset: int
    data: bytes


def batches_at(offset: int, records: bytes) -> list[Batch]:
    """The batches that a produce request carries for one partition, when the first one gets this offset.

    The producer's id, epoch and sequence are taken out: another run of the broker does not know them. Bytes that are no
    batch of magic 2, with one offset for each record, are left out, and whatever follows them.
    """
    batches: list[Batch] = []
    at = 0
    while len(records) - at >= _BEFORE_CRC.size + _HEAD.size:
        _, length, _, magic, _ = _BEFORE_CRC.unpack_from(records, at)
        stop = at + _LENGTH_FROM + length
        if magic != _MAGIC or length < _BEFORE_CRC.size + _HEAD.size - _LENGTH_FROM or stop > len(records):
            break
        _, last_delta, *_, count = _HEAD.unpack_from(records, at + _BEFORE_CRC.size)
        if count <= 0 or last_delta != count - 1:  # as Apache Kafka has it: one offset for each record
            break
        batches.append(Batch(offset, offset + last_delta, _without_producer(offset, records[at:stop])))
        offset, at = offset + last_delta + 1, stop
    return batches


def gap(first_offset: int, count: int) -> Iterator[Batch]:
    """Batches that take up `count` offsets and that consumers skip."""
    while count > 0:
        taken = min(count, _LONGEST_GAP)
        head = _HEAD.pack(_CONTROL, taken - 1, 0, 0, *_NO_PRODUCER, 1)
        yield Batch(first_offset, first_offset + taken - 1, _with_crc(first_offset, head + _MARKER))
        first_offset, count = first_offset + taken, count - taken


def records_of(batch: Batch) -> list[Any]:
    """Gives the records of a batch, as aiokafka reads them: with offset, key, value, headers and timestamp.

    Raises whatever aiokafka's reader does when the batch can't be taken apart.
    """
    read = MemoryRecords(batch.data).next_batch()
    return [] if read is None else list(read)


def batch_of(record: Any) -> Batch:
    """Gives a batch of this one record, at the offset that it has."""
    builder = DefaultRecordBatchBuilder(_MAGIC, 0, False, *_NO_PRODUCER, 2**31 - 1)
    builder.append(0, record.timestamp, record.key, record.value, list(record.headers))
    [batch] = batches_at(record.offset, bytes(builder.build()))
    return batch


def _without_producer(offset: int, data: bytes) -> bytes:
    _, _, epoch, magic, crc = _BEFORE_CRC.unpack_from(data)
    attributes, last_delta, base_ms, newest_ms, *producer, count = _HEAD.unpack_from(data, _BEFORE_CRC.size)
    covered = data[_BEFORE_CRC.size :]
    # A batch whose checksum is wrong must not get a right one.
    if tuple(producer) != _NO_PRODUCER and crc == crc32c(covered):
        attributes &= ~_TRANSACTIONAL
        head = _HEAD.pack(attributes, last_delta, base_ms, newest_ms, *_NO_PRODUCER, count)
        return _with_crc(offset, head + covered[_HEAD.size :])
    return _BEFORE_CRC.pack(offset, len(data) - _LENGTH_FROM, epoch, magic, crc) + covered


def _with_crc(offset: int, covered: bytes) -> bytes:
    length = _BEFORE_CRC.size - _LENGTH_FROM + len(covered)
    return _BEFORE_CRC.pack(offset, length, 0, _MAGIC, crc32c(covered)) + covered
