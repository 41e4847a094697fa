"""Clips of what was seen and heard, cut from the media archive and kept on disk until the room is needed.

A clip covers whole chunks, because a chunk is what can be decoded on its own; where the time asked for lies in it is
said beside it.
"""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Protocol
from uuid import uuid4

from domain.events import Kind
from domain.ports import ArchivedChunk, MediaArchive
from search.clip_writer import NothingPlayable, write_clip

MAX_CLIP_S = 120.0
_MAX_CHUNKS_S = 600.0  # a clip is made of whole chunks; longer ones than this are no use for it
_LAST_S = 253_402_300_799  # the end of the year 9999
_FORMAT = "1"  # part of a clip's name: raise it when the same chunks should give another file
_IN_USE_S = 60.0  # a file asked for this recently may be on its way to a browser

__all__ = ["MAX_CLIP_S", "BadClip", "Clip", "ClipOptions", "ClipPlan", "Clips", "NothingPlayable", "plan_clip"]


class BadClip(ValueError):  # noqa: N818  (named like BadEvent and BadQuery: somebody else's mistake)
    """The times asked for can't be a clip. The message says what can."""


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """Which chunks a clip is made of. `origin_s` is the event time at its start (Unix seconds)."""

    video: tuple[ArchivedChunk, ...]
    audio: tuple[ArchivedChunk, ...]
    origin_s: float
    start_offset_s: float  # where the time asked for begins, from the clip's start

    @property
    def name(self) -> str:
        """A function of the chunks: when more of them arrive, it is another clip."""
        keys = "\n".join(chunk.key for chunk in (*self.video, *self.audio))
        return hashlib.sha256(f"{_FORMAT}\n{self.origin_s:.3f}\n{keys}".encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Clip:
    path: Path
    start_offset_s: float


@dataclass(frozen=True, slots=True)
class ClipOptions:
    folder: Path
    max_bytes: int = 2**30  # of finished clips kept; the least recently watched go first
    at_once: int = 1  # made at the same time; each keeps a processor core busy


class ChunkList(Protocol):
    """The one question a plan has for the archive."""

    def overlapping(self, source: str, kind: Kind, start_s: float, end_s: float) -> list[ArchivedChunk]: ...


def plan_clip(archive: ChunkList, source: str, start_s: float, end_s: float) -> ClipPlan | None:
    """The chunks that share time with [start_s, end_s); None when nothing is archived there.

    Reads no media. Raises BadClip when the times are not in order, or too far apart.
    """
    if not 0 <= start_s < end_s <= _LAST_S:
        raise BadClip("start_s must be before end_s, both in Unix seconds, from 1970 to 9999")
    if end_s - start_s > MAX_CLIP_S:
        raise BadClip(f"a clip can be {MAX_CLIP_S:.0f} s long, not {end_s - start_s:.0f}: ask for less at once")
    video = tuple(archive.overlapping(source, "video", start_s, end_s))
    audio = tuple(archive.overlapping(source, "audio", start_s, end_s))
    if not video and not audio:
        return None
    for chunks in (video, audio):
        if sum(chunk.duration_s for chunk in chunks) > _MAX_CHUNKS_S:
            raise BadClip(f"the chunks of this source are too long to cut a clip from (over {_MAX_CHUNKS_S:.0f} s)")
    # A picture can only start with its chunk; sound before it is left out. Without a picture at the start, all is kept.
    starts = [chunk.start_s for chunk in (*video[:1], *audio[:1])]
    origin_s = video[0].start_s if video and video[0].start_s <= start_s else min(starts)
    return ClipPlan(video, audio, origin_s, max(0.0, start_s - origin_s))


class Clips:
    """Makes clips and keeps them. Thread-safe; the same clip asked for by many at once is made once."""

    def __init__(self, archive: MediaArchive, options: ClipOptions) -> None:
        """Makes the folder and clears what an interrupted run left half written. Raises OSError when it can't."""
        self._archive = archive
        self._options = options
        self._lock = Lock()
        self._making: dict[str, Future[Path]] = {}
        self._at_once = BoundedSemaphore(options.at_once)
        options.folder.mkdir(parents=True, exist_ok=True)
        for leftover in options.folder.glob("*.part"):
            leftover.unlink(missing_ok=True)

    def make(self, plan: ClipPlan) -> Clip:
        """The finished clip, from disk when it was made before. Blocks while it is made.

        Raises NothingPlayable when none of the chunks can be decoded, OSError when the disk is full.
        """
        path = self._options.folder / f"{plan.name}.mp4"
        with self._lock:
            waiting = self._making.get(plan.name)
            if waiting is None:
                mine: Future[Path] = Future()
                self._making[plan.name] = mine
        if waiting is not None:
            return Clip(waiting.result(), plan.start_offset_s)
        try:
            if not _touch(path):
                with self._at_once:
                    self._write(plan, path)
            mine.set_result(path)
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._making[plan.name]
        return Clip(path, plan.start_offset_s)

    def _write(self, plan: ClipPlan, path: Path) -> None:
        part = path.with_name(f"{path.stem}.{uuid4().hex}.part")
        try:
            write_clip(part, self._archive, plan.video, plan.audio, plan.origin_s)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self._make_room()

    def _make_room(self) -> None:
        """Deletes the clips longest unwatched, but none that may be playing."""
        clips: dict[Path, os.stat_result] = {}
        for path in self._options.folder.glob("*.mp4"):
            with suppress(FileNotFoundError):
                clips[path] = path.stat()
        excess = sum(stat.st_size for stat in clips.values()) - self._options.max_bytes
        now_s = time.time()
        for path, stat in sorted(clips.items(), key=lambda item: item[1].st_atime):
            if excess <= 0 or now_s - stat.st_atime < _IN_USE_S:
                return
            path.unlink(missing_ok=True)
            excess -= stat.st_size


def _touch(path: Path) -> bool:
    """Marks the file as just used. False when there is none.

    Only the time of access moves: a browser between two range requests must see the same file, and knows it by the time
    of its making.
    """
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except FileNotFoundError:
        return False
    return True
