"""aiokafka's reading of what a broker sends, so that no record ends it.

aiokafka parses while it fetches, and raises at the first record that it can't parse. That ends the Faust app, and after
every restart the same record ends it again. So the two names by which aiokafka's fetcher knows its parser are given
other meanings here. There is no supported way: the parser can't be chosen, and what is fetched can't be seen before.
aiokafka is pinned exactly for this. What can be read is still parsed by aiokafka's own code; what can't is handed on as
a record whose value is `Unreadable`, so that an agent rejects it and acknowledges it like any other.

librdkafka is no way out: a batch that does not unpack stops it without a word, and from a truncated gzip it never
comes back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.control_record import ControlRecord
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

from streams.record_parsing import HEADER, BatchHeader, ReadRecord, Unreadable, check_offsets, parse_records
from streams.unpacking import unpack

LARGEST_BATCH_BYTES = 33_554_432  # unpacked: twice the largest record that topology.yaml allows
_ENOUGH_BYTES = 2 * LARGEST_BATCH_BYTES  # unpacked from one fetch; the rest is fetched again

_PREFIX = struct.Struct(">qi")  # base offset, and the length of what follows
_MAGIC_AT, _CRC_COVERS_FROM, _ATTRIBUTES_AT = 16, 21, 21
_CODEC, _TRANSACTIONAL, _CONTROL = 0x07, 0x10, 0x20


def read_every_record() -> None:
    """Makes all of this process's aiokafka consumers read like that. Again is harmless."""
    fetcher.MemoryRecords = RecordBatches
    fetcher.PartitionRecords = _Forward


class _Forward(PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """Never stands still or goes back, whatever offsets a batch claims: it would be fetched again for ever."""

    _next = -1

    @property
    def next_fetch_offset(self) -> int:
        return self._next

    @next_fetch_offset.setter
    def next_fetch_offset(self, offset: int) -> None:
        self._next = max(self._next, offset)

    def _unpack_records(self) -> Iterator[Any]:
        began = self.next_fetch_offset
        yield from super()._unpack_records()
        self.next_fetch_offset = began + 1


class RecordBatches:
    """The batches in a fetched stretch of a log; what aiokafka calls MemoryRecords."""

    def __init__(self, fetched: bytes | None) -> None:
        self._fetched = memoryview(fetched or b"")
        self._at = 0
        self._unpacked_bytes = 0

    def size_in_bytes(self) -> int:
        return len(self._fetched)

    def has_next(self) -> bool:
        """A batch that is cut off at the end of a fetch is fetched again; at its beginning it is all there is."""
        if self._unpacked_bytes >= _ENOUGH_BYTES:
            return False
        return self._at < len(self._fetched) and (self._at == 0 or self._end() <= len(self._fetched))

    def next_batch(self) -> Batch | None:
        if not self.has_next():
            return None
        end = self._end()
        batch = Batch(self._fetched[self._at : end])
        self._at = min(end, len(self._fetched))
        self._unpacked_bytes += batch.unpacked_bytes
        return batch

    def _end(self) -> int:
        if len(self._fetched) < self._at + _PREFIX.size:
            return len(self._fetched) + 1
        _, length = _PREFIX.unpack_from(self._fetched, self._at)
        # Where the next one begins can't be known when this one ends before it can say what it is.
        return self._at + _PREFIX.size + length if length > _MAGIC_AT - _PREFIX.size else len(self._fetched)


class Batch:
    """One batch: its records, or one that is `Unreadable` in their place."""

    def __init__(self, data: memoryview) -> None:
        self.is_control_batch = self.is_transactional = False
        self.producer_id: int | None = None
        self.base_offset = _PREFIX.unpack_from(data)[0] if len(data) >= _PREFIX.size else 0
        self.next_offset = self.base_offset + 1
        self.unpacked_bytes = len(data)
        try:
            self._records = iter(self._read(data))
        except ValueError as error:
            whole = Unreadable.of(data, f"the batch that ends here can't be read: {error}; this is all of it")
            self._records = iter([ReadRecord(self.next_offset - 1, 0, 0, None, whole)])

    def validate_crc(self) -> bool:
        return True  # checked with the rest

    def __iter__(self) -> Iterator[ReadRecord]:
        return self

    def __next__(self) -> ReadRecord:
        return next(self._records)

    def _read(self, data: memoryview) -> list[ReadRecord]:
        magic = data[_MAGIC_AT] if len(data) > _MAGIC_AT else None
        if magic in (0, 1):
            raise ValueError("it is of the format before Kafka 0.11, which has no headers")
        header = BatchHeader.of(data)
        # What lies about how many offsets it takes is stepped over one by one.
        if header.count == header.last_offset_delta + 1 > 0:
            self.next_offset = header.base_offset + header.count
        if magic != 2:
            raise ValueError(f"its format {magic} is unknown")
        if _PREFIX.size + _PREFIX.unpack_from(data)[1] != len(data):
            raise ValueError("its length is wrong")
        if calc_crc32c(bytes(data[_CRC_COVERS_FROM:])) != header.crc:
            raise ValueError("its checksum is wrong")
        unpacked = unpack(header.attributes & _CODEC, data[HEADER.size :], LARGEST_BATCH_BYTES)
        self.unpacked_bytes = len(data) + len(unpacked)
        records = _records(header, data, unpacked)
        if header.attributes & _CONTROL:
            _check_marker(records)
            self.is_control_batch = True
        self.is_transactional = bool(header.attributes & _TRANSACTIONAL)
        self.producer_id = header.producer_id
        self.next_offset = max(self.next_offset, header.base_offset + header.last_offset_delta + 1)
        return records


def _records(header: BatchHeader, data: memoryview, unpacked: bytes | memoryview) -> list[ReadRecord]:
    """By aiokafka, which is fast; one by one when one of them is more than it can read."""
    plain = bytearray(data[: HEADER.size]) + unpacked
    struct.pack_into(">h", plain, _ATTRIBUTES_AT, header.attributes & ~_CODEC)
    try:
        records = list(DefaultRecordBatch(plain))
        check_offsets(header, records)
    except Exception:  # whatever its compiled code raises
        return parse_records(header, bytes(unpacked))
    return records


def _check_marker(records: list[ReadRecord]) -> None:
    try:
        ControlRecord.parse(records[0].key)
    except (IndexError, TypeError, struct.error) as error:
        raise ValueError("it says that it marks the end of a transaction, and does not") from error
