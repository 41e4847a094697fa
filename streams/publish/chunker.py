"""Packets of one source in, chunks out: each a few seconds of one stream, in a container of its own, decodable alone.

Packets travel as they are where they can. A stream whose keyframes come too rarely is encoded anew from there on, and
so is sound in a codec that does not survive cutting.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from domain.events import Kind
from domain.topology import ChunkRules
from streams.publish.cutter import Cutter, Span
from streams.publish.packaging import AAC, Packaging, package, packaging_for
from streams.publish.packets import TICKS_PER_S, Coded
from streams.publish.timeline import Timeline
from streams.publish.transcode import AudioTranscoder, Transcoder, VideoTranscoder

_log = logging.getLogger(__name__)

_H264 = Packaging("mpegts", "mp2t")  # ours: the encoder repeats its parameters at each keyframe
_SOUND_HOLD_S = 0.1


@dataclass(frozen=True, slots=True)
class MediaChunk:
    """Times are seconds since the source began."""

    kind: Kind
    start_s: float
    duration_s: float
    content_type: str
    media: bytes
    is_last: bool = False

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s


class Chunker:
    """The best video and the best audio stream of an open container, each cut for itself. Not thread-safe.

    A live source's sound is cut shorter: its words should not wait. Damaged packets are skipped and counted in
    `damaged`. Pictures that belong to a sound file (covers) are no video. `unknown` are the kinds of stream that are
    there, all in codecs FFmpeg does not know.
    """

    def __init__(self, container: InputContainer, rules: ChunkRules, timeline: Timeline, *, is_live: bool) -> None:
        self._timeline = timeline
        pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        videos = [s for s in pictures if s.codec_context is not None]
        audios = [s for s in container.streams.audio if s.codec_context is not None]
        there: tuple[tuple[Kind, bool, bool], ...] = (
            ("video", bool(pictures), bool(videos)),
            ("audio", bool(container.streams.audio), bool(audios)),
        )
        self.unknown = tuple(kind for kind, is_there, is_known in there if is_there and not is_known)
        self._lanes: dict[int, _Lane] = {}
        if videos:
            self._lanes[videos[0].index] = _Lane(videos[0], "video", rules.min_s, rules.max_s)
        if audios:
            self._lanes[audios[0].index] = _Lane(
                audios[0], "audio", rules.live_sound_s if is_live else rules.min_s, rules.max_s
            )
        self.streams: tuple[VideoStream | AudioStream, ...] = tuple(lane.stream for lane in self._lanes.values())

    @property
    def damaged(self) -> int:
        return sum(lane.damaged for lane in self._lanes.values())

    def push(self, packet: Any, now: int | None = None) -> list[MediaChunk]:
        """`packet` is an av.Packet of one of `streams`; `now` (ticks) is Timeline.place's."""
        lane = self._lanes.get(packet.stream_index)
        if lane is None or packet.size == 0:
            return []
        scale = packet.time_base * TICKS_PER_S
        duration = round((packet.duration or 0) * scale)
        raw_pts = round(packet.pts * scale) if packet.pts is not None else None
        raw_dts = round(packet.dts * scale) if packet.dts is not None else None
        pts, dts = self._timeline.place(packet.stream_index, raw_pts, raw_dts, duration, now)
        coded = Coded(bytes(packet), pts, dts, duration, packet.is_keyframe)
        return lane.push(coded, timed=raw_pts is not None)

    def finish(self, *, ended: bool) -> list[MediaChunk]:
        """What is left, by start. With `ended`, the last chunk of each stream says that nothing follows."""
        left = [chunk for lane in self._lanes.values() for chunk in lane.finish(ended)]
        return sorted(left, key=lambda chunk: chunk.start_s)


class _Lane:
    """One stream: copied until that can't go on, encoded anew from then on."""

    def __init__(self, stream: VideoStream | AudioStream, kind: Kind, min_s: float, max_s: float) -> None:
        self.stream = stream
        self._kind = kind
        self._min = round(min_s * TICKS_PER_S)
        max_ticks = round(max_s * TICKS_PER_S)
        hold = max_ticks if kind == "video" else round(_SOUND_HOLD_S * TICKS_PER_S)
        self._cutter = Cutter(self._min, max_ticks, hold)
        self._packaging = packaging_for(stream)
        self._transcoder: Transcoder | None = None
        self._packed_last: Coded | None = None
        self._any = False
        self._damaged = 0

    @property
    def damaged(self) -> int:
        return self._damaged + (self._transcoder.damaged if self._transcoder else 0)

    def push(self, coded: Coded, *, timed: bool) -> list[MediaChunk]:
        if not self._any:
            self._any = True
            if self._packaging is None:
                self._encode_anew(f"{self.stream.codec.canonical_name} does not survive cutting", timed)
            elif self._kind == "video" and not timed:
                self._encode_anew("its packets carry no time stamps", timed)
        if self._kind == "audio" and coded.end <= 0:
            self._packed_last = coded
            return []  # an encoder's run-up before the first sample
        if self._transcoder is not None:
            return self._cut(self._transcoder.push(coded))
        return self._cut([coded])

    def finish(self, ended: bool) -> list[MediaChunk]:
        chunks = self._cut(self._transcoder.finish()) if self._transcoder is not None else []
        span = self._cutter.finish()
        return chunks + (self._packed(span, is_last=ended) if span is not None else [])

    def _cut(self, packets: list[Coded]) -> list[MediaChunk]:
        chunks: list[MediaChunk] = []
        for packet in packets:
            span = self._cutter.push(packet)
            if span is not None:
                chunks += self._packed(span)
            if self._transcoder is None and self._cutter.overdue:
                taken = self._cutter.take_back()
                transcoder = self._encode_anew("no keyframe came in time")
                chunks += self._cut([coded for old in taken for coded in transcoder.push(old)])
        return chunks

    def _packed(self, span: Span, *, is_last: bool = False) -> list[MediaChunk]:
        packaging = self._packaging
        template = self.stream
        if self._transcoder is not None:
            packaging, template = (_H264 if self._kind == "video" else AAC), self._transcoder.template
        assert packaging is not None  # noqa: S101  (a stream without one is encoded anew from its first packet on)
        before, self._packed_last = self._packed_last, span.packets[-1]
        run_up = (before,) if packaging.runs_up and before is not None and before.joins(span.packets[0]) else ()
        try:
            media = package(packaging, template, (*run_up, *span.packets), span.start)
        except (av.FFmpegError, ValueError) as error:
            self._damaged += len(span.packets)
            _log.warning("%.1f s of %s can't be packed: %s", (span.end - span.start) / TICKS_PER_S, self._kind, error)
            return []
        start_ms, end_ms = round(span.start * 1000 / TICKS_PER_S), round(span.end * 1000 / TICKS_PER_S)
        duration_s = max(1, end_ms - start_ms) / 1000
        return [
            MediaChunk(
                self._kind, start_ms / 1000, duration_s, packaging.content_type(self._kind), media, is_last=is_last
            )
        ]

    def _encode_anew(self, why: str, timed: bool = True) -> Transcoder:
        _log.info("the %s stream is encoded anew: %s", self._kind, why)
        if isinstance(self.stream, VideoStream):
            self._transcoder = VideoTranscoder(self.stream, self._min, timed=timed)
        else:
            self._transcoder = AudioTranscoder(self.stream)
        return self._transcoder
