"""What can't be copied into a clip, made anew as H.264 and AAC, which every browser plays.

Pictures keep their event times, so a gap is a picture that stands still. Sound is laid out sample by sample: silence
where none was archived, and what overlaps is heard once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from search.clip_chunks import MediaPacket, ReadChunk
from search.clip_copy import PICTURE_CLOCK, SOUND_TOLERANCE_S

MAX_HEIGHT = 720  # a clip is for looking at: larger pictures would take minutes on two cores
_SOUND_RATE_HZ = 48_000
_SILENCE_SAMPLES = _SOUND_RATE_HZ  # at once, to keep memory small


def add_h264(out: OutputContainer, like: VideoStream) -> VideoStream:
    scale = min(1.0, MAX_HEIGHT / like.codec_context.height)
    stream = out.add_stream(
        "libx264", rate=like.average_rate or 25, options={"preset": "veryfast", "crf": "23", "threads": "2"}
    )
    # H.264 stores colour for every second pixel: sides must be even.
    stream.width = max(2, round(like.codec_context.width * scale / 2) * 2)
    stream.height = max(2, round(like.codec_context.height * scale / 2) * 2)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = PICTURE_CLOCK
    return stream


def transcode_video(chunks: Sequence[ReadChunk], out: VideoStream) -> Iterator[MediaPacket]:
    last_at = -1
    for chunk in chunks:
        for at_s, frame in chunk.frames():
            at = round(at_s / PICTURE_CLOCK)
            if not isinstance(frame, VideoFrame) or at <= last_at:
                continue
            picture = frame.reformat(out.width, out.height, "yuv420p")
            picture.pts, picture.time_base = at, PICTURE_CLOCK
            picture.pict_type = PictureType.NONE  # else the encoder would repeat the source's choice of key frames
            last_at = at
            yield from out.encode(picture)
    yield from out.encode(None)


def add_aac(out: OutputContainer, like: AudioStream) -> AudioStream:
    layout = "mono" if like.codec_context.channels == 1 else "stereo"
    return out.add_stream("aac", rate=_SOUND_RATE_HZ, layout=layout, options={"b": "128k"})


def transcode_audio(chunks: Sequence[ReadChunk], out: AudioStream) -> Iterator[MediaPacket]:
    line = _SoundLine(out)
    for chunk in chunks:
        resampler, end_s = None, 0.0
        for at_s, frame in chunk.frames():
            if not isinstance(frame, AudioFrame) or not frame.sample_rate:
                continue
            if resampler is None or abs(at_s - end_s) > SOUND_TOLERANCE_S:
                if resampler is not None:
                    yield from line.write(resampler.resample(None))
                resampler = AudioResampler("fltp", out.codec_context.layout, _SOUND_RATE_HZ)
                yield from line.go_to(at_s)
            end_s = at_s + frame.samples / frame.sample_rate
            frame.pts = None
            yield from line.write(resampler.resample(frame))
        if resampler is not None:
            yield from line.write(resampler.resample(None))
    yield from out.encode(None)


class _SoundLine:
    """Samples in a row from the start of the clip, encoded as they come."""

    def __init__(self, out: AudioStream) -> None:
        self._out = out
        self._channels = out.codec_context.channels
        self._at = 0  # samples written
        self._skip = 0  # samples still to drop: they were heard already, or lie before the clip

    def go_to(self, at_s: float) -> Iterator[MediaPacket]:
        target = round(at_s * _SOUND_RATE_HZ)
        self._skip = 0
        if abs(target - self._at) <= SOUND_TOLERANCE_S * _SOUND_RATE_HZ:
            return
        self._skip = max(0, self._at - target)
        while self._at < target:
            count = min(_SILENCE_SAMPLES, target - self._at)
            yield from self._encode(np.zeros((self._channels, count), np.float32))

    def write(self, frames: Sequence[AudioFrame]) -> Iterator[MediaPacket]:
        for frame in frames:
            samples = np.asarray(frame.to_ndarray(), np.float32)[:, self._skip :]
            self._skip -= frame.samples - samples.shape[1]
            if samples.shape[1]:
                yield from self._encode(samples)

    def _encode(self, samples: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Iterator[MediaPacket]:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._out.codec_context.layout)
        frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE_HZ, self._at, Fraction(1, _SOUND_RATE_HZ)
        self._at += samples.shape[1]
        yield from self._out.encode(frame)
