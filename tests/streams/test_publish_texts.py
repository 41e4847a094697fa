"""Lines of text in, with times; what can't be used is named by its line and the rest goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadEvent
from streams.publish.texts import (
    BadLine,
    TextLine,
    parse_time,
    read_json_lines,
    read_mixed,
    read_plain,
    read_subtitles,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0.0),
        (1770000000.25, 1770000000.25),
        ("1770000000", 1770000000.0),
        ("2026-02-02T02:40:00Z", 1770000000.0),
        ("2026-02-02T03:40:00+01:00", 1770000000.0),
        ("2026-02-02 02:40:00", 1770000000.0),
    ],
)
def test_times(value: object, seconds: float) -> None:
    assert parse_time(value) == seconds


@pytest.mark.parametrize("value", ["yesterday", "", True, None, [], -1, float("nan"), "inf", 1e300, 10**400])
def test_no_times(value: object) -> None:
    with pytest.raises(BadEvent):
        parse_time(value)


def test_json_lines() -> None:
    lines = [
        '{"text": "one", "time": 10, "end": 12.5, "author": "ann", "language": "en"}',
        "",
        '{"text": "two"}',
        "not json",
        '{"text": ""}',
        '{"text": 5}',
        '["text"]',
        '{"text": "x", "time": "soon"}',
        '{"text": "x", "time": 10, "end": 9}',
        '{"text": "x", "author": 7}',
        "[" * 100_000,
        '{"text": "last", "time": "1970-01-01T00:00:20Z"}',
    ]
    read = list(read_json_lines(lines))
    assert [line for line in read if isinstance(line, TextLine)] == [
        TextLine(1, "one", start_s=10.0, length_s=2.5, author="ann", language="en"),
        TextLine(3, "two"),
        TextLine(12, "last", start_s=20.0),
    ]
    assert [line.number for line in read if isinstance(line, BadLine)] == [4, 5, 6, 7, 8, 9, 10, 11]


def test_plain_lines() -> None:
    assert list(read_plain(["one \n", "\n", "two"])) == [TextLine(1, "one"), TextLine(3, "two")]


def test_a_pipe_may_carry_both() -> None:
    assert list(read_mixed(["plain\n", ' {"text": "json", "time": 5}\n', "\n"])) == [
        TextLine(1, "plain"),
        TextLine(2, "json", start_s=5.0),
    ]


_SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i>
there

2
00:00:03,000 --> broken
lost words

3
00:01:00,000 --> 00:01:01,000
still here

4
00:00:09,000 --> 00:00:08,000
backwards
"""

_VTT = """WEBVTT - a title

NOTE
not a cue

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start
<v Ann>Hello there</v>

01:00:00.000 --> 01:00:01.000
late
"""


def test_subrip() -> None:
    read = list(read_subtitles(_SRT, ".srt"))
    assert [line for line in read if isinstance(line, TextLine)] == [
        TextLine(1, "Hello there", offset_s=1.0, length_s=1.5),
        TextLine(10, "still here", offset_s=60.0, length_s=1.0),
    ]
    assert [line.number for line in read if isinstance(line, BadLine)] == [6, 14]


def test_webvtt() -> None:
    assert list(read_subtitles(_VTT, ".vtt")) == [
        TextLine(9, "Hello there", offset_s=1.0, length_s=1.5),
        TextLine(13, "late", offset_s=3600.0, length_s=1.0),
    ]


@given(st.text(), st.sampled_from([".srt", ".vtt"]))
def test_no_text_breaks_the_readers(text: str, ending: str) -> None:
    for line in [*read_subtitles(text, ending), *read_mixed(text.splitlines())]:
        assert line.number >= 1


@given(st.lists(st.text(alphabet="abc <>{}\\n:-0123456789,.", max_size=30), max_size=8))
def test_no_cue_breaks_the_reader(words: list[str]) -> None:
    text = "\n\n".join(f"00:00:0{n},000 --> 00:00:09,000\n{word}" for n, word in enumerate(words))
    for line in read_subtitles(text, ".srt"):
        assert line.number >= 1
