"""Every chunk decodes alone, nothing is lost between them, and they lie end to end in event time."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from domain.events import ChunkPublished
from domain.ports import PCM_RATE_HZ
from streams.decode import decode_sound
from streams.publish import PublishOptions, SourceFailed

_FRAME_SAMPLES = 1152  # the longest frame of the codecs used here (MP2, MP3)


def _count(path: Path) -> tuple[int, int]:
    """Pictures and samples that a player shows of the whole file."""
    pictures = samples = 0
    with av.open(str(path)) as container:
        streams = [*container.streams.video[:1], *container.streams.audio[:1]]
        for frame in container.decode(*streams):
            if isinstance(frame, av.AudioFrame):
                samples += frame.samples
            else:
                pictures += 1
    return pictures, samples


def _check_end_to_end(chunks: list[ChunkPublished]) -> None:
    for before, after in pairwise(chunks):
        assert after.start_s == pytest.approx(before.end_s, abs=0.0021)
    assert [chunk.is_last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


_TS, _TS_MP4, _MKV = "video/mp2t audio/mp2t", "video/mp2t audio/mp4", "video/x-matroska audio/x-matroska"
_MIXED = "video/x-matroska audio/mp2t"
_OPEN_GOP = {"x264-params": "open-gop=1:bframes=3:b-adapt=0", "preset": "medium"}


@pytest.mark.parametrize(
    ("name", "changes", "codecs", "content_types"),
    [
        ("h264-aac.mp4", {}, "h264 aac", _TS_MP4),
        ("h264-open-gop.mp4", {"video_options": _OPEN_GOP}, "h264 aac", _TS_MP4),
        ("h264-reordered.mkv", {"video_options": {"bf": "3"}}, "h264 aac", _TS_MP4),
        ("hevc-open-gop.mp4", {"video": "libx265", "audio": "ac3"}, "hevc ac3", _TS),
        # In a transport stream libav calls every MPEG sound mp3; the frames are MP2's.
        ("mpeg2-open-gop.ts", {"video": "mpeg2video", "audio": "mp2"}, "mpeg2video mp3", _TS),
        ("vp9-opus.webm", {"video": "libvpx-vp9", "audio": "libopus"}, "vp9 opus", _MIXED),
        ("vp8-opus.webm", {"video": "libvpx", "audio": "libopus"}, "vp8 opus", _MIXED),
        ("mjpeg-flac.mkv", {"video": "mjpeg", "audio": "flac"}, "mjpeg flac", _MKV),
        ("mjpeg-pcm.mov", {"video": "mjpeg", "audio": "pcm_s16le"}, "mjpeg pcm_s16le", _MKV),
        ("mpeg4-mp3.avi", {"video": "mpeg4", "audio": "libmp3lame"}, "h264 aac", _TS_MP4),
        ("odd-size.mkv", {"video": "mpeg4", "width": 161, "height": 121}, "h264 aac", _TS_MP4),
    ],
)
def test_chunks_decode_alone_and_nothing_is_lost(
    name: str,
    changes: dict[str, Any],
    codecs: str,
    content_types: str,
    tmp_path: Path,
    make_film: Any,
    film_type: Any,
    chunk_file: Any,
    decode_alone: Any,
) -> None:
    path = make_film(tmp_path / name, film_type(**changes))
    pictures, samples = _count(path)

    chunked = chunk_file(path)

    assert chunked.reports == []
    assert {chunk.content_type for chunk in chunked.chunks} == set(content_types.split())
    video, audio = chunked.of("video"), chunked.of("audio")
    _check_end_to_end(video)
    _check_end_to_end(audio)
    assert all(2.0 <= chunk.duration_s <= 4.0 for chunk in [*video[:-1], *audio[:-1]])
    decoded = [decode_alone(chunk) for chunk in video]
    assert sum(len(one.frames) for one in decoded) == pictures
    assert all(one.extra_frames <= 1 for one in decoded)
    sounds = [decode_alone(chunk) for chunk in audio]
    assert {one.codec for one in [*decoded, *sounds]} == set(codecs.split())
    assert sum(one.samples for one in sounds) == pytest.approx(samples, abs=2 * _FRAME_SAMPLES)
    assert video[0].start_s == pytest.approx(1000.0, abs=0.05)
    assert audio[0].start_s == pytest.approx(1000.0, abs=0.05)


@pytest.mark.parametrize("name", ["sound.mp4", "sound.ts", "sound.avi"])
def test_sound_in_chunks_is_the_sound_in_one(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any, name: str
) -> None:
    """AAC's frames overlap: a chunk without the one before it would begin damaged."""
    audio = {"sound.avi": "libmp3lame"}.get(name, "aac")  # encoded anew
    path = make_film(tmp_path / name, film_type(video=None, audio=audio, seconds=9))
    chunks = chunk_file(path).chunks
    assert len(chunks) >= 4
    for chunk in chunks[1:-1]:  # an encoder's own start and end are not the chunks' doing
        heard = decode_sound(chunk)
        times_s = np.arange(heard.size) / PCM_RATE_HZ
        # A tone went in: what is not that tone is damage.
        waves = np.stack([np.sin(2 * np.pi * 440 * times_s), np.cos(2 * np.pi * 440 * times_s)], axis=1)
        fit, *_ = np.linalg.lstsq(waves, heard, rcond=None)
        damage = heard - waves @ fit
        assert 10 * np.log10((heard**2).sum() / (damage**2).sum()) > 35


