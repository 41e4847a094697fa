"""One chunk's bytes in, frames or sound out.

libav opens many damaged files without an error and gives nothing: so "nothing decoded" is a failure here. Single
damaged packets inside a chunk are skipped; what can be read is used.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.video.frame import VideoFrame

from domain.containers import container_of
from domain.errors import BadEvent
from domain.events import ChunkPublished
from domain.ports import PCM_RATE_HZ, Image, Pcm
from domain.sampling import FrameSampler

MAX_FRAME_PIXELS = 8192 * 4320  # 8K; a chunk of a few kB may announce pictures that fill the memory
KEPT_SIDE = 640  # pixels: encoders look at 224 to 384, thumbnails at 320


@dataclass(frozen=True, slots=True)
class Frame:
    time_s: float  # event time (Unix seconds)
    image: Image  # at most KEPT_SIDE on its longer side


def decode_frames(chunk: ChunkPublished, frames_per_s: float) -> list[Frame]:
    """The chunk's frames at about `frames_per_s`, in event time. Raises BadEvent when there is none."""
    sampler = FrameSampler(frames_per_s)
    frames: list[Frame] = []
    first_s: float | None = None
    with _opened(chunk) as container:
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise BadEvent("the chunk holds no video stream")
        pixels = stream.codec_context.width * stream.codec_context.height
        if pixels > MAX_FRAME_PIXELS:
            raise BadEvent(f"a frame has {pixels} pixels; at most {MAX_FRAME_PIXELS} are decoded")
        stream.thread_type = "AUTO"
        for packet in container.demux(stream):
            try:
                decoded = packet.decode()
            except av.FFmpegError:  # one damaged packet: the rest may be whole
                continue
            for frame in decoded:
                if frame.pts is None:
                    continue
                first_s = frame.time if first_s is None else first_s
                if sampler.keep(frame.time - first_s) and frame.width * frame.height <= MAX_FRAME_PIXELS:
                    frames.append(Frame(chunk.start_s + frame.time - first_s, _shrunk(frame)))
    if not frames:
        raise BadEvent("no frame of the chunk could be decoded: it is damaged, or does not start with a keyframe")
    return frames


def decode_sound(chunk: ChunkPublished) -> Pcm:
    """(samples,) mono at PCM_RATE_HZ from the chunk's first sample on. Raises BadEvent when there is none.

    Holes inside the chunk become silence, so that a sample's position tells its time. A hole that would reach past the
    chunk's end is none: the time stamps jump or wrap there, and the sound goes on.
    """
    parts: list[Pcm] = []
    have = 0
    first_s: float | None = None
    # A chunk that claims a minute and unpacks to days is a bomb; a minute more than it says covers any rounding.
    most = round((chunk.duration_s + 60.0) * PCM_RATE_HZ)
    longest = round((chunk.duration_s + 1.0) * PCM_RATE_HZ)  # with its holes
    with _opened(chunk) as container:
        stream = next(iter(container.streams.audio), None)
        if stream is None:
            raise BadEvent("the chunk holds no audio stream")
        resampler = AudioResampler(format="fltp", layout="mono", rate=PCM_RATE_HZ)
        for packet in container.demux(stream):
            try:
                decoded = packet.decode()
                for frame in decoded:
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
            except (av.FFmpegError, ValueError):
                continue
            if have > most:
                raise BadEvent(f"the chunk holds more sound than its ce_durationms ({chunk.duration_s:.1f} s) says")
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
            options={"fflags": "+discardcorrupt+genpts"},
            metadata_errors="ignore",
        ) as container:
            yield container
    except av.FFmpegError as error:
        raise BadEvent(f"the chunk can't be read as {chunk.content_type}: {error.strerror}") from error


def _shrunk(frame: VideoFrame) -> Image:
    scale = min(1.0, KEPT_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return small.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
