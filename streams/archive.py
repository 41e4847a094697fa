"""The media archive on any file system fsspec knows: a local folder by default, s3:// and the like by the same code.

    {source}/{video|audio}/{YYYYMMDDTHH}/{start_ms}-{duration_ms}.{ts|mkv|...}
    {source}/thumbnails/{YYYYMMDDTHH}/{start_ms}.jpg

The hour (UTC) is that of the start, so that a stretch of time is found by listing a few folders, and old media is
dropped by deleting them. A key is all there is to know of a chunk: no index can disagree with the files.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from domain.addresses import without_secrets
from domain.containers import container_of
from domain.errors import BadEvent, ConfigError
from domain.events import ARCHIVE_KEY_PATTERN, Kind, check_source
from domain.ports import ArchivedChunk

_HOUR_MS = 3_600_000
_LONGEST_CHUNK_MS = 3_600_000  # what domain.events allows: such a chunk began in the hour before at the earliest
_LISTED_ONE_BY_ONE = 48  # hours; for a longer stretch, one listing tells which of its hours hold anything
_CHUNK_NAME = re.compile(r"(\d+)-(\d+)\.[a-z0-9]+")


class FsspecArchive:
    """A MediaArchive at `url`: a path, or an address such as memory://name or s3://bucket/folder.

    Writes are atomic: a reader sees a whole file or none. What the file system says (disk full, no permission, no
    connection) passes through as OSError. Raises ConfigError when fsspec can't use the address at all.
    """

    def __init__(self, url: str) -> None:
        try:
            # Without the listings cache: another process writes what this one looks for.
            self._fs, root = url_to_fs(url, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise ConfigError(f"the media archive {without_secrets(url)!r} can't be opened: {error}") from error
        self._root = str(root).rstrip("/")
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def put_chunk(
        self, source: str, kind: Kind, start_s: float, duration_s: float, content_type: str, media: bytes
    ) -> str:
        start_ms, extension = _milliseconds(start_s), container_of(content_type).extension
        name = f"{start_ms}-{max(1, _milliseconds(duration_s))}.{extension}"
        return self._put(f"{_checked(source)}/{kind}/{_hour(start_ms)}/{name}", media)

    def put_thumbnail(self, source: str, start_s: float, jpeg: bytes) -> str:
        start_ms = _milliseconds(start_s)
        return self._put(f"{_checked(source)}/thumbnails/{_hour(start_ms)}/{start_ms}.jpg", jpeg)

    def size(self, key: str) -> int:
        path = self._path(key)
        try:
            details = self._fs.info(path)
        except FileNotFoundError as error:
            raise _nothing_at(key) from error
        if details["type"] != "file":
            raise _nothing_at(key)
        return int(details["size"])

    def get(self, key: str) -> bytes:
        path = self._path(key)
        try:
            return bytes(self._fs.cat_file(path))
        except (FileNotFoundError, IsADirectoryError) as error:
            raise _nothing_at(key) from error

    def overlapping(self, source: str, kind: Kind, start_s: float, end_s: float) -> list[ArchivedChunk]:
        start_ms, end_ms = max(0, round(start_s * 1000)), round(end_s * 1000)
        folder = f"{_checked(source)}/{kind}"
        found = []
        for hour in self._hours(folder, max(0, start_ms - _LONGEST_CHUNK_MS), end_ms):
            for name in self._names(f"{folder}/{hour}"):
                if match := _CHUNK_NAME.fullmatch(name):
                    chunk_ms, length_ms = int(match[1]), int(match[2])
                    if chunk_ms < end_ms and start_ms < chunk_ms + length_ms:
                        key = f"{folder}/{hour}/{name}"
                        found.append(ArchivedChunk(key, source, kind, chunk_ms / 1000, length_ms / 1000))
        return sorted(found, key=lambda chunk: (chunk.start_s, chunk.key))

    def _put(self, key: str, data: bytes) -> str:
        path = self._path(key)
        if not self._is_local:
            # One call that the store applies as a whole; a name appears when its object is complete.
            self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._fs.pipe_file(path, data)
            return key
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            part.write_bytes(data)
            part.replace(target)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        return key

    def _path(self, key: str) -> str:
        # Every part of a key begins with a letter or digit, so no key holds "..", a hidden file or a root.
        if not ARCHIVE_KEY_PATTERN.fullmatch(key):
            raise BadEvent(f"{key[:120]!r} is not a key of the media archive")
        return f"{self._root}/{key}"

    def _hours(self, folder: str, start_ms: int, end_ms: int) -> list[str]:
        count = (end_ms - 1) // _HOUR_MS - start_ms // _HOUR_MS + 1
        if count <= _LISTED_ONE_BY_ONE:
            first = start_ms // _HOUR_MS
            return [_hour(number * _HOUR_MS) for number in range(first, first + count)]
        first_hour, last_hour = _hour(start_ms), _hour(min(end_ms, _LAST_MS))
        return sorted(name for name in self._names(folder) if first_hour <= name <= last_hour)

    def _names(self, folder: str) -> list[str]:
        try:
            return [str(path).rstrip("/").rsplit("/", 1)[1] for path in self._fs.ls(f"{self._root}/{folder}", False)]
        except (FileNotFoundError, NotADirectoryError):
            return []


_LAST_MS = 253_402_300_799_000  # the end of the year 9999


def _checked(source: str) -> str:
    check_source(source)
    return source


def _milliseconds(seconds: float) -> int:
    milliseconds = round(seconds * 1000)
    if not 0 <= milliseconds <= _LAST_MS:
        raise BadEvent(f"the media archive keeps times from 1970 to 9999, not {seconds} s")
    return milliseconds


def _hour(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y%m%dT%H")


def _nothing_at(key: str) -> BadEvent:
    return BadEvent(f"the media archive holds nothing at {key!r}: it was deleted, or written to another archive")
