"""Encodes a stream anew where its packets can't be cut: H.264 with a keyframe wherever a piece may begin, or AAC."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from domain.decoding_budget import MAX_FRAME_PIXELS, check_rate, check_size
from domain.errors import BadEvent
from streams.publish.packaging import libav_packet
from streams.publish.packets import TICKS_PER_S, Coded

_log = logging.getLogger(__name__)

_TIME_BASE = Fraction(1, TICKS_PER_S)
_DEFAULT_RATE = Fraction(25)
_AAC_SAMPLES = 1024  # a frame, ISO/IEC 14496-3
_AAC_RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_RESYNC_S = 0.1  # sound whose time stamps stray further from its sample count has a hole


class Transcoder(Protocol):
    damaged: int  # packets that could not be decoded, and frames that would fill the memory (domain/decoding_budget.py)

    @property
    def template(self) -> VideoStream | AudioStream:
        """The new stream's parameters. Only after packets came out."""
        ...

    def push(self, packet: Coded) -> list[Coded]: ...

    def finish(self) -> list[Coded]: ...


class VideoTranscoder:
    """Pictures keep their size, made even because 4:2:0 colour needs it, and their times."""

    def __init__(self, source: VideoStream, key_every_ticks: int, *, timed: bool = True) -> None:
        """Without time stamps (`timed` is False) pictures are one frame apart in the order they are shown."""
        self._source = source
        if not source.codec_context.is_open:
            source.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
        self._key_every = key_every_ticks
        self._timed = timed
        self._rate = source.average_rate or source.guessed_rate or _DEFAULT_RATE
        self._frame_ticks = max(1, round(TICKS_PER_S / self._rate))
        self._encoder: VideoStream | None = None
        self._last_pts: int | None = None
        self._last_key: int | None = None
        self.damaged = 0

    @property
    def template(self) -> VideoStream:
        assert self._encoder is not None  # noqa: S101  (asked for before anything was encoded)
        return self._encoder

    def push(self, packet: Coded) -> list[Coded]:
        try:
            frames = self._source.codec_context.decode(libav_packet(packet))
        except av.FFmpegError:
            self.damaged += 1
            return []
        return [coded for frame in frames for coded in self._encode(frame)]

    def finish(self) -> list[Coded]:
        try:
            frames = self._source.codec_context.decode(None)
        except (av.FFmpegError, EOFError):
            frames = []
        coded = [coded for frame in frames for coded in self._encode(frame)]
        return coded + (list(self._packets(None)) if self._encoder is not None else [])

    def _encode(self, frame: VideoFrame) -> list[Coded]:
        try:
            check_size(frame.width, frame.height)
        except BadEvent as bad:
            return self._left_out(bad)
        encoder = self._encoder = self._encoder or self._opened(frame)
        pts = frame.pts if self._timed else None
        if pts is None or (self._last_pts is not None and pts <= self._last_pts):
            pts = 0 if self._last_pts is None else self._last_pts + self._frame_ticks
        picture = frame.reformat(width=encoder.width, height=encoder.height, format="yuv420p")
        picture.pts, picture.time_base = pts, _TIME_BASE
        begins = self._last_key is None or pts - self._last_key >= self._key_every
        picture.pict_type = PictureType.I if begins else PictureType.NONE
        if begins:
            self._last_key = pts
        self._last_pts = pts
        return list(self._packets(picture))

    def _left_out(self, bad: BadEvent) -> list[Coded]:
        if not self.damaged:
            _log.warning("what can't be decoded is left out: %s", bad)
        self.damaged += 1
        return []

    def _packets(self, picture: VideoFrame | None) -> Iterator[Coded]:
        for packet in self.template.encode(picture):
            if packet.pts is not None and packet.dts is not None:
                yield Coded(bytes(packet), packet.pts, packet.dts, self._frame_ticks, packet.is_keyframe)

    def _opened(self, frame: VideoFrame) -> VideoStream:
        output = av.open(io.BytesIO(), "w", format="mpegts")
        stream = output.add_stream(
            "libx264",
            rate=self._rate,
            # Zero latency: one picture in, one packet out, no picture shown out of order. Only our keyframes.
            options={"preset": "veryfast", "tune": "zerolatency", "forced-idr": "1", "sc_threshold": "0"},
        )
        stream.width, stream.height = max(2, frame.width & ~1), max(2, frame.height & ~1)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _TIME_BASE
        stream.gop_size = 100_000
        output.start_encoding()
        return stream


