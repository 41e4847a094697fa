"""A few bytes that unpack to hours of sound, or to pictures that fill the memory, are refused before they do."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from domain.decoding_budget import MAX_FRAMES_PER_S, DecodingBudget, chunk_budget
from domain.errors import BadEvent, BadRequest
from domain.events import ChunkPublished
from domain.topology import Topology
from streams.decode import decode_frames, decode_sound
from streams.intake import checked
from streams.publish.packets import Coded
from streams.publish.transcode import AudioTranscoder
from streams.recordings import decode_recording
from tests.hostile_media import flac_of_hours, pictures_that_grow

ROOT = Path(__file__).parents[2]
MOST_MIB = 200  # what a child may grow by while it decodes; a bomb takes gigabytes

IN_A_CHILD = """
import resource, sys
from domain.events import ChunkPublished
from streams.decode import decode_frames, decode_sound
from streams.recordings import decode_recording
from tests.hostile_media import flac_of_hours, pictures_that_grow

def sound_chunk(media): decode_sound(ChunkPublished("s", "audio", 1000.0, 2.0, "audio/flac", media))
def upload(media): decode_recording(media, 60.0)
def pictures(media): decode_frames(ChunkPublished("s", "video", 1000.0, 2.0, "video/x-matroska", media), 1.0)

def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

decode, media = {"sound": (sound_chunk, flac_of_hours()), "hidden": (sound_chunk, flac_of_hours(said_hz=48_000)),
                 "upload": (upload, flac_of_hours()), "pictures": (pictures, pictures_that_grow())}[sys.argv[1]]
before = peak()
try:
    decode(media)
except Exception:
    pass
print(peak() - before)
"""


@pytest.mark.parametrize("kind", ["sound", "hidden", "upload", "pictures"])
def test_a_small_file_takes_little_memory_whatever_it_says(kind: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", IN_A_CHILD, kind], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert int(child.stdout) < MOST_MIB


@pytest.mark.parametrize("said_hz", [8, 48_000], ids=["told by the container", "only in the frame"])
def test_hours_of_sound_in_55_bytes_are_told_with_what_to_do(said_hz: int) -> None:
    media = flac_of_hours(said_hz=said_hz)
    assert len(media) < 60
    with pytest.raises(BadEvent, match="8 samples a second; 4000 to 384000 are decoded: send it at"):
        decode_sound(ChunkPublished("s", "audio", 1000.0, 2.0, "audio/flac", media))
    with pytest.raises(BadRequest, match="8 samples a second"):
        decode_recording(media, 60.0)


def test_a_picture_that_grows_in_mid_stream_is_left_out() -> None:
    chunk = ChunkPublished("s", "video", 1000.0, 2.0, "video/x-matroska", pictures_that_grow())
    assert [frame.image.shape for frame in decode_frames(chunk, 1.0)] == [(48, 64, 3)]


def test_more_sound_than_a_chunk_says_is_counted_before_it_is_resampled() -> None:
    budget = chunk_budget(2.0)
    budget.add_sound(4 * 48_000, 48_000, 2)
    with pytest.raises(BadEvent, match=r"ce_durationms \(2\.0 s\) says: 8\.0 s came of it, and at most 7\.0 s"):
        budget.add_sound(4 * 8_000, 8_000, 1)


@pytest.mark.parametrize(("rate_hz", "channels"), [(0, 1), (8, 1), (3_999, 2), (1_000_000, 1), (48_000, 255)])
def test_sound_that_no_recorder_makes_is_refused(rate_hz: int, channels: int) -> None:
    with pytest.raises(BadEvent, match="are decoded: send it"):
        chunk_budget(2.0).add_sound(1, rate_hz, channels)


def test_more_pictures_or_pixels_than_a_camera_makes_are_refused() -> None:
    budget = chunk_budget(2.0)
    for _ in range(7 * MAX_FRAMES_PER_S):
        budget.add_picture(64, 48)
    with pytest.raises(BadEvent, match=r"1681 pictures and more came of at most 7\.0 s; .*send fewer pictures"):
        budget.add_picture(64, 48)
    budget = chunk_budget(2.0)
    with pytest.raises(BadEvent, match="send fewer or smaller pictures"):
        for _ in range(7 * 61):
            budget.add_picture(8192, 4320)
    with pytest.raises(BadEvent, match="16384 x 16384 = 268435456 pixels; at most 35389440"):
        chunk_budget(2.0).add_picture(16_384, 16_384)


@pytest.mark.parametrize("duration_s", [1.0, 4.0, 60.0])
def test_honest_feeds_fit(duration_s: float) -> None:
    budget: DecodingBudget = chunk_budget(duration_s)
    for _ in range(round(duration_s * 60)):
        budget.add_picture(7680, 4320)
    for rate_hz, channels in ((192_000, 8), (8_000, 1)):
        budget = chunk_budget(duration_s)
        for _ in range(round(duration_s * rate_hz / 4_000)):
            budget.add_sound(4_000, rate_hz, channels)


@pytest.mark.parametrize(("rate_hz", "layout"), [(192_000, "7.1"), (8_000, "mono")])
def test_honest_sound_is_heard(rate_hz: int, layout: str, tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=rate_hz, layout=layout)
        channels = stream.codec_context.channels
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2 * rate_hz * channels), np.int16), "s16", layout)
        frame.sample_rate = rate_hz
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    chunk = ChunkPublished("s", "audio", 1000.0, 2.0, "audio/wav", path.read_bytes())
    assert decode_sound(chunk).size == pytest.approx(2 * 16_000, abs=64)


def test_a_chunk_of_many_minutes_is_refused_unread(topology: Topology) -> None:
    chunk = ChunkPublished("s", "audio", 1000.0, 91.0, "audio/flac", b"x")
    with pytest.raises(BadEvent, match=r"ce_durationms says 91\.0 s; a chunk may last 90 s at most: publish shorter"):
        checked(chunk, ChunkPublished, topology.limits, 2000.0)


def test_the_publisher_leaves_out_what_would_fill_its_memory(caplog: pytest.LogCaptureFixture) -> None:
    with av.open(io.BytesIO(flac_of_hours()), "r") as source:
        transcoder = AudioTranscoder(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.size:
                assert transcoder.push(Coded(bytes(packet), 0, 0, 0, True)) == []
        assert transcoder.finish() == []
    assert transcoder.damaged == 1
    assert "the sound has 8 samples a second" in caplog.text
