"""Reads what the relay has to know of clients' requests.

kio could read them too, but it believes the lengths that a client claims, and asks for the memory.

Source: https://kafka.apache.org/protocol (Produce 3 to 11, ListOffsets 1 to 9, OffsetCommit 2 to 9)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from streams.broker.partitions import Committed, Partition

PRODUCE, LIST_OFFSETS, OFFSET_COMMIT, DELETE_TOPICS = 0, 2, 8, 20
MOST_PARTITIONS = 10_000  # of one request
_FLEXIBLE_FROM = {PRODUCE: 9, LIST_OFFSETS: 6, OFFSET_COMMIT: 8}
_LATEST = -1  # the timestamp that asks for the end of a partition


@dataclass(frozen=True, slots=True)
class Start:
    """What every request begins with."""

    api_key: int
    version: int
    correlation_id: int

    @classmethod
    def of(cls, frame: bytes) -> Start:
        """Raises ValueError when the frame is too short."""
        if len(frame) < 8:
            raise ValueError(f"{len(frame)} bytes are not a Kafka request")
        return cls(*struct.unpack_from(">hhi", frame))


@dataclass(frozen=True, slots=True)
class Produce:
    """A produce request: the record batches of each partition."""

    wants_answer: bool
    records: dict[Partition, bytes]


def read_produce(frame: bytes, version: int) -> Produce:
    """Raises ValueError when it can't be read, or names a partition twice."""
    fields = _Fields.behind_header(frame, PRODUCE, version)
    if version < 3:
        raise ValueError(f"produce requests of version {version} are too old: at least 3 (Kafka 0.11)")
    fields.text()  # the transactional id
    acks = fields.number(">h")
    fields.number(">i")  # the timeout
    records: dict[Partition, bytes] = {}
    for topic in fields.topics():
        partition = Partition(topic, fields.number(">i"))
        if partition in records:
            raise ValueError(f"{topic}[{partition.number}] is named twice")
        records[partition] = fields.content()
        fields.tags()
    return Produce(acks != 0, records)


def read_offset_commit(frame: bytes, version: int) -> list[Committed]:
    """Raises ValueError when it can't be read."""
    fields = _Fields.behind_header(frame, OFFSET_COMMIT, version)
    group = fields.text()
    fields.number(">i")  # the generation
    fields.text()  # the member
    if version >= 7:
        fields.text()  # the group instance
    if version <= 4:
        fields.number(">q")  # the retention
    committed: list[Committed] = []
    for topic in fields.topics():
        number, next_offset = fields.number(">i"), fields.number(">q")
        if version >= 6:
            fields.number(">i")  # the leader's epoch
        fields.text()  # metadata
        fields.tags()
        committed.append(Committed(group, Partition(topic, number), next_offset))
    return committed


def read_ends_wanted(frame: bytes, version: int) -> set[Partition]:
    """The partitions of a ListOffsets request whose end is asked for. Raises ValueError when it can't be read."""
    fields = _Fields.behind_header(frame, LIST_OFFSETS, version)
    fields.number(">i")  # the replica
    if version >= 2:
        fields.number(">b")  # the isolation level
    wanted: set[Partition] = set()
    for topic in fields.topics():
        number = fields.number(">i")
        if version >= 4:
            fields.number(">i")  # the leader's epoch
        if fields.number(">q") == _LATEST:
            wanted.add(Partition(topic, number))
        fields.tags()
    return wanted


class _Fields:
    """Reads the fields of a request one after the other. Raises ValueError where the request ends too early."""

    def __init__(self, data: bytes, at: int, is_flexible: bool) -> None:
        self._data, self._at, self._is_flexible = data, at, is_flexible
        self._left = MOST_PARTITIONS

    @classmethod
    def behind_header(cls, frame: bytes, api_key: int, version: int) -> _Fields:
        header = cls(frame, 8, is_flexible=False)
        header.text()  # the client's id, in the old form everywhere
        fields = cls(frame, header._at, is_flexible=version >= _FLEXIBLE_FROM[api_key])
        fields.tags()
        return fields

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def text(self) -> str:
        """A string; empty where it is null."""
        length = self._varint() - 1 if self._is_flexible else self.number(">h")
        return self._take(length).decode() if length > 0 else ""

    def content(self) -> bytes:
        """Bytes; none where they are null."""
        length = self._varint() - 1 if self._is_flexible else self.number(">i")
        return self._take(length) if length > 0 else b""

    def topics(self) -> Iterator[str]:
        """The topic of each partition in the request. The caller reads the partition before it asks for the next."""
        for _ in range(self._count()):
            topic = self.text()
            for _ in range(self._count()):
                yield topic
            self.tags()

    def tags(self) -> None:
        """Passes over the tagged fields."""
        if self._is_flexible:
            for _ in range(self._at_most(self._varint())):
                self._varint()
                self._take(self._varint())

    def _count(self) -> int:
        return self._at_most(self._varint() - 1 if self._is_flexible else self.number(">i"))

    def _at_most(self, count: int) -> int:
        self._left -= max(0, count)
        if self._left < 0:
            raise ValueError(f"a request holds more than {MOST_PARTITIONS} parts")
        return max(0, count)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 35, 7):
            byte = self._take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise ValueError("a number does not end")

    def _take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) < length:
            raise ValueError("a request ends too early")
        self._at += length
        return taken
