"""Pictures, clips and recordings people search with: real files, real models, and files made to do harm."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow
from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]  # ships no types

from domain.errors import BadRequest
from domain.events import Vector
from domain.ports import Image, PictureEncoder, SpeechEncoder
from encoders import EncoderOptions, load
from nowseen.example_media import ExampleReader
from nowseen.samples import SPEECH, fetch_samples
from nowseen.settings import load_settings


def no_voice(_: bytes) -> Vector:
    raise NotImplementedError


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> EncoderOptions:
    return EncoderOptions(tmp_path_factory.mktemp("models"), device="cpu", allow_download=False)


@pytest.fixture(scope="module")
def pictures(options: EncoderOptions) -> PictureEncoder:
    return load("pictures", "concept", options)


@pytest.fixture(scope="module")
def reader(options: EncoderOptions, pictures: PictureEncoder) -> ExampleReader:
    def speech() -> SpeechEncoder:
        return load("speech", "whisper:tiny.en", options)

    return ExampleReader(pictures, no_voice, speech)


@pytest.fixture(scope="module")
def china() -> Image:
    image: Image = load_sample_images().images[0]
    return image


def written(image: Image, format: str, **more: object) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, format, **more)
    return file.getvalue()


def alike(one: Vector, other: Vector) -> float:
    return float(np.dot(one, other))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP"])
def test_a_picture_of_any_usual_kind(
    reader: ExampleReader, pictures: PictureEncoder, china: Image, format: str
) -> None:
    expected: Vector = tuple(pictures.encode_images([china])[0].tolist())
    assert alike(reader.picture(written(china, format)), expected) > 0.95


def test_a_picture_that_lies_on_its_side_is_set_upright(
    reader: ExampleReader, pictures: PictureEncoder, china: Image
) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # orientation: turn it clockwise to see it
    turned = written(np.rot90(china), "JPEG", exif=exif.tobytes())
    assert alike(reader.picture(turned), tuple(pictures.encode_images([china])[0].tolist())) > 0.9


def test_a_clip_is_the_mean_of_its_pictures(reader: ExampleReader, pictures: PictureEncoder, china: Image) -> None:
    assert alike(reader.clip(film(china, 3)), tuple(pictures.encode_images([china])[0].tolist())) > 0.9


def test_what_is_said_in_a_recording(reader: ExampleReader) -> None:
    found = fetch_samples(load_settings().cache, [SPEECH])
    words = reader.speech(Path(found.files["austen-0880.wav"]).read_bytes()).lower()
    assert len(words.split()) >= 4


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("media", "says"),
    [
        (bomb(30_000, 30_000), "million pixels: send a smaller"),
        (bomb(8000, 8000), "million pixels: send a smaller"),
        (bomb(4000, 4000), "can't be read"),  # its end is missing
        (b"", "can't be read"),
        (b"a letter" * 100, "can't be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "can't be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "can't be read"),  # Pillow would run Ghostscript
    ],
    ids=["bomb", "small bomb", "cut off", "nothing", "text", "svg", "postscript"],
)
def test_a_hostile_picture_is_refused(reader: ExampleReader, media: bytes, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        reader.picture(media)


@pytest.mark.parametrize("read", ["clip", "speech"])
@pytest.mark.parametrize(
    "media",
    [b"", b"a letter " * 50, b"#EXTM3U\n#EXTINF:9,\nfile:///etc/hostname\n"],
    ids=["nothing", "text", "playlist"],
)
def test_a_hostile_recording_is_refused(reader: ExampleReader, read: str, media: bytes) -> None:
    ask: Callable[[bytes], object] = getattr(reader, read)
    with pytest.raises(BadRequest, match="can't be read"):
        ask(media)


def test_a_clip_too_long_or_without_pictures_is_refused(reader: ExampleReader, china: Image) -> None:
    with pytest.raises(BadRequest, match="longer than 60 s"):
        reader.clip(film(china[:64, :64], 63))
    sound = io.BytesIO()
    with av.open(sound, "w", format="wav") as out:
        stream = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(BadRequest, match="no pictures"):
        reader.clip(sound.getvalue())
    with pytest.raises(BadRequest, match="no words"):
        reader.speech(sound.getvalue())


def test_a_clip_of_more_frames_than_its_seconds_can_hold_is_refused(
    reader: ExampleReader, china: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.decoding_budget.MAX_FRAMES_PER_S", 0.1)
    with pytest.raises(BadRequest, match="send fewer pictures"):
        reader.clip(film(china[:64, :64], 12))


def film(image: Image, seconds: int) -> bytes:
    """One still picture, a frame a second."""
    file = io.BytesIO()
    height, width = (side // 2 * 2 for side in image.shape[:2])
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(seconds):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "rgb24")))
        out.mux(stream.encode(None))
    return file.getvalue()
