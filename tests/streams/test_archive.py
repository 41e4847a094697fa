"""The media archive, on a local folder and on another file system."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadEvent, ConfigError
from domain.events import ARCHIVE_KEY_PATTERN
from domain.ports import MediaArchive
from streams.archive import FsspecArchive

_NOON = 1_770_000_000.0  # 2026-02-02T02:40:00Z


@pytest.fixture(params=["file", "memory"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> MediaArchive:
    if request.param == "file":
        return FsspecArchive(str(tmp_path / "archive"))
    return FsspecArchive(f"memory://{secrets.token_hex(8)}")


def test_a_chunk_comes_back_under_the_documented_key(archive: MediaArchive) -> None:
    key = archive.put_chunk("cam-1", "video", _NOON + 0.5, 2.5, "video/mp2t", b"media")
    assert key == "cam-1/video/20260202T02/1770000000500-2500.ts"
    assert archive.get(key) == b"media"
    assert archive.size(key) == 5


def test_again_is_harmless(archive: MediaArchive) -> None:
    first = archive.put_chunk("cam-1", "audio", _NOON, 2.0, "audio/x-matroska", b"one")
    assert archive.put_chunk("cam-1", "audio", _NOON, 2.0, "audio/x-matroska", b"one") == first
    assert first.endswith(".mkv")
    assert len(archive.overlapping("cam-1", "audio", _NOON, _NOON + 1)) == 1


def test_a_thumbnail_comes_back(archive: MediaArchive) -> None:
    key = archive.put_thumbnail("cam-1", _NOON, b"jpeg")
    assert key == "cam-1/thumbnails/20260202T02/1770000000000.jpg"
    assert archive.get(key) == b"jpeg"


@pytest.mark.parametrize(
    "key",
    [
        "cam-1/video/20260202T02/1-2.ts",  # not there
        "cam-1/video/20260202T02",  # a folder
        "../secret",
        "cam-1/../../etc/passwd",
        "/etc/passwd",
        "cam-1//x",
        "cam-1/.hidden/x",
        "cam-1\\..\\x/y",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_key_reads_anything_else(archive: MediaArchive, key: str) -> None:
    archive.put_chunk("cam-1", "video", _NOON, 2.0, "video/mp2t", b"media")
    with pytest.raises(BadEvent):
        archive.get(key)
    with pytest.raises(BadEvent):
        archive.size(key)


@pytest.mark.parametrize("source", ["../up", "a/b", "", ".hidden", "a\x00b"])
def test_no_source_writes_anywhere_else(archive: MediaArchive, source: str) -> None:
    with pytest.raises(BadEvent):
        archive.put_chunk(source, "video", _NOON, 2.0, "video/mp2t", b"media")
    with pytest.raises(BadEvent):
        archive.overlapping(source, "video", 0, 1)


def test_times_before_1970_are_refused(archive: MediaArchive) -> None:
    with pytest.raises(BadEvent):
        archive.put_chunk("cam-1", "video", -1.0, 2.0, "video/mp2t", b"media")


def test_overlapping_finds_what_shares_time_and_nothing_else(archive: MediaArchive) -> None:
    hour = 1_769_997_600.0  # 02:00:00
    for start_s in (hour - 4, hour - 2, hour, hour + 2):
        archive.put_chunk("cam-1", "video", start_s, 2.0, "video/mp2t", b"media")
    archive.put_chunk("cam-1", "audio", hour, 2.0, "audio/mp2t", b"media")
    archive.put_chunk("cam-2", "video", hour, 2.0, "video/mp2t", b"media")
    found = archive.overlapping("cam-1", "video", hour - 1, hour + 2)
    assert [chunk.start_s for chunk in found] == [hour - 2, hour]
    assert {(chunk.source, chunk.kind, chunk.duration_s) for chunk in found} == {("cam-1", "video", 2.0)}
    assert all(archive.get(chunk.key) == b"media" for chunk in found)


def test_a_long_chunk_of_the_hour_before_is_found(archive: MediaArchive) -> None:
    archive.put_chunk("cam-1", "video", 1_769_994_100.0, 3600.0, "video/mp2t", b"long")  # from 01:01:40
    assert len(archive.overlapping("cam-1", "video", 1_769_997_650.0, 1_769_997_651.0)) == 1


def test_a_year_is_searched_as_an_hour_is(archive: MediaArchive) -> None:
    archive.put_chunk("cam-1", "video", _NOON, 2.0, "video/mp2t", b"media")
    assert len(archive.overlapping("cam-1", "video", 0.0, _NOON + 1)) == 1
    assert archive.overlapping("cam-1", "video", 0.0, _NOON) == []
    assert archive.overlapping("unheard-of", "video", 0.0, 4e9) == []


@given(
    st.floats(0, 4e9, allow_nan=False),
    st.floats(0.001, 3600, allow_nan=False),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}", fullmatch=True),
)
def test_every_key_is_one_that_events_may_carry(start_s: float, duration_s: float, source: str) -> None:
    archive = FsspecArchive("memory://keys")
    key = archive.put_chunk(source, "video", start_s, duration_s, "video/mp2t", b"x")
    assert ARCHIVE_KEY_PATTERN.fullmatch(key)
    assert key in [chunk.key for chunk in archive.overlapping(source, "video", start_s, start_s + duration_s)]


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    archive = FsspecArchive(str(tmp_path))
    key = archive.put_chunk("cam-1", "video", _NOON, 2.0, "video/mp2t", b"media")
    folder = (tmp_path / key).parent
    blocked = folder / "1770000002000-2000.ts"
    blocked.mkdir()  # where the next chunk belongs
    with pytest.raises(OSError, match="directory"):
        archive.put_chunk("cam-1", "video", _NOON + 2, 2.0, "video/mp2t", b"media")
    assert sorted(path.name for path in folder.iterdir()) == ["1770000000000-2000.ts", blocked.name]


def test_an_address_nobody_knows_is_our_mistake() -> None:
    with pytest.raises(ConfigError, match="ftpx"):
        FsspecArchive("ftpx://somewhere/folder")


def test_a_refused_address_is_told_without_its_password() -> None:
    with pytest.raises(ConfigError) as refused:
        FsspecArchive("ftpx://me:hunter2@somewhere/folder?key=hunter2")
    assert "'ftpx://somewhere/folder'" in str(refused.value)
    assert "hunter2" not in str(refused.value)
