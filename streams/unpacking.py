"""What a batch of Kafka's records holds, unpacked by its codec into no more memory than a limit."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from typing import Any

import cramjam
import numpy as np

_XERIAL = b"\x82SNAPPY\0"  # the frame of Java's snappy: a header of 16 bytes, then blocks, each behind its length
_XERIAL_HEADER_BYTES = 16
_CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def unpack(codec: int, packed: memoryview, limit: int) -> bytes | memoryview:
    """Raises ValueError for an unknown codec, for what does not unpack, and for what would be larger than `limit`."""
    if codec == 0:
        return packed
    if codec >= len(_CODECS):
        raise ValueError(f"its codec {codec} is unknown")
    name = _CODECS[codec]
    try:
        unpacked = _unpacked(name, packed, limit)
    except (cramjam.DecompressionError, OSError, EOFError, struct.error, ValueError, zlib.error) as error:
        raise ValueError(f"it does not unpack as {name} within {limit} bytes ({error})") from error
    if len(unpacked) > limit:
        raise ValueError(f"it does not unpack as {name} within {limit} bytes")
    return unpacked


def _unpacked(name: str, packed: memoryview, limit: int) -> bytes | memoryview:
    match name:
        case "gzip":
            return gzip.GzipFile(fileobj=io.BytesIO(packed)).read(limit + 1)
        case "snappy":
            return _snappy(packed, limit)
    room: Any = np.empty(limit, np.uint8)  # memory is taken where it is written
    into = cramjam.lz4.decompress_into if name == "lz4" else cramjam.zstd.decompress_into
    return memoryview(room)[: into(packed, room)]


def _snappy(packed: memoryview, limit: int) -> bytes:
    if packed[: len(_XERIAL)] != _XERIAL:
        return _snappy_block(packed, limit)
    unpacked = bytearray()
    at = _XERIAL_HEADER_BYTES
    while at < len(packed):
        (length,) = struct.unpack_from(">I", packed, at)
        at += 4
        if at + length > len(packed):
            raise ValueError("a block is cut off")
        unpacked += _snappy_block(packed[at : at + length], limit - len(unpacked))
        at += length
    return bytes(unpacked)


def _snappy_block(packed: memoryview, limit: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(packed) > limit:  # it stands in front
        raise ValueError("too large")
    return bytes(cramjam.snappy.decompress_raw(packed))
