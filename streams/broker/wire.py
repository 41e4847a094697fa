"""Frames on a connection, and requests of our own to the broker. kio has the schemas, generated from Kafka's own.

Source: https://kafka.apache.org/protocol
"""

from __future__ import annotations

import asyncio
import dataclasses
import io
import struct
from collections.abc import Mapping
from typing import Any

from kio.index import load_payload_module, load_response_from_request, load_response_schema
from kio.schema.errors import ErrorCode
from kio.schema.types import TopicName
from kio.serial import entity_reader, entity_writer
from kio.static.constants import EntityType
from kio.static.primitive import i16, i32, i64

from streams.broker.client_requests import PRODUCE
from streams.broker.partitions import Partition

MOST_FRAME_BYTES = 64 * 2**20
_LENGTH = struct.Struct(">i")
_SHORTEST_FRAME_BYTES = 4  # the correlation id of a response


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """One request or response without its length; None when the other side has closed.

    Raises ValueError when the length is none that Kafka allows.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if not _SHORTEST_FRAME_BYTES <= length <= MOST_FRAME_BYTES:
            raise ValueError(f"{length} bytes are not the length of a Kafka request")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    """Sends one request or response. Raises ConnectionError when the other side has closed."""
    writer.write(_LENGTH.pack(len(frame)))
    writer.write(frame)
    await writer.drain()


def read_response(frame: bytes, api_key: int, version: int) -> Any:
    """Gives the broker's response, an object of kio's schema. Raises ValueError when it can't be read."""
    try:
        schema = load_response_schema(api_key, version)
        _, header_bytes = entity_reader(schema.__header_schema__)(frame, 0)
        return entity_reader(schema)(frame, header_bytes)[0]
    except Exception as error:
        raise ValueError(f"response {api_key} of version {version} can't be read: {error}") from error


def write_response(response: Any, correlation_id: int) -> bytes:
    """Gives the frame of a response of kio's schema."""
    return _written(response.__header_schema__(correlation_id=i32(correlation_id)), response)


def produce_response(version: int, taken: Mapping[Partition, tuple[ErrorCode, int]]) -> Any:
    """Gives the response to a produce request: of each partition the error and the offset of its first record."""
    module = load_payload_module(PRODUCE, version, EntityType.response)
    by_topic: dict[str, list[Any]] = {}
    known = {field.name for field in dataclasses.fields(module.PartitionProduceResponse)}
    for partition, (error, offset) in taken.items():
        fields = {"index": i32(partition.number), "error_code": error, "base_offset": i64(offset), "record_errors": ()}
        part = module.PartitionProduceResponse(**{name: value for name, value in fields.items() if name in known})
        by_topic.setdefault(partition.topic, []).append(part)
    topics = (
        module.TopicProduceResponse(name=TopicName(topic), partition_responses=tuple(parts))
        for topic, parts in by_topic.items()
    )
    return module.ProduceResponse(responses=tuple(topics))


def _written(header: Any, payload: Any) -> bytes:
    buffer = io.BytesIO()
    entity_writer(type(header))(buffer, header)
    entity_writer(type(payload))(buffer, payload)
    return buffer.getvalue()


class Connection:
    """Asks the broker one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._correlation_id = 0

    async def ask(self, request: Any) -> Any:
        """Gives the response to a request of kio's schema. Raises ConnectionError when the broker closes instead."""
        self._correlation_id += 1
        header = request.__header_schema__(
            request_api_key=request.__api_key__, request_api_version=i16(request.__version__),
            correlation_id=i32(self._correlation_id), client_id="nowseen",
        )  # fmt: skip
        await write_frame(self._writer, _written(header, request))
        frame = await read_frame(self._reader)
        if frame is None:
            raise ConnectionError("the broker closed the connection")
        schema = load_response_from_request(request)
        return read_response(frame, schema.__api_key__, schema.__version__)

    def close(self) -> None:
        """Closes the connection at once."""
        self._writer.transport.abort()
