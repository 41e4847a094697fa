"""Kafka's requests and responses as bytes and back. kio has the schemas of the protocol, generated from Kafka's own.

Source: https://kafka.apache.org/protocol
"""

from __future__ import annotations

import asyncio
import io
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kio.index import load_request_schema, load_response_from_request, load_response_schema
from kio.serial import entity_reader, entity_writer

PRODUCE, LIST_OFFSETS, OFFSET_COMMIT = 0, 2, 8
MOST_FRAME_BYTES = 100 * 2**20  # Kafka's socket.request.max.bytes
_LENGTH = struct.Struct(">i")
_START = struct.Struct(">hhi")  # of a request: which one, its version, its correlation id
_CORRELATION = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class Start:
    """What a request begins with."""

    api_key: int
    version: int
    correlation_id: int


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """One request or response without its length; None when the other side has closed.

    Raises ValueError when the length is none that Kafka allows.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if not _CORRELATION.size <= length <= MOST_FRAME_BYTES:
            raise ValueError(f"a frame of {length} bytes is none of Kafka's")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    """Sends one request or response. Raises ConnectionError when the other side has closed."""
    writer.write(_LENGTH.pack(len(frame)))
    writer.write(frame)
    await writer.drain()


def start_of(frame: bytes) -> Start:
    """Reads what the frame begins with. Raises ValueError when it is too short for a request."""
    if len(frame) < _START.size:
        raise ValueError(f"a request of {len(frame)} bytes is none of Kafka's")
    return Start(*_START.unpack_from(frame))


def correlation_of(frame: bytes) -> int:
    """Gives the correlation id of a response."""
    return int(_CORRELATION.unpack_from(frame)[0])


def read_request(frame: bytes) -> Any:
    """Gives the request in a frame, an object of kio's schema. Raises ValueError when it can't be read."""
    start = start_of(frame)
    try:
        schema = load_request_schema(start.api_key, start.version)
        _, header_bytes = entity_reader(schema.__header_schema__)(frame, 0)
        return entity_reader(schema)(frame, header_bytes)[0]
    except Exception as error:
        raise ValueError(f"request {start.api_key} of version {start.version} can't be read: {error}") from error


def write_request(request: Any, correlation_id: int) -> bytes:
    """Gives the frame of a request of kio's schema."""
    buffer = io.BytesIO()
    header = request.__header_schema__(
        request_api_key=request.__api_key__, request_api_version=request.__version__,
        correlation_id=correlation_id, client_id="nowseen",
    )  # fmt: skip
    entity_writer(type(header))(buffer, header)
    entity_writer(type(request))(buffer, request)
    return buffer.getvalue()


def read_response(frame: bytes, api_key: int, version: int) -> Any:
    """Gives the response in a frame, an object of kio's schema. Raises ValueError when it can't be read."""
    try:
        schema = load_response_schema(api_key, version)
        _, header_bytes = entity_reader(schema.__header_schema__)(frame, 0)
        return entity_reader(schema)(frame, header_bytes)[0]
    except Exception as error:
        raise ValueError(f"response {api_key} of version {version} can't be read: {error}") from error


def write_response(response: Any, correlation_id: int) -> bytes:
    """Gives the frame of a response of kio's schema."""
    buffer = io.BytesIO()
    header = response.__header_schema__(correlation_id=correlation_id)
    entity_writer(type(header))(buffer, header)
    entity_writer(type(response))(buffer, response)
    return buffer.getvalue()


class Connection:
    """A client that sends one request after the other. For requests that go to this broker and no other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._correlation_id = 0

    async def ask(self, request: Any) -> Any:
        """Gives the response. Raises ConnectionError when the broker closes instead."""
        self._correlation_id += 1
        await write_frame(self._writer, write_request(request, self._correlation_id))
        frame = await read_frame(self._reader)
        if frame is None:
            raise ConnectionError("the broker closed the connection")
        schema = load_response_from_request(request)
        return read_response(frame, schema.__api_key__, schema.__version__)

    async def close(self) -> None:
        """Closes the connection."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
