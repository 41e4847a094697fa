"""What is looked at in photographs and films, and what no longer can be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from domain.errors import BadEvent
from nowseen.retrieval.dataset import Media
from nowseen.retrieval.pictures import FRAMES_A_FILM, read_pictures


def test_a_photograph_is_upright_colour_and_small(tmp_path: Path) -> None:
    tall = Pillow.new("L", (1280, 320), 200)
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    tall.save(tmp_path / "a.jpg", exif=exif)
    [found] = read_pictures(Media(tmp_path / "a.jpg"))

    assert found.shape == (640, 160, 3)
    assert found.dtype == np.uint8
    assert abs(int(found.mean()) - 200) <= 2


def test_frames_of_a_film_are_spread_over_it(make_film: Any, film_type: Any, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", film_type(seconds=6.0, audio=None))
    bars = [_bar(frame) for frame in read_pictures(Media(path))]

    assert len(bars) == FRAMES_A_FILM
    assert bars[0] == pytest.approx(3 * 25 * 0.25, abs=8)  # the bar moves 3 pixels a frame
    assert bars[1] - bars[0] == pytest.approx(3 * 25 * 0.5, abs=8)


def test_of_a_part_only_the_part_is_looked_at(make_film: Any, film_type: Any, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", film_type(seconds=6.0, audio=None))
    bars = [_bar(frame) for frame in read_pictures(Media(path, (1.0, 1.5)))]

    assert all(3 * 25 * 1.0 - 8 <= bar <= 3 * 25 * 1.5 + 8 for bar in bars)
    assert bars == sorted(bars)


def _bar(frame: np.ndarray[Any, Any]) -> int:
    """The middle of the bright bar, in pixels."""
    bright = np.flatnonzero(frame[:, :, 0].mean(axis=0) > 150)
    return int(bright.mean())


def test_a_part_of_a_photograph_makes_no_sense(picture: Callable[[str], Path]) -> None:
    with pytest.raises(BadEvent, match="no part between two times"):
        read_pictures(Media(picture("a.png"), (0.0, 1.0)))


def test_a_part_after_the_end_is_told(make_film: Any, film_type: Any, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", film_type(seconds=1.0, audio=None))
    with pytest.raises(BadEvent, match="no frame there"):
        read_pictures(Media(path, (50.0, 60.0)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        b"\xff\xd8\xff\xe0" + b"\0" * 40,
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        b"#EXTM3U\n#EXTINF:1,\nhttp://192.0.2.1/a.ts\n",
    ],
)
def test_what_is_neither_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadEvent, match="file"):
        read_pictures(Media(path))


def test_a_cut_off_photograph_is_told(picture: Callable[[str], Path]) -> None:
    path = picture("a.png")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(BadEvent, match=r"a\.png can't be read"):
        read_pictures(Media(path))


def test_a_picture_that_would_fill_the_memory_is_told(tmp_path: Path) -> None:
    """A few kilobytes that unpack to gigabytes."""
    Pillow.new("1", (30_000, 30_000)).save(tmp_path / "bomb.png")
    with pytest.raises(BadEvent, match="pixels"):
        read_pictures(Media(tmp_path / "bomb.png"))