def test_each_picture_has_its_own_event_time(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any, decode_alone: Any
) -> None:
    path = make_film(tmp_path / "times.mp4", film_type(video="libx265", audio=None))
    times = [c.start_s + at for c in chunk_file(path).chunks for at in decode_alone(c).frames]
    assert times == pytest.approx([1000 + number / 25 for number in range(250)], abs=0.002)


def test_rare_keyframes_are_made_by_encoding_anew(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any, decode_alone: Any
) -> None:
    path = make_film(tmp_path / "long.mp4", film_type(keyframe_every=250))
    video = chunk_file(path).of("video")
    assert [(c.start_s, c.duration_s) for c in video] == [(1000.0 + 2 * n, 2.0) for n in range(5)]
    assert [len(decode_alone(c).frames) for c in video] == [50] * 5


def test_rare_keyframes_later_in_a_stream_lose_nothing(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any, decode_alone: Any
) -> None:
    first = make_film(tmp_path / "a.ts", film_type(seconds=6, audio=None))
    second = make_film(tmp_path / "b.ts", film_type(seconds=10, audio=None, keyframe_every=250))
    path = tmp_path / "both.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())  # what a stream looks like whose encoder was restarted
    chunked = chunk_file(path)
    assert sum(len(decode_alone(c).frames) for c in chunked.chunks) == 400
    assert "jump" in chunked.reports[0]
    _check_end_to_end(chunked.chunks)
    assert chunked.chunks[-1].end_s == pytest.approx(1016.0, abs=0.05)


def test_packets_between_keyframes_of_two_and_a_half_seconds_are_copied(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any
) -> None:
    path = make_film(tmp_path / "copied.ts", film_type(fps=24, keyframe_every=60, audio=None))
    chunks = chunk_file(path).chunks
    assert [chunk.duration_s for chunk in chunks] == [2.5] * 4
    assert _payloads(*(chunk.media for chunk in chunks)) == _payloads(path.read_bytes())


def _payloads(*files: bytes) -> list[bytes]:
    import io

    packets = []
    for data in files:
        with av.open(io.BytesIO(data), "r", format="mpegts") as container:
            packets += [bytes(packet) for packet in container.demux(video=0) if packet.size]
    return packets


def test_mp3_becomes_aac_of_the_same_length(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any, decode_alone: Any
) -> None:
    path = make_film(tmp_path / "song.mp3", film_type(video=None, audio="libmp3lame", rate_hz=44_100))
    _, samples = _count(path)
    chunked = chunk_file(path)
    assert chunked.of("video") == []
    _check_end_to_end(chunked.chunks)
    sounds = [decode_alone(chunk) for chunk in chunked.chunks]
    assert {(one.codec, one.rate_hz) for one in sounds} == {("aac", 44_100)}
    # One frame of either codec: a player skips the run-up of the MP3 encoder, and the last AAC frame is filled up.
    assert sum(one.samples for one in sounds) == pytest.approx(samples, abs=_FRAME_SAMPLES + 1024)


