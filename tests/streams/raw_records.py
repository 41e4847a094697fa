"""Record batches made by hand, byte by byte, and put on a broker as they are: what no client library would send."""

from __future__ import annotations

import gzip
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam
from aiokafka.codec import lz4_encode, snappy_encode
from aiokafka.record.util import calc_crc32c

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
_ANSWER_S = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    error_code: int  # 0: taken
    base_offset: int


def varint(number: int) -> bytes:
    """Zigzag, as record fields are."""
    left = (number << 1) ^ (number >> 63)
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def field(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def record(
    offset_delta: int,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[bytes | None, bytes | None]] = (),
    *,
    timestamp_delta: int = 0,
    header_count: int | None = None,
    length_off_by: int = 0,
) -> bytes:
    """One record, its length in front; `header_count` and `length_off_by` make it lie."""
    body = b"\0" + varint(timestamp_delta) + varint(offset_delta) + field(key) + field(value)
    body += varint(len(headers) if header_count is None else header_count)
    body += b"".join(field(name) + field(content) for name, content in headers)
    return varint(len(body) + length_off_by) + body


def compressed(codec: int, data: bytes) -> bytes:
    match codec:
        case 1:
            return gzip.compress(data)
        case 2:
            return bytes(snappy_encode(data))
        case 3:
            return bytes(lz4_encode(data))
        case 4:
            return bytes(cramjam.zstd.compress(data))
    return data


def batch(
    records: bytes,
    count: int,
    *,
    attributes: int = 0,
    last_offset_delta: int | None = None,
    first_timestamp: int = 1_750_000_000_000,
    max_timestamp: int | None = None,
    magic: int = 2,
    crc_xor: int = 0,
    length: int | None = None,
) -> bytes:
    """A batch around bytes that are records, or are not; those of a codec must be compressed already."""
    last = count - 1 if last_offset_delta is None else last_offset_delta
    newest = first_timestamp if max_timestamp is None else max_timestamp
    crc_of = struct.pack(">hiqqqhii", attributes, last, first_timestamp, newest, -1, -1, -1, count) + records
    rest = struct.pack(">ibI", -1, magic, calc_crc32c(crc_of) ^ crc_xor) + crc_of
    return struct.pack(">qi", 0, len(rest) if length is None else length) + rest


def produce(bootstrap: str, topic: str, partition: int, batches: bytes) -> Answer | None:
    """A Produce request of version 7. None: the broker closed the connection instead of answering."""
    host, _, port = bootstrap.rpartition(":")
    name = topic.encode()
    body = struct.pack(">hhihi", 0, 7, 1, 3, 0)[:10] + b"raw"  # api, version, correlation, client
    body += struct.pack(">hhi", -1, -1, 5000)  # no transaction, all replicas, timeout
    body += struct.pack(">ih", 1, len(name)) + name + struct.pack(">iii", 1, partition, len(batches)) + batches
    with socket.create_connection((host, int(port)), timeout=_ANSWER_S) as broker:
        broker.sendall(struct.pack(">i", len(body)) + body)
        try:
            (size,) = struct.unpack(">i", _read(broker, 4))
            answer = _read(broker, size)
        except (ConnectionError, TimeoutError):
            return None
    at = 4 + 4 + 2 + len(name) + 4 + 4  # correlation, topics, name, partitions, partition
    error_code, base_offset = struct.unpack_from(">hq", answer, at)
    return Answer(error_code, base_offset)


def _read(broker: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = broker.recv(size - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data
