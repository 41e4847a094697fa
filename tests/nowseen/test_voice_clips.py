"""What is made of a recording to enrol, with the real models and real voices."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import encoders
from domain.errors import BadRequest
from domain.events import Vector
from domain.ports import PCM_RATE_HZ, Pcm
from encoders import EncoderOptions
from nowseen.samples import SPEECH, DebianPackage, Origin, SampleFile, fetch_samples
from nowseen.settings import load_settings
from nowseen.voice_clips import LONGEST_S, voice_reader
from streams.recordings import decode_recording

CARDS = Origin(
    "a man's speech",
    DebianPackage("pocketsphinx-testdata"),
    (
        SampleFile(
            "cards-005.wav",
            "usr/share/pocketsphinx/test/data/cards/005.wav",
            "090f18f5f76cf8b2b43cd9e6b07823f4685a4742d9a36cd98b174a6586c18cf9",
        ),
    ),
)
Read = Callable[[bytes], Vector]


@pytest.fixture(scope="module")
def read() -> Read:
    voices = encoders.load("voices", "resemblyzer", EncoderOptions(Path()))
    return voice_reader(voices, encoders.voice_activity)


@pytest.fixture(scope="module")
def sounds() -> dict[str, Pcm]:
    """Two persons, by file name."""
    samples = fetch_samples(load_settings().cache, (SPEECH, CARDS))
    assert not samples.missing, samples.missing
    return {name: decode_recording(path.read_bytes(), LONGEST_S) for name, path in samples.files.items()}


def written(pcm: Pcm, container: str = "wav", codec: str = "pcm_s16le", rate_hz: int = PCM_RATE_HZ) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(pcm[None], "fltp", "mono")
        frame.sample_rate, frame.pts = PCM_RATE_HZ, 0
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, "mono", rate_hz, frame_size=context.frame_size or 1024)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


def noise(seconds: float) -> Pcm:
    return np.random.default_rng(1).normal(0.0, 0.1, round(seconds * PCM_RATE_HZ)).astype(np.float32)


def chords(seconds: float) -> Pcm:
    """Plucked, with overtones, a new one each half second."""
    times = np.arange(round(seconds * PCM_RATE_HZ)) / PCM_RATE_HZ
    root = 220.0 * 2 ** (np.floor(times * 2) % 7 / 12)
    tones = [np.sin(2 * np.pi * np.cumsum(root * k) / PCM_RATE_HZ) / k for k in (1.0, 1.26, 1.5, 2.0, 3.0)]
    return np.asarray(0.1 * sum(tones) * np.exp(-4 * (times % 0.5)), dtype=np.float32)


def test_the_voice_is_the_same_however_it_was_recorded(read: Read, sounds: dict[str, Pcm]) -> None:
    first = np.asarray(read(written(sounds["austen-0870.wav"])))
    assert first.shape == (256,)
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)
    for container, codec, rate_hz in (("mp3", "mp3", 44_100), ("ogg", "libopus", 48_000), ("mp4", "aac", 48_000)):
        again = read(written(sounds["austen-0870.wav"], container, codec, rate_hz))
        assert float(first @ again) > 0.9, container
    assert float(first @ read(written(sounds["austen-0890.wav"]))) > 0.7


def test_silence_around_speech_changes_little(read: Read, sounds: dict[str, Pcm]) -> None:
    spoken, pause = sounds["austen-0870.wav"], np.zeros(5 * PCM_RATE_HZ, np.float32)
    alone, between = read(written(spoken)), read(written(np.concatenate([pause, spoken, pause])))
    assert float(np.dot(alone, between)) > 0.98


def test_two_persons_are_refused(read: Read, sounds: dict[str, Pcm]) -> None:
    both = np.concatenate([sounds["austen-0880.wav"], sounds["cards-005.wav"]])
    with pytest.raises(BadRequest, match="more than one voice"):
        read(written(both))


@pytest.mark.parametrize(
    "sound", [np.zeros(10 * PCM_RATE_HZ, np.float32), noise(10), chords(10)], ids=["silence", "noise", "music"]
)
def test_what_is_no_speech_is_refused(read: Read, sound: Pcm) -> None:
    with pytest.raises(BadRequest, match=r"holds 0\.\d s of speech, and 3 s are needed"):
        read(written(sound))


def test_too_little_speech_is_refused(read: Read, sounds: dict[str, Pcm]) -> None:
    with pytest.raises(BadRequest, match=r"holds 1\.\d s of speech"):
        read(written(sounds["austen-0870.wav"][: 2 * PCM_RATE_HZ]))


def test_too_much_is_refused(read: Read) -> None:
    with pytest.raises(BadRequest, match="longer than 60 s"):
        read(written(np.zeros(61 * PCM_RATE_HZ, np.float32), "flac", "flac"))


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"a letter, not a recording " * 100,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
    ],
    ids=["nothing", "text", "playlist", "concatenation"],
)
def test_what_is_no_sound_is_refused(read: Read, file: bytes) -> None:
    with pytest.raises(BadRequest, match="can't be read; of these"):
        read(file)


def test_a_film_without_sound_is_refused(read: Read) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("mjpeg", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p"
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(BadRequest, match="holds no sound"):
        read(file.getvalue())


def test_half_a_recording_is_used_as_far_as_it_goes(read: Read, sounds: dict[str, Pcm]) -> None:
    whole = written(sounds["austen-0870.wav"], "mp3", "mp3", 44_100)
    assert float(np.dot(read(whole), read(whole[: len(whole) * 2 // 3]))) > 0.8
