"""The records in a batch of Kafka's format (magic 2), each read for itself: one that can't be read spoils no other."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

_LONGEST_VARINT = 10
HEADER = struct.Struct(">qiibIhiqqqhii")
_APPEND_TIME = 0x08


class Unreadable(bytes):
    """The value of a record that can't be read, or else the bytes of the whole record or batch; `reason` says why."""

    reason: str

    @classmethod
    def of(cls, content: bytes | memoryview, reason: str) -> Unreadable:
        made = cls(content)
        made.reason = reason
        return made


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record as aiokafka hands it on."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    checksum: None = None


@dataclass(frozen=True, slots=True)
class BatchHeader:
    base_offset: int
    attributes: int
    last_offset_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    count: int
    crc: int

    @classmethod
    def of(cls, batch: memoryview) -> BatchHeader:
        """Raises ValueError when it is cut off."""
        if len(batch) < HEADER.size:
            raise ValueError("it is shorter than its header")
        base, _, _, _, crc, attributes, last, first, newest, producer, _, _, count = HEADER.unpack_from(batch)
        return cls(base, attributes, last, first, newest, producer, count, crc)

    @property
    def timestamp_type(self) -> int:
        return int(bool(self.attributes & _APPEND_TIME))

    def timestamp(self, delta: int) -> int:
        return self.max_timestamp if self.timestamp_type else self.first_timestamp + delta


def parse_records(batch: BatchHeader, data: bytes) -> list[ReadRecord]:
    """All records of a batch, in order; the value of one that can't be read is `Unreadable`.

    Raises ValueError when they can't be told apart, or when their offsets are not those that the batch has.
    """
    records: list[ReadRecord] = []
    at = 0
    while at < len(data):
        length, start = _varint(data, at, len(data))
        at = start + length
        if length < 0 or at > len(data):
            raise ValueError("the length of a record is wrong")
        records.append(_record(batch, data, start, at))
    if len(records) != max(0, batch.count):
        raise ValueError(f"it says that it holds {batch.count} records, and holds {len(records)}")
    check_offsets(batch, records)
    return records


def check_offsets(batch: BatchHeader, records: Sequence[ReadRecord]) -> None:
    """Raises ValueError unless they rise within the batch: whoever goes on behind one would miss another."""
    latest = batch.base_offset - 1
    for record in records:
        if record.offset <= latest:
            raise ValueError("the offsets of its records do not rise")
        latest = record.offset
    if records and latest > batch.base_offset + batch.last_offset_delta:
        raise ValueError("the offset of a record lies behind the batch")


def _record(batch: BatchHeader, data: bytes, start: int, end: int) -> ReadRecord:
    time_delta, at = _varint(data, start + 1, end)  # behind attributes, which mean nothing
    offset_delta, at = _varint(data, at, end)
    offset, timestamp = batch.base_offset + offset_delta, batch.timestamp(time_delta)
    try:
        key, at = _content(data, at, end)
        value, at = _content(data, at, end)
    except ValueError as error:
        whole = Unreadable.of(data[start:end], f"the record can't be read: {error}; this is all of it")
        return ReadRecord(offset, timestamp, batch.timestamp_type, None, whole)
    headers: list[tuple[str, bytes | None]] = []
    try:
        _read_headers(data, at, end, headers)
    except ValueError as error:
        value = Unreadable.of(value or b"", f"the record's headers can't be read: {error}")
    return ReadRecord(offset, timestamp, batch.timestamp_type, key, value, tuple(headers))


def _read_headers(data: bytes, at: int, end: int, headers: list[tuple[str, bytes | None]]) -> None:
    """Adds them one by one; a name that is no UTF-8 is told of at the end, as there may be more behind it."""
    count, at = _varint(data, at, end)
    if count < 0:
        raise ValueError(f"their number is {count}")
    misnamed = None
    for _ in range(count):
        name, at = _content(data, at, end)
        content, at = _content(data, at, end)
        if name is None:
            raise ValueError("one has no name")
        try:
            headers.append((name.decode(), content))
        except UnicodeDecodeError:
            misnamed = name
            headers.append((name.decode(errors="backslashreplace"), content))
    if misnamed is not None:
        raise ValueError(f"the name {misnamed[:40]!r} is not UTF-8")
    if at != end:
        raise ValueError(f"{end - at} bytes stand behind them")


def _content(data: bytes, at: int, end: int) -> tuple[bytes | None, int]:
    length, at = _varint(data, at, end)
    if length < 0:
        return None, at
    if at + length > end:
        raise ValueError("a length points behind the end")
    return data[at : at + length], at + length


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    number = 0
    for shift in range(min(_LONGEST_VARINT, end - at)):
        byte = data[at + shift]
        number |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at + shift + 1
    raise ValueError("a number does not end")