class AudioTranscoder:
    """AAC, at most two channels, at the source's rate where AAC has it."""

    def __init__(self, source: AudioStream) -> None:
        self._source = source
        rate_hz = source.codec_context.sample_rate
        self._rate_hz = rate_hz if rate_hz in _AAC_RATES_HZ else 48_000
        layout = "mono" if source.codec_context.channels == 1 else "stereo"
        output = av.open(io.BytesIO(), "w", format="mpegts")
        self._encoder = output.add_stream("aac", rate=self._rate_hz)
        self._encoder.codec_context.layout = layout
        self._encoder.codec_context.time_base = Fraction(1, self._rate_hz)
        output.start_encoding()
        self._resampler = AudioResampler("fltp", layout, self._rate_hz, frame_size=_AAC_SAMPLES)
        self._received = 0  # samples put into the resampler, at our rate
        self._encoded = 0
        self._start: int | None = None  # samples; where sample 0 lies on the time line
        self._first: int | None = None
        self.damaged = 0

    @property
    def template(self) -> AudioStream:
        return self._encoder

    def push(self, packet: Coded) -> list[Coded]:
        try:
            frames = self._source.codec_context.decode(libav_packet(packet))
        except av.FFmpegError:
            self.damaged += 1
            return []
        return [coded for frame in frames for coded in self._encode(frame)]

    def finish(self) -> list[Coded]:
        try:
            frames = self._source.codec_context.decode(None)
        except (av.FFmpegError, EOFError):
            frames = []
        coded = [coded for frame in frames for coded in self._encode(frame)]
        if self._start is None:
            return []
        for piece in self._resampler.resample(None):
            coded += self._packets(piece)
        return coded + self._packets(None)

    def _encode(self, frame: AudioFrame) -> list[Coded]:
        try:
            check_rate(frame.sample_rate, frame.layout.nb_channels)
        except BadEvent as bad:
            return self._left_out(bad)
        if frame.pts is not None and frame.time_base is not None:
            at = round(frame.pts * frame.time_base * self._rate_hz)
            if self._start is None:
                self._start = self._first = at
            elif at - (self._start + self._received) > _RESYNC_S * self._rate_hz:
                self._start = at - self._received
        if self._start is None:
            self._start = self._first = 0
        self._received += round(frame.samples * self._rate_hz / frame.sample_rate)
        frame.pts = None  # positions are counted here; the resampler would fill holes by itself
        return [coded for piece in self._resampler.resample(frame) for coded in self._packets(piece)]

    def _left_out(self, bad: BadEvent) -> list[Coded]:
        if not self.damaged:
            _log.warning("what can't be decoded is left out: %s", bad)
        self.damaged += 1
        return []

    def _packets(self, piece: AudioFrame | None) -> list[Coded]:
        start = self._start or 0
        if piece is not None:
            piece.pts, piece.time_base = start + self._encoded, Fraction(1, self._rate_hz)
            self._encoded += piece.samples
        coded = []
        for packet in self._encoder.encode(piece):
            # The encoder's first packet is its run-up, before the first sample.
            if packet.pts is not None and packet.pts >= (self._first or 0):
                at, length = self._ticks(packet.pts), self._ticks(packet.duration or _AAC_SAMPLES)
                coded.append(Coded(bytes(packet), at, at, length, True))
        return coded

    def _ticks(self, samples: int) -> int:
        return round(samples * TICKS_PER_S / self._rate_hz)
