"""Packets copied into a clip as they are: nothing of the picture is lost, and a minute takes milliseconds.

Only where a browser plays the result: H.264 and AAC whose parameters stay the same from chunk to chunk, without damage
and, for sound, without gaps (a player runs sound on across a gap and loses the picture). The rest is transcoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from search.clip_chunks import MediaPacket, ReadChunk

PICTURE_CLOCK = Fraction(1, 90_000)
SOUND_TOLERANCE_S = 0.02  # a step this small comes from rounding times to milliseconds; a larger one is a gap
_LATE_SOUND_S = 0.05  # sound may begin a frame after the picture
_BROWSER_PICTURES = ("yuv420p", "yuvj420p")
_BROWSER_PROFILES = ("Baseline", "Constrained Baseline", "Main", "High")


def can_copy_video(chunks: Sequence[ReadChunk]) -> bool:
    first = chunks[0].stream
    return (
        isinstance(first, VideoStream)
        and first.codec_context.name == "h264"
        and first.codec_context.pix_fmt in _BROWSER_PICTURES
        and first.profile in _BROWSER_PROFILES
        and all(chunk.whole and chunk.packets[0].is_keyframe for chunk in chunks)
        and _all_alike(chunks)
        # A chunk that begins before the one ahead of it has ended would mix their pictures.
        and all(
            max(at for at, _ in _pictures(one)) < min(at for at, _ in _pictures(next_))
            for one, next_ in pairwise(chunks)
        )
        and len({at for chunk in chunks for at, _ in _pictures(chunk)})
        == sum(len(_pictures(chunk)) for chunk in chunks)
    )


def copy_video(chunks: Sequence[ReadChunk], out: VideoStream) -> Iterator[MediaPacket]:
    """The packets, by decoding time.

    Decoding times are made anew from the times shown, sorted and moved ahead by the same amount everywhere: Matroska
    keeps none, and those of separately encoded chunks may step back at a seam.
    """
    pictures = [picture for chunk in chunks for picture in _pictures(chunk)]
    in_order = sorted(at for at, _ in pictures)
    ahead = max(decoded - at for decoded, (at, _) in zip(in_order, pictures, strict=True))
    for decoded, (at, packet) in zip(in_order, pictures, strict=True):
        duration_s = (packet.duration or 0) * packet.time_base
        packet.stream, packet.time_base = out, PICTURE_CLOCK
        packet.pts, packet.dts, packet.duration = at, decoded - ahead, round(duration_s / PICTURE_CLOCK)
        yield packet


def _pictures(chunk: ReadChunk) -> list[tuple[int, MediaPacket]]:
    """When each is shown, on the picture clock, in decoding order; without those that need the chunk before."""
    return [
        (round(chunk.time_s(packet.pts) / PICTURE_CLOCK), packet)
        for packet in chunk.packets
        if packet.pts is not None and packet.pts >= chunk.first_pts
    ]


def can_copy_audio(chunks: Sequence[ReadChunk]) -> bool:
    first = chunks[0].stream
    if first.codec_context.name != "aac" or first.profile != "LC" or not _all_alike(chunks):
        return False
    # Where a decoder should swallow an encoder's run-in, the packets' times are not those of what is heard.
    for chunk in chunks:
        heard = _heard(chunk)
        if not chunk.whole or not heard or heard[0].has_sidedata("skip_samples"):
            return False
    sounds = _sounds(chunks)
    if not sounds or sounds[0][0] > _LATE_SOUND_S:
        return False
    end_s = sounds[0][0]
    for at_s, duration_s, _ in sounds:
        if duration_s <= 0 or abs(at_s - end_s) > SOUND_TOLERANCE_S:
            return False
        end_s += duration_s
    return True


def copy_audio(chunks: Sequence[ReadChunk], out: AudioStream) -> Iterator[MediaPacket]:
    """The packets, laid end to end: the steps that rounding leaves between chunks would be heard."""
    clock = Fraction(1, out.codec_context.sample_rate)
    sounds = _sounds(chunks)
    at = round(sounds[0][0] / clock)
    for _, duration_s, packet in sounds:
        packet.stream, packet.time_base = out, clock
        packet.pts, packet.dts, packet.duration = at, at, round(duration_s / clock)
        at += packet.duration
        yield packet


def _sounds(chunks: Sequence[ReadChunk]) -> list[tuple[float, float, MediaPacket]]:
    """Start and duration in seconds, and the packet; from the start of the clip on."""
    return [
        (chunk.time_s(packet.pts), float((packet.duration or 0) * packet.time_base), packet)
        for chunk in chunks
        for packet in _heard(chunk)
        if packet.pts is not None and chunk.time_s(packet.pts) >= 0
    ]


def _heard(chunk: ReadChunk) -> list[MediaPacket]:
    """Without the run-up: the chunk before holds that packet too."""
    return [packet for packet in chunk.packets if not packet.is_discard]


def _all_alike(chunks: Sequence[ReadChunk]) -> bool:
    """One set of decoder parameters serves all: an MP4 has one per track."""
    return len({(chunk.demuxer, *_parameters(chunk.stream)) for chunk in chunks}) == 1


def _parameters(stream: VideoStream | AudioStream) -> tuple[object, ...]:
    context = stream.codec_context
    if isinstance(stream, VideoStream):
        shape: tuple[object, ...] = (
            stream.codec_context.width,
            stream.codec_context.height,
            stream.codec_context.pix_fmt,
        )
    else:
        shape = (stream.codec_context.sample_rate, stream.codec_context.layout.name)
    return (context.name, stream.profile, context.extradata, *shape)
