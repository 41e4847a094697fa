"""Which codecs travel as they are, in which container, and how a piece of packets becomes that container's bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from domain.events import Kind
from streams.publish.packets import TICKS_PER_S, Coded

_TIME_BASE = Fraction(1, TICKS_PER_S)


@dataclass(frozen=True, slots=True)
class Packaging:
    """`muxer` and `filters` (of the bitstream: they put the decoder's parameters before each keyframe) are libav's.

    With `runs_up` a piece begins with the packet before it, which is decoded and not heard.
    """

    muxer: str
    subtype: str
    filters: str | None = None
    runs_up: bool = False

    def content_type(self, kind: Kind) -> str:
        return f"{kind}/{self.subtype}"


_TRANSPORT_STREAM = Packaging("mpegts", "mp2t")
_MATROSKA = Packaging("matroska", "x-matroska")

# AAC's frames overlap: the first of a piece needs the one before it, or a tenth of every second of speech at 16 kHz is
# damaged (15 dB of signal to noise against the whole stream's decoding, with the packet before 47 dB). MP4 says in its
# edit list what is not to be heard, and every decoder keeps to it.
AAC = Packaging("mp4", "mp4", runs_up=True)

# A codec not named here is encoded anew: MP3 keeps bits of one frame in others (bit reservoir), Vorbis and WMA overlap
# blocks of changing size, and the rest is rare enough that certainty is worth the work.
_VIDEO: Mapping[str, Packaging] = {
    "h264": Packaging("mpegts", "mp2t", "h264_mp4toannexb,dump_extra=freq=k"),
    "hevc": Packaging("mpegts", "mp2t", "hevc_mp4toannexb,dump_extra=freq=k"),
    "mpeg2video": Packaging("mpegts", "mp2t", "dump_extra=freq=k"),
    "vp8": _MATROSKA,
    "vp9": _MATROSKA,
    "av1": _MATROSKA,
    "mjpeg": _MATROSKA,
}
_AUDIO: Mapping[str, Packaging] = {
    "aac": AAC,
    **dict.fromkeys(("ac3", "eac3", "mp2"), _TRANSPORT_STREAM),
    # In Matroska every piece would lose Opus's pre-skip of 6.5 ms again.
    "opus": _TRANSPORT_STREAM,
    **dict.fromkeys(
        ("flac", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_u8", "pcm_f32le", "pcm_alaw", "pcm_mulaw"), _MATROSKA
    ),
}


def packaging_for(stream: VideoStream | AudioStream) -> Packaging | None:
    """How the stream's packets travel; None when they have to be encoded anew."""
    codecs = _VIDEO if stream.type == "video" else _AUDIO
    return codecs.get(stream.codec.canonical_name)


def package(packaging: Packaging, template: VideoStream | AudioStream, packets: Sequence[Coded], origin: int) -> bytes:
    """A whole file of the packets; times in it count from `origin` (ticks). Raises av.FFmpegError.

    Packets before `origin` are the run-up.
    """
    buffer = io.BytesIO()
    kept = buffer.getvalue
    with av.open(buffer, "w", format=packaging.muxer) as output:
        # opaque: any decoder's parameters will do; no encoder of that codec need exist.
        stream: Any = output.add_stream_from_template(template, opaque=True)
        filters = None
        if packaging.filters and not _carry_parameters(packets, template.codec_context.extradata):
            filters = BitStreamFilterContext(packaging.filters, in_stream=template)
        for coded in packets:
            packet = libav_packet(coded, origin)
            for part in filters.filter(packet) if filters is not None else [packet]:
                part.stream = stream
                part.time_base = _TIME_BASE
                output.mux(part)
    return kept()


def _carry_parameters(packets: Sequence[Coded], parameters: bytes | None) -> bool:
    """Whether every keyframe comes with the decoder's parameters already, as in most broadcasts."""
    if not parameters:
        return False
    return all(parameters in packet.data for packet in packets if packet.is_key)


def libav_packet(coded: Coded, origin: int = 0) -> Any:
    packet = av.Packet(coded.data)
    packet.pts, packet.dts = coded.pts - origin, coded.dts - origin
    packet.duration = coded.duration
    packet.time_base = _TIME_BASE
    packet.is_keyframe = coded.is_key
    return packet
