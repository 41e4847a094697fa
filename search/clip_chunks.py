"""Archived chunks, demultiplexed and put on the clip's timeline.

A chunk's clock says nothing: MPEG-TS starts near 1.4 s, and a live encoder wherever it was. So a chunk's times count
from its own first picture or sample, which stands at the event time the archive knows.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from domain.containers import container_of_extension
from domain.decoding_budget import MAX_FRAME_PIXELS, check_rate, check_size, chunk_budget
from domain.errors import BadEvent
from domain.ports import ArchivedChunk, MediaArchive

MediaPacket: TypeAlias = "Packet[Any]"

_log = logging.getLogger(__name__)

_SMALL = {"max_pixels": str(MAX_FRAME_PIXELS)}  # libav allocates no larger picture


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """One chunk's packets, in decoding order. `at_s` is where its first picture or sample stands in the clip."""

    stream: VideoStream | AudioStream
    packets: tuple[MediaPacket, ...]
    demuxer: str
    at_s: float
    duration_s: float  # as the archive says
    whole: bool  # no packet is known to be damaged, and all have times

    @property
    def time_base(self) -> Fraction:
        return self.stream.time_base or Fraction(1, 90_000)

    @property
    def first_pts(self) -> int:
        """Of the first picture or sound to be shown: what an open group of pictures puts before it needs another chunk,
        and what a container says is only there to be decoded is not heard."""
        shown = (packet.pts for packet in self.packets if packet.is_keyframe and not packet.is_discard)
        return next((pts for pts in shown if pts is not None), 0)

    def time_s(self, pts: int) -> float:
        """Seconds from the start of the clip."""
        return self.at_s + float((pts - self.first_pts) * self.time_base)

    def frames(self) -> Iterator[tuple[float, VideoFrame | AudioFrame]]:
        """What can be decoded, with its seconds from the start of the clip. Damage is passed over. Where more comes
        than a chunk may hold, the rest is left out.

        Counts from the first frame that comes out: a decoder swallows an encoder's run-in, as players do.
        """
        first_s: float | None = None
        budget = chunk_budget(self.duration_s)
        for packet in (*self.packets, None):
            try:
                frames = packet.decode() if packet is not None else self.stream.codec_context.decode(None)
            except av.FFmpegError:
                continue
            for frame in frames:
                try:
                    if isinstance(frame, VideoFrame):
                        budget.add_picture(frame.width, frame.height)
                    elif isinstance(frame, AudioFrame):
                        budget.add_sound(frame.samples, frame.sample_rate, frame.layout.nb_channels)
                except BadEvent as bad:
                    _log.warning("clip: the rest of a chunk is left out: %s", bad)
                    return
                if not isinstance(frame, VideoFrame | AudioFrame) or frame.pts is None:
                    continue
                now_s = float(frame.pts * (frame.time_base or self.time_base))  # the last frames come without one
                first_s = now_s if first_s is None else first_s
                yield self.at_s + now_s - first_s, frame


def read_chunks(
    archive: MediaArchive, chunks: Sequence[ArchivedChunk], origin_s: float, open_files: ExitStack
) -> list[ReadChunk]:
    """The chunks that hold anything playable; a damaged, vanished or unknown one is left out and logged.

    Their files stay open, in memory, for as long as `open_files`.
    """
    read = []
    for chunk in chunks:
        try:
            read.append(_read(archive.get(chunk.key), chunk, origin_s, open_files))
        except (BadEvent, av.FFmpegError, IndexError) as error:
            _log.warning("clip: chunk %s is left out: %s", chunk.key, error)
    return read


def _read(media: bytes, chunk: ArchivedChunk, origin_s: float, open_files: ExitStack) -> ReadChunk:
    demuxer = container_of_extension(chunk.key.rpartition(".")[2]).demuxer
    source = open_files.enter_context(av.open(io.BytesIO(media), "r", format=demuxer, options=_SMALL))
    stream: VideoStream | AudioStream = source.streams.video[0] if chunk.kind == "video" else source.streams.audio[0]
    if not stream.codec_context:  # libav knows no decoder for it
        raise BadEvent("its codec is unknown")
    if isinstance(stream, VideoStream):
        if not stream.codec_context.width:  # damaged, or larger than libav was told to accept
            raise BadEvent(f"its pictures have no size, or more than {MAX_FRAME_PIXELS} pixels")
        check_size(stream.codec_context.width, stream.codec_context.height)
    elif stream.codec_context.sample_rate:
        check_rate(stream.codec_context.sample_rate, stream.codec_context.channels)
    packets: list[MediaPacket] = []
    whole = True
    try:
        for packet in source.demux(stream):
            if packet.size:
                packets.append(packet)
                whole = whole and not packet.is_corrupt and packet.pts is not None
    except av.FFmpegError:  # the rest is lost; what came before it plays
        whole = False
    if not packets:
        raise BadEvent("it holds no packets")
    return ReadChunk(stream, tuple(packets), demuxer, chunk.start_s - origin_s, chunk.duration_s, whole)
