"""What to publish: command-line arguments to named sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from domain.errors import BadEvent, ConfigError
from domain.events import check_source

STDIN = "-"
_TEXT_ENDINGS = {".txt", ".jsonl", ".srt", ".vtt"}
_MEDIA_ENDINGS = {
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".vob", ".flv", ".wmv"),
    *(".3gp", ".ogv", ".mxf", ".h264", ".264", ".h265", ".265", ".hevc", ".mp3", ".m4a", ".aac", ".wav", ".flac"),
    *(".ogg", ".oga", ".opus", ".wma", ".aiff", ".aif", ".ac3", ".amr", ".jpg", ".jpeg", ".png", ".webp"),
}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LONGEST_SLUG = 120  # leaves room for "-2"


class SourceKind(Enum):
    MEDIA_FILE = "media file"
    MEDIA_URL = "media URL"
    JSON_LINES = ".jsonl"
    PLAIN_LINES = ".txt"
    SUBTITLES = "subtitles"
    STANDARD_INPUT = "standard input"


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    location: str  # a path, an address, or "-"
    kind: SourceKind

    @property
    def label(self) -> str:
        """The location without a password."""
        parts = urlsplit(self.location) if self.kind is SourceKind.MEDIA_URL else None
        if parts is None or "@" not in parts.netloc:
            return self.location
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def find_sources(arguments: Sequence[str], name: str | None = None) -> tuple[Source, ...]:
    """Files, folders (all their media and text files, hidden ones apart), addresses and "-".

    A source is called after its file or address, or `name`; equal names get "-2", "-3". Raises ConfigError with every
    argument that names nothing.
    """
    mistakes: list[str] = []
    found: list[tuple[str, SourceKind]] = []
    if name is not None:
        try:
            check_source(name)
        except BadEvent as error:
            mistakes.append(str(error).removeprefix("ce_source "))
    for argument in arguments:
        try:
            found += _expand(argument)
        except ConfigError as error:
            mistakes += error.mistakes
    if not arguments:
        mistakes.append("nothing to publish: name a file, a folder, an address, or - for lines from standard input")
    if sum(kind is SourceKind.STANDARD_INPUT for _, kind in found) > 1:
        mistakes.append("standard input (-) can be published only once")
    if mistakes:
        raise ConfigError(mistakes)
    names = _unique(name or slug(location) for location, _ in found)
    return tuple(Source(own, location, kind) for own, (location, kind) in zip(names, found, strict=True))


def slug(location: str) -> str:
    """A source name made of a path or an address. Equal input gives an equal name."""
    if location == STDIN:
        return "stdin"
    if _ADDRESS.match(location):
        parts = urlsplit(location)
        stem = f"{parts.hostname or ''}-{unquote(parts.path).strip('/')}"
        stem = re.sub(r"\.(m3u8|ts|mp4|flv|sdp)$", "", stem)
    else:
        stem = Path(location).stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem)[:_LONGEST_SLUG].lstrip("._-").rstrip("-") or "source"


def _expand(argument: str) -> list[tuple[str, SourceKind]]:
    if argument == STDIN:
        return [(STDIN, SourceKind.STANDARD_INPUT)]
    if _ADDRESS.match(argument):
        try:
            urlsplit(argument)
        except ValueError as error:
            raise ConfigError(f"{argument!r} is not an address: {error}") from error
        return [(argument, SourceKind.MEDIA_URL)]
    path = Path(argument)
    if not path.exists():
        raise ConfigError(f"{argument!r} is no file, no folder and no address (such as rtsp://...)")
    if not path.is_dir():
        return [(argument, _kind(path))]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in _TEXT_ENDINGS | _MEDIA_ENDINGS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not files:
        raise ConfigError(f"the folder {argument!r} holds no media and no text files (.txt, .jsonl, .srt, .vtt)")
    return [(str(file), _kind(file)) for file in files]


def _kind(path: Path) -> SourceKind:
    match path.suffix.lower():
        case ".jsonl":
            return SourceKind.JSON_LINES
        case ".txt":
            return SourceKind.PLAIN_LINES
        case ".srt" | ".vtt":
            return SourceKind.SUBTITLES
    return SourceKind.MEDIA_FILE


def _unique(names: Iterator[str]) -> list[str]:
    taken: set[str] = set()
    unique = []
    for name in names:
        own, number = name, 1
        while own in taken:
            number += 1
            own = f"{name}-{number}"
        taken.add(own)
        unique.append(own)
    return unique
