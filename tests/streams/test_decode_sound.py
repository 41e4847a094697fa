"""Whatever sound a chunk holds, it comes out mono at 16 kHz, and a sample's position tells its time."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from domain.errors import BadEvent
from domain.events import ChunkPublished
from domain.ports import PCM_RATE_HZ, Pcm
from streams.decode import decode_sound

_WRAP = 1 << 33  # MPEG's time stamps are 33 bits of 1/90000 s


def tone(seconds: float, rate_hz: int, peak: float = 0.5) -> np.ndarray[Any, np.dtype[np.float32]]:
    return (peak * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def packed(
    codec: str,
    container: str,
    content_type: str,
    channels: list[np.ndarray[Any, np.dtype[np.float32]]],
    rate_hz: int,
    layout: str,
    *,
    first_s: float = 0.0,
    gap: tuple[float, float] | None = None,  # (from, length) in seconds: sound that was never recorded
    duration_s: float | None = None,
) -> ChunkPublished:
    """A chunk of planar float samples."""
    buffer = io.BytesIO()
    media = buffer.getvalue
    with av.open(buffer, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate_hz)
        stream.layout = layout
        frame_size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.format.name, layout, rate_hz, frame_size=frame_size)
        samples = np.stack(channels)
        if gap is not None:
            hole = slice(round(gap[0] * rate_hz), round((gap[0] + gap[1]) * rate_hz))
            samples = np.delete(samples, hole, axis=1)
        for at in range(0, samples.shape[1] - frame_size + 1, frame_size):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples[:, at : at + frame_size]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
            frame.pts = at + round(first_s * rate_hz)
            if gap is not None and at >= round(gap[0] * rate_hz):
                frame.pts += round(gap[1] * rate_hz)
            pts = frame.pts
            for piece in resampler.resample(frame):
                piece.pts, piece.time_base = pts, Fraction(1, rate_hz)
                output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    length_s = duration_s if duration_s is not None else channels[0].size / rate_hz
    return ChunkPublished("s", "audio", 1000.0, length_s, content_type, media())


def loudness(pcm: Pcm, at_s: float, length_s: float = 0.1) -> float:
    part = pcm[round(at_s * PCM_RATE_HZ) : round((at_s + length_s) * PCM_RATE_HZ)]
    return float(np.sqrt(np.mean(part**2)))


@pytest.mark.parametrize(
    ("codec", "container", "content_type", "rate_hz", "layout"),
    [
        ("pcm_s16le", "wav", "audio/wav", 8_000, "mono"),
        ("pcm_mulaw", "wav", "audio/wav", 8_000, "mono"),
        ("pcm_s16le", "wav", "audio/wav", 48_000, "stereo"),
        ("aac", "mpegts", "audio/mp2t", 48_000, "stereo"),
        ("aac", "mpegts", "audio/mp2t", 48_000, "5.1"),
        ("ac3", "mpegts", "audio/mp2t", 48_000, "5.1(side)"),
        ("flac", "matroska", "audio/x-matroska", 96_000, "stereo"),
        ("pcm_s16le", "wav", "audio/wav", 11_025, "mono"),
    ],
)
def test_any_rate_and_number_of_channels_becomes_mono_at_16_khz(
    codec: str, container: str, content_type: str, rate_hz: int, layout: str
) -> None:
    count = {"mono": 1, "stereo": 2}.get(layout, 6)
    pcm = decode_sound(packed(codec, container, content_type, [tone(2.0, rate_hz)] * count, rate_hz, layout))
    assert pcm.dtype == np.float32
    assert pcm.ndim == 1
    assert len(pcm) / PCM_RATE_HZ == pytest.approx(2.0, abs=0.15)
    spectrum = np.abs(np.fft.rfft(pcm))
    assert np.argmax(spectrum) * PCM_RATE_HZ / len(pcm) == pytest.approx(440, abs=3)
    assert loudness(pcm, 1.0) > 0.1


def test_a_voice_on_the_centre_channel_alone_is_heard() -> None:
    """In films people speak from the centre: mixing down must not leave it out."""
    silent = np.zeros(96_000, dtype=np.float32)
    channels = [silent, silent, tone(2.0, 48_000), silent, silent, silent]  # left, right, centre, ...
    assert loudness(decode_sound(packed("ac3", "mpegts", "audio/mp2t", channels, 48_000, "5.1(side)")), 1.0) > 0.05


def test_a_gap_inside_a_chunk_becomes_silence_of_its_length() -> None:
    chunk = packed("aac", "mpegts", "audio/mp2t", [tone(4.0, 48_000)], 48_000, "mono", gap=(1.5, 1.0))
    pcm = decode_sound(chunk)
    assert len(pcm) / PCM_RATE_HZ == pytest.approx(4.0, abs=0.15)
    assert loudness(pcm, 1.0) > 0.2
    assert loudness(pcm, 1.8, 0.4) < 0.01
    assert loudness(pcm, 2.8) > 0.2


@pytest.mark.parametrize("first_s", [0.0, 1.0, _WRAP / 90_000 - 3.0])
def test_where_the_time_stamps_begin_does_not_matter(first_s: float) -> None:
    """The last case wraps inside the chunk."""
    chunk = packed("aac", "mpegts", "audio/mp2t", [tone(4.0, 48_000)], 48_000, "mono", first_s=first_s)
    pcm = decode_sound(chunk)
    assert len(pcm) / PCM_RATE_HZ == pytest.approx(4.0, abs=0.15)
    assert loudness(pcm, 3.5) > 0.2


@pytest.mark.parametrize("jump_s", [3600.0, 20 * 3600.0])
def test_a_jump_of_the_time_stamps_inside_a_chunk_is_no_gap(jump_s: float) -> None:
    """A chunk of 4 s holds no hour of silence: what comes behind the jump follows at once."""
    chunk = packed("aac", "mpegts", "audio/mp2t", [tone(4.0, 48_000)], 48_000, "mono")
    pcm = decode_sound(_with_jump(chunk, at_s=2.0, jump_s=jump_s))
    assert len(pcm) / PCM_RATE_HZ == pytest.approx(4.0, abs=0.2)
    assert loudness(pcm, 1.0) > 0.2
    assert loudness(pcm, 3.0) > 0.2


def test_time_stamps_that_begin_again_inside_a_chunk_are_sound_that_goes_on() -> None:
    """Two transport streams end to end, as a recorder writes them that was restarted."""
    first = packed("aac", "mpegts", "audio/mp2t", [tone(2.0, 48_000)], 48_000, "mono", first_s=50.0)
    second = packed("aac", "mpegts", "audio/mp2t", [tone(2.0, 48_000)], 48_000, "mono")
    pcm = decode_sound(ChunkPublished("s", "audio", 1000.0, 4.0, "audio/mp2t", first.media + second.media))
    assert len(pcm) / PCM_RATE_HZ == pytest.approx(4.0, abs=0.2)
    assert loudness(pcm, 3.0) > 0.2


def test_clipped_and_overdriven_sound_stays_in_range() -> None:
    hot = np.clip(tone(2.0, 16_000, peak=4.0), -1.5, 1.5)
    chunk = packed("pcm_f32le", "wav", "audio/wav", [hot], 16_000, "mono")
    pcm = decode_sound(chunk)
    assert float(np.abs(pcm).max()) == 1.0
    assert np.isfinite(pcm).all()


def test_numbers_that_are_none_become_silence() -> None:
    broken = tone(2.0, 16_000)
    broken[5_000:6_000], broken[7_000:8_000] = np.nan, np.inf
    pcm = decode_sound(packed("pcm_f32le", "wav", "audio/wav", [broken], 16_000, "mono"))
    assert np.isfinite(pcm).all()
    assert float(np.abs(pcm).max()) <= 1.0


def test_more_sound_than_the_chunk_says_is_refused() -> None:
    chunk = packed("pcm_s16le", "wav", "audio/wav", [tone(90.0, 8_000)], 8_000, "mono", duration_s=2.0)
    with pytest.raises(BadEvent, match="more sound than its ce_durationms"):
        decode_sound(chunk)


def _with_jump(chunk: ChunkPublished, at_s: float, jump_s: float) -> ChunkPublished:
    """The same packets, from `at_s` on with time stamps `jump_s` later."""
    buffer = io.BytesIO()
    media = buffer.getvalue
    with av.open(io.BytesIO(chunk.media), "r") as source, av.open(buffer, "w", format="mpegts") as output:
        (stream,) = source.streams
        copy: Any = output.add_stream_from_template(stream)
        first: int | None = None
        for packet in source.demux(stream):
            if packet.pts is None:
                continue
            first = packet.pts if first is None else first
            if float((packet.pts - first) * packet.time_base) >= at_s:
                packet.pts += round(jump_s / packet.time_base)
                packet.dts = packet.pts
            packet.stream = copy
            output.mux(packet)
    return ChunkPublished(chunk.source, chunk.kind, chunk.start_s, chunk.duration_s, chunk.content_type, media())
