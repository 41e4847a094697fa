"""Media that no camera sends, made by hand: small files that unpack to far too much."""

from __future__ import annotations

import io
import struct
from typing import Any

import av


def flac_of_hours(said_hz: int = 8, frame_hz: int = 8) -> bytes:
    """One frame of 65,535 equal samples. At 8 Hz they last two hours. The frame may have another rate than the file."""
    samples, sixteen_bits = 65_535, 15
    packed = (said_hz << 44) | (sixteen_bits << 36) | samples
    info = struct.pack(">HH", samples, samples) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    same_rate = said_hz == frame_hz
    head = b"\xff\xf8" + bytes([0x70 | (0 if same_rate else 0x0D), 0x08, 0]) + struct.pack(">H", samples - 1)
    head += b"" if same_rate else struct.pack(">H", frame_hz)
    head += bytes([_crc(head, 8, 0x07)])
    body = head + b"\x00" + struct.pack(">h", 1000)
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + body + struct.pack(">H", _crc(body, 16, 0x8005))


def pictures_that_grow(side: int = 16_384) -> bytes:
    """Two pictures, the second of `side` x `side` though the container says 64 x 48."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream: Any = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for at_s in (0, 1):
            frame = av.VideoFrame(64, 48, "yuvj420p")
            frame.pts = at_s
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    before, small, after = out.getvalue().rpartition(struct.pack(">HH", 48, 64))
    assert small
    return before + struct.pack(">HH", side, side) + after


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    value, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial) & mask if value & top else (value << 1) & mask
    return value
