"""Decoding and publishing as the tests of streams/ need it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import av
import pytest

from domain.containers import container_of
from domain.events import ChunkPublished
from domain.topology import Topology
from streams.publish.media import MediaReader
from streams.publish.options import PublishOptions
from streams.publish.sources import find_sources


@dataclass(frozen=True, slots=True)
class Decoded:
    frames: tuple[float, ...]  # seconds from the chunk's first picture, for those before its end
    extra_frames: int  # shown at the chunk's end or later
    samples: int
    rate_hz: int
    codec: str


@pytest.fixture(scope="session")
def decode_alone() -> Callable[[ChunkPublished], Decoded]:
    """Decodes a chunk with nothing else at hand. Every damaged packet is an error."""

    def decode(chunk: ChunkPublished) -> Decoded:
        times: list[float] = []
        samples = rate_hz = 0
        with av.open(io.BytesIO(chunk.media), "r", format=container_of(chunk.content_type).demuxer) as container:
            assert len(container.streams) == 1
            stream = container.streams[0]
            for frame in container.decode(stream):
                if isinstance(frame, av.AudioFrame):
                    samples, rate_hz = samples + frame.samples, frame.sample_rate
                elif isinstance(frame, av.VideoFrame):
                    assert frame.time is not None
                    times.append(frame.time)
            codec = stream.codec.canonical_name
        shown = [time - times[0] for time in times]
        inside = tuple(time for time in shown if time < chunk.duration_s - 0.001)
        return Decoded(inside, len(shown) - len(inside), samples, rate_hz, codec)

    return decode


@dataclass
class Chunked:
    chunks: list[ChunkPublished] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[ChunkPublished]:
        return [chunk for chunk in self.chunks if chunk.kind == kind]


class ChunkFile(Protocol):
    def __call__(self, path: Path | str, options: PublishOptions = ..., *, into: Chunked | None = None) -> Chunked: ...


@pytest.fixture(scope="session")
def chunk_file(topology: Topology) -> ChunkFile:
    """All chunks of a file, as they would be published; `into` keeps those that came before an error."""

    def chunk(path: Path | str, options: PublishOptions | None = None, *, into: Chunked | None = None) -> Chunked:
        result = into if into is not None else Chunked()
        options = options or PublishOptions(start_s=1000.0)
        reader = MediaReader(
            find_sources([str(path)])[0], topology.chunks, options,
            stop=threading.Event(), report=result.reports.append, clock=lambda: 5000.0,
        )  # fmt: skip
        for one in reader.chunks():
            result.chunks.append(one)
        return result

    return chunk
