"""Lines of text, with or without times, from .txt, .jsonl, .srt and .vtt.

A line that can't be used is given back as a BadLine with its number; the rest goes on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.errors import BadEvent


@dataclass(frozen=True, slots=True)
class TextLine:
    """Exactly one of `start_s` (Unix seconds) and `offset_s` (since the source began) is set, or neither: now."""

    number: int
    text: str
    start_s: float | None = None
    offset_s: float | None = None
    length_s: float | None = None
    author: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    number: int
    reason: str


def parse_time(value: object) -> float:
    """Unix seconds from a number or ISO 8601 text; without a zone, UTC is meant. Raises BadEvent."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadEvent(f"a time must be Unix seconds or ISO 8601, not {value!r:.60}")
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError as error:
            raise BadEvent(
                f"{value!r:.60} is no time: use Unix seconds or ISO 8601, such as 2026-01-31T12:00:00Z"
            ) from error
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not (math.isfinite(seconds) and 0 <= seconds < 253_402_300_800):
        raise BadEvent(f"the time {value!r:.60} is not between the years 1970 and 9999")
    return seconds


def read_plain(lines: Iterable[str]) -> Iterator[TextLine | BadLine]:
    """Each line that is not blank is one text."""
    for number, line in enumerate(lines, 1):
        if text := line.strip():
            yield TextLine(number, text)


def read_json_lines(lines: Iterable[str]) -> Iterator[TextLine | BadLine]:
    """{"text": ..., "time": ISO 8601 or Unix seconds, "end": the same, "author": ..., "language": ...}

    Only "text" must be there; without a "time" it is now.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _json_line(number, line)


def read_mixed(lines: Iterable[str]) -> Iterator[TextLine | BadLine]:
    """Lines as they come through a pipe: JSON when they begin with a brace, else plain."""
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("{"):
            yield _json_line(number, line)
        elif text := line.strip():
            yield TextLine(number, text)


def read_subtitles(text: str, ending: str) -> Iterator[TextLine | BadLine]:
    """The cues of a SubRip (".srt") or WebVTT (".vtt") file; their times count from the source's start."""
    from pysubs2 import SSAFile
    from pysubs2.exceptions import Pysubs2Error

    is_vtt = ending == ".vtt"
    for number, block in _blocks(text):
        if is_vtt and re.match(r"(WEBVTT|NOTE|STYLE|REGION)(\s|$)", block):
            continue
        # One cue at a time, so that a damaged one is known by its line and spoils no other.
        try:
            cues = list(SSAFile.from_string(block, format_="vtt" if is_vtt else "srt"))
        except (Pysubs2Error, ValueError) as error:
            yield BadLine(number, str(error))
            continue
        if len(cues) != 1:
            yield BadLine(number, "not a cue: expected a line such as 00:00:01,000 --> 00:00:02,500")
            continue
        words = " ".join(re.sub(r"<[^>]*>", "", cues[0].plaintext).split())
        if cues[0].end < cues[0].start:
            yield BadLine(number, "the cue ends before it starts")
        elif words:
            start_s, end_s = cues[0].start / 1000, cues[0].end / 1000
            yield TextLine(number, words, offset_s=start_s, length_s=end_s - start_s)


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Runs of lines that are not blank, with the number of their first."""
    first, block = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            first = first or number
            block.append(line)
        elif block:
            yield first, "\n".join(block)
            first, block = 0, []


def _json_line(number: int, line: str) -> TextLine | BadLine:
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise BadEvent("not a JSON object")
        text = _string(fields, "text")
        if not text or not text.strip():
            raise BadEvent('"text" is missing or empty')
        start_s = parse_time(fields["time"]) if fields.get("time") is not None else None
        end_s = parse_time(fields["end"]) if fields.get("end") is not None else None
        if end_s is not None and (start_s is None or end_s < start_s):
            raise BadEvent('"end" needs a "time" that is not later')
        length_s = end_s - start_s if end_s is not None and start_s is not None else None
        author, language = _string(fields, "author"), _string(fields, "language")
    except BadEvent as error:
        return BadLine(number, str(error))
    except (ValueError, RecursionError) as error:
        return BadLine(number, f"not JSON: {error}")
    return TextLine(number, text, start_s=start_s, length_s=length_s, author=author, language=language)


def _string(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise BadEvent(f'"{name}" must be a string')
    return value
