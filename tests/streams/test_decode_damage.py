"""Whatever the bytes are, a chunk gives frames and sound, or a BadEvent that says what is wrong with it."""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from domain.decoding_budget import LONGER_S
from domain.errors import BadEvent
from domain.events import ChunkPublished
from streams.decode import decode_frames, decode_sound

Decode = Callable[[ChunkPublished], Any]


def frames(chunk: ChunkPublished) -> Any:
    return decode_frames(chunk, 1.0)


@pytest.fixture(scope="module")
def chunks(make_film: Any, film_type: Any, chunk_file: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One chunk of pictures and one of sound, as they are published."""
    path = make_film(tmp_path_factory.mktemp("film") / "film.mp4", film_type(seconds=4))
    chunked = chunk_file(path)
    return {"video": chunked.of("video")[0], "audio": chunked.of("audio")[0]}


@pytest.mark.parametrize(("kind", "decode"), [("video", frames), ("audio", decode_sound)])
def test_damaged_bytes_are_read_or_refused(chunks: dict[str, ChunkPublished], kind: str, decode: Decode) -> None:
    chance = random.Random(7)
    whole = chunks[kind]
    assert len(decode(whole)) > 0
    refused = 0
    for _ in range(150):
        media = bytearray(whole.media)
        for _ in range(chance.randint(1, 200)):
            media[chance.randrange(len(media))] = chance.randrange(256)
        try:
            assert len(decode(dataclasses.replace(whole, media=bytes(media)))) > 0
        except BadEvent:
            refused += 1
    assert refused < 150


@pytest.mark.parametrize(("kind", "decode"), [("video", frames), ("audio", decode_sound)])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7])
def test_a_truncated_chunk_is_read_up_to_its_end_or_refused(
    chunks: dict[str, ChunkPublished], kind: str, decode: Decode, kept: float
) -> None:
    whole = chunks[kind]
    cut = dataclasses.replace(whole, media=whole.media[: int(len(whole.media) * kept)])
    try:
        assert 0 < len(decode(cut)) <= len(decode(whole))
    except BadEvent as bad:
        assert "decoded" in str(bad) or "can't be read" in str(bad)


@pytest.mark.parametrize(("kind", "other", "decode"), [("video", "audio", frames), ("audio", "video", decode_sound)])
def test_the_other_kind_of_stream_is_told(
    chunks: dict[str, ChunkPublished], kind: str, other: str, decode: Decode
) -> None:
    with pytest.raises(BadEvent, match=f"holds no {kind} stream"):
        decode(chunks[other])


def matroska_of_an_unknown_codec(path: Path, make_film: Any, film_type: Any) -> bytes:
    media = bytes(make_film(path, film_type(video="libx264", seconds=2)).read_bytes())
    assert b"V_MPEG4/ISO/AVC" in media
    return media.replace(b"V_MPEG4/ISO/AVC", b"V_MYSTERY/CODEC")


def test_an_unknown_codec_is_told(make_film: Any, film_type: Any, tmp_path: Path) -> None:
    media = matroska_of_an_unknown_codec(tmp_path / "film.mkv", make_film, film_type)
    chunk = ChunkPublished("s", "video", 1000.0, 2.0, "video/x-matroska", media)
    with pytest.raises(BadEvent, match="a codec that FFmpeg does not know"):
        frames(chunk)


def test_the_publisher_leaves_an_unknown_codec_out_and_says_so(
    make_film: Any, film_type: Any, chunk_file: Any, tmp_path: Path
) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(matroska_of_an_unknown_codec(path, make_film, film_type))
    chunked = chunk_file(path)
    assert not chunked.of("video")
    assert chunked.of("audio")
    assert chunked.reports == ["its video in a codec that FFmpeg does not know is left out"]


def pictures_an_hour_apart() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream: Any = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for at_s in (0, 3600):
            frame = av.VideoFrame(64, 48, "yuvj420p")
            frame.pts = at_s
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def test_a_chunk_that_unpacks_to_more_than_it_says_is_refused(make_film: Any, film_type: Any, tmp_path: Path) -> None:
    with pytest.raises(BadEvent, match=r"longer than its ce_durationms \(2\.0 s\)"):
        frames(ChunkPublished("s", "video", 1000.0, 2.0, "video/x-matroska", pictures_an_hour_apart()))
    path = make_film(tmp_path / "long.mkv", film_type(video=None, audio="flac", seconds=LONGER_S + 4))
    with pytest.raises(BadEvent, match=r"longer than its ce_durationms \(2\.0 s\)"):
        decode_sound(ChunkPublished("s", "audio", 1000.0, 2.0, "audio/x-matroska", path.read_bytes()))