@pytest.mark.parametrize(
    ("changes", "kind"), [({"audio": None}, "video"), ({"video": None, "audio": "pcm_s16le"}, "audio")]
)
def test_one_kind_only(
    changes: dict[str, Any], kind: str, tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any
) -> None:
    path = make_film(tmp_path / ("only.mp4" if kind == "video" else "only.wav"), film_type(**changes))
    chunks = chunk_file(path).chunks
    assert {chunk.kind for chunk in chunks} == {kind}
    _check_end_to_end(chunks)


def test_raw_h264_without_time_stamps(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any, decode_alone: Any
) -> None:
    path = make_film(tmp_path / "raw.h264", film_type(audio=None))
    chunks = chunk_file(path).chunks
    assert sum(len(decode_alone(chunk).frames) for chunk in chunks) == 250
    assert chunks[-1].end_s == pytest.approx(1010.0, abs=0.05)


def test_a_photograph_is_a_short_film(tmp_path: Path, chunk_file: Any, decode_alone: Any) -> None:
    from PIL import Image

    path = tmp_path / "photo.jpg"
    Image.new("RGB", (101, 81), (200, 10, 10)).save(path)
    (chunk,) = chunk_file(path).chunks
    assert chunk.is_last
    assert chunk.duration_s > 0
    assert len(decode_alone(chunk).frames) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "the file is empty"),
        ("garbage.mp4", bytes(range(256)) * 400, "can't be opened as media: Invalid data"),
        ("garbage.ts", b"\x47" + bytes(1000) * 20, "can't be opened as media|nothing in it could be read|neither"),
        ("words.mp3", b"no sound at all, only words " * 100, "can't be opened as media|nothing in it could be read"),
    ],
)
def test_a_file_that_is_no_media_says_so(
    name: str, content: bytes, words: str, tmp_path: Path, chunk_file: Any
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceFailed, match=words):
        chunk_file(tmp_path / name)


def test_half_a_file_gives_what_it_holds(tmp_path: Path, make_film: Any, chunk_file: Any, decode_alone: Any) -> None:
    whole = make_film(tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 2])
    chunked = chunk_file(tmp_path / "half.mkv")
    assert 3 < chunked.of("video")[-1].end_s - 1000 < 7
    assert all(decode_alone(chunk).frames for chunk in chunked.of("video"))
    assert chunked.of("video")[-1].is_last


def test_half_an_mp4_has_no_index_and_says_so(tmp_path: Path, make_film: Any, chunk_file: Any) -> None:
    whole = make_film(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceFailed, match="can't be opened as media"):
        chunk_file(tmp_path / "half.mp4")


def test_damage_inside_costs_only_what_it_hits(
    tmp_path: Path, make_film: Any, chunk_file: Any, decode_alone: Any
) -> None:
    data = bytearray(make_film(tmp_path / "whole.ts").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    (tmp_path / "hurt.ts").write_bytes(data)
    chunks = chunk_file(tmp_path / "hurt.ts").chunks
    assert chunks[0].start_s == pytest.approx(1000, abs=0.05)
    assert max(chunk.end_s for chunk in chunks) == pytest.approx(1010, abs=0.1)


def test_without_a_start_time_a_file_begins_now(tmp_path: Path, make_film: Any, chunk_file: Any) -> None:
    path = make_film(tmp_path / "now.mp4")
    assert chunk_file(path, PublishOptions()).of("video")[0].start_s == 5000.0  # what the fixture's clock says


def test_a_loop_goes_on_in_event_time(tmp_path: Path, make_film: Any, film_type: Any, topology: Any) -> None:
    import threading
    from itertools import islice

    from streams.publish.media import MediaReader
    from streams.publish.sources import find_sources

    path = make_film(tmp_path / "loop.mp4", film_type(seconds=4, audio=None))
    reader = MediaReader(
        find_sources([str(path)])[0], topology.chunks, PublishOptions(start_s=1000.0, loop=True),
        stop=threading.Event(), report=lambda _: None, clock=lambda: 0.0,
    )  # fmt: skip
    chunks = list(islice(reader.chunks(), 6))
    assert [(chunk.start_s, chunk.is_last) for chunk in chunks] == [(1000.0 + 2 * n, False) for n in range(6)]


def test_a_pipe_is_no_file_and_says_what_to_do(tmp_path: Path, chunk_file: Any) -> None:
    os.mkfifo(tmp_path / "camera")
    with pytest.raises(SourceFailed, match="have ffmpeg read it and send it to an address"):
        chunk_file(tmp_path / "camera")
