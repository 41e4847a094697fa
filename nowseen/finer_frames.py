"""Frames of an archived chunk, for the second look at scenes: search knows no decoder of streams, and the other way."""

from __future__ import annotations

from domain.containers import container_of_extension
from domain.events import ChunkPublished
from domain.ports import ArchivedChunk, Image
from streams.decode import decode_frames


def frames_of(chunk: ArchivedChunk, media: bytes, frames_per_s: float) -> list[tuple[float, Image]]:
    """About so many frames a second, each with its event time. Raises BadEvent when none can be decoded."""
    content_type = container_of_extension(chunk.key.rpartition(".")[2]).content_types[0]
    published = ChunkPublished(chunk.source, chunk.kind, chunk.start_s, chunk.duration_s, content_type, media)
    return [(frame.time_s, frame.image) for frame in decode_frames(published, frames_per_s)]
