"""One chunk's bytes in, frames or sound out.

libav opens many damaged files without an error and gives nothing: so "nothing decoded" is a failure here. Single
damaged packets inside a chunk are skipped; what can be read is used. Whatever else libav or its binding raises is the
chunk's fault: the same bytes would fail again for ever. A chunk that unpacks to too much is refused on the way
(domain/decoding_budget.py).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from domain.containers import container_of
from domain.decoding_budget import MAX_FRAME_PIXELS, check_rate, check_size, chunk_budget
from domain.errors import BadEvent
from domain.events import ChunkPublished, Kind
from domain.ports import PCM_RATE_HZ, Image, Pcm
from domain.sampling import FrameSampler

S = TypeVar("S", VideoStream, AudioStream)

KEPT_SIDE = 640  # pixels: encoders look at 224 to 384, thumbnails at 320
SMALL_ENOUGH = {"max_pixels": str(MAX_FRAME_PIXELS)}  # for libav: it allocates no larger picture, even in mid-stream


@dataclass(frozen=True, slots=True)
class Frame:
    time_s: float  # event time (Unix seconds)
    image: Image  # at most KEPT_SIDE on its longer side


def decode_frames(chunk: ChunkPublished, frames_per_s: float) -> list[Frame]:
    """The chunk's frames at about `frames_per_s`, in event time. Raises BadEvent when there is none."""
    sampler, budget = FrameSampler(frames_per_s), chunk_budget(chunk.duration_s)
    frames: list[Frame] = []
    first_s: float | None = None
    with _opened(chunk) as container:
        stream = _decodable(next(iter(container.streams.video), None), "video")
        check_claims(stream)
        stream.thread_type = "AUTO"
        for packet in _packets(container, stream):
            try:
                decoded = packet.decode()
            except MemoryError:
                raise
            except av.FFmpegError:  # one damaged packet: the rest may be whole
                continue
            for frame in decoded:
                budget.add_picture(frame.width, frame.height)
                if frame.pts is None:
                    continue
                first_s = frame.time if first_s is None else first_s
                at_s = frame.time - first_s
                budget.check_length(at_s)
                if sampler.keep(at_s):
                    frames.append(Frame(chunk.start_s + at_s, shrunk(frame)))
    if not frames:
        raise BadEvent(
            "no frame of the chunk could be decoded: it is damaged, does not start with a keyframe, or has pictures of "
            f"more than {MAX_FRAME_PIXELS} pixels"
        )
    return frames


def decode_sound(chunk: ChunkPublished) -> Pcm:
    """(samples,) mono at PCM_RATE_HZ from the chunk's first sample on. Raises BadEvent when there is none.

    Holes inside the chunk become silence, so that a sample's position tells its time. A hole that would reach past the
    chunk's end is none: the time stamps jump or wrap there, and the sound goes on.
    """
    parts: list[Pcm] = []
    have, budget = 0, chunk_budget(chunk.duration_s)
    first_s: float | None = None
    longest = round((chunk.duration_s + 1.0) * PCM_RATE_HZ)  # with its holes
    with _opened(chunk) as container:
        stream = _decodable(next(iter(container.streams.audio), None), "audio")
        check_claims(stream)
        resampler = AudioResampler(format="fltp", layout="mono", rate=PCM_RATE_HZ)
        for packet in _packets(container, stream):
            try:
                decoded = packet.decode()
                for frame in decoded:
                    budget.add_sound(frame.samples, frame.sample_rate, frame.layout.nb_channels)
                    if frame.time is not None:
                        first_s = frame.time if first_s is None else first_s
                        hole = round((frame.time - first_s) * PCM_RATE_HZ) - have
                        if have + hole > longest or hole < -PCM_RATE_HZ:
                            first_s = frame.time - have / PCM_RATE_HZ
                        elif hole > PCM_RATE_HZ // 10:
                            parts.append(np.zeros(hole, dtype=np.float32))
                            have += hole
                    frame.pts = None  # the resampler would otherwise fill or drop by itself, out of our sight
                    for piece in resampler.resample(frame):
                        parts.append(piece.to_ndarray()[0].astype(np.float32, copy=False))
                        have += piece.samples
            except MemoryError:
                raise
            except (av.FFmpegError, ValueError):
                continue
        with suppress(av.FFmpegError, ValueError):  # raised when nothing was ever put in
            parts.extend(piece.to_ndarray()[0] for piece in resampler.resample(None))
    if not have:
        raise BadEvent("no sound of the chunk could be decoded: it is damaged or empty")
    pcm = np.concatenate(parts).astype(np.float32, copy=False)
    return np.clip(np.nan_to_num(pcm), -1.0, 1.0)


@contextmanager
def _opened(chunk: ChunkPublished) -> Iterator[InputContainer]:
    demuxer = container_of(chunk.content_type).demuxer
    try:
        with av.open(
            io.BytesIO(chunk.media),
            "r",
            format=demuxer,
            options={"fflags": "+discardcorrupt+genpts", **SMALL_ENOUGH},
            metadata_errors="ignore",
        ) as container:
            yield container
    except (BadEvent, MemoryError):
        raise
    except Exception as error:  # besides libav's own: IndexError, ValueError, AttributeError from its binding
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise BadEvent(f"the chunk can't be read as {chunk.content_type}: {why}") from error


def _decodable(stream: S | None, kind: Kind) -> S:
    if stream is None:
        raise BadEvent(f"the chunk holds no {kind} stream")
    if stream.codec_context is None:
        raise BadEvent(f"the chunk's {kind} is in a codec that FFmpeg does not know: publish H.264 or AAC, say")
    return stream


def _packets(container: InputContainer, stream: S) -> Iterator[Packet[S]]:
    """Up to where the container is damaged: what comes before is whole."""
    with suppress(av.FFmpegError, IndexError, ValueError):
        yield from container.demux(stream)


def check_claims(stream: VideoStream | AudioStream) -> None:
    """What the container says of a stream, before its decoder is opened. Raises BadEvent; what is not known yet passes.

    The length that it says is not asked for: a live recorder's is a guess. What comes is counted instead.
    """
    context: Any = stream.codec_context
    if isinstance(stream, VideoStream):
        check_size(context.width, context.height)
        context.options = SMALL_ENOUGH
    elif context.sample_rate:
        check_rate(context.sample_rate, context.channels)


def shrunk(frame: VideoFrame) -> Image:
    """At most KEPT_SIDE on its longer side, RGB."""
    scale = min(1.0, KEPT_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return small.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
