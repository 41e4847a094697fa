from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigError
from domain.events import SOURCE_PATTERN
from streams.publish.sources import Source, SourceKind, find_sources, slug


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("/films/Holiday 2026 (part 1).mp4", "Holiday-2026-part-1"),
        ("rtsp://user:secret@10.0.0.7:554/front/door?token=x", "10.0.0.7-front-door"),
        ("https://host.example/live/index.m3u8", "host.example-live-index"),
        ("-", "stdin"),
        ("/x/.mp4", "mp4"),
        ("/x/日本.mp4", "source"),
    ],
)
def test_names(location: str, name: str) -> None:
    assert slug(location) == name


@given(st.text(min_size=1).filter(lambda text: "[" not in text and "]" not in text))
def test_every_name_is_a_source_name(location: str) -> None:
    try:
        assert SOURCE_PATTERN.fullmatch(slug(location))
    except ValueError:
        assert "://" in location  # not an address either


def test_a_folder_is_all_its_media_and_texts(tmp_path: Path) -> None:
    for name in ("a.mp4", "sub/a.MKV", "sub/a.srt", "b.jsonl", "c.txt", ".hidden.mp4", ".git/x.mp4", "readme.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_sources([str(tmp_path)])
    assert [(source.name, source.kind) for source in found] == [
        ("a", SourceKind.MEDIA_FILE),
        ("b", SourceKind.JSON_LINES),
        ("c", SourceKind.PLAIN_LINES),
        ("a-2", SourceKind.MEDIA_FILE),
        ("a-3", SourceKind.SUBTITLES),
    ]


def test_a_name_for_several(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    found = find_sources([str(tmp_path / "a.mp4"), "rtsp://host/x"], "door")
    assert [source.name for source in found] == ["door", "door-2"]


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_sources(["/not/there", str(tmp_path), "rtsp://[half", "-", "-"], "no name")
    assert len(caught.value.mistakes) == 5


def test_a_password_is_not_shown() -> None:
    source = Source("cam", "rtsp://user:secret@host:554/x", SourceKind.MEDIA_URL)
    assert source.label == "rtsp://host:554/x"
