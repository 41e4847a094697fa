"""A shard of the history. Nothing is written to it but deletions: a point that changes moves to the hot shard.

It is searched while a copy of it is being built into another. What is deleted meanwhile is remembered, and deleted from
the other too before that takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from domain.ports import MomentFilter
from search.collections import CollectionSpec, Point
from search.edge_merging import Extent
from search.edge_shard import Shard
from search.whole_file import write_whole
from search.word_frequencies import WordFrequencies

SHARD, RECORD, WORD_COUNTS = "shard", "sealed.json", "words.npz"
_SAME_START_S = 0.001  # ids hold milliseconds


class HistoryShard:
    """One that is sealed has an index and no write-ahead log: what is deleted from it is so for good after `flush`. One
    that is not is searched exactly, until a child process has sealed it."""

    def __init__(self, folder: Path, shard: Shard) -> None:
        self.folder = folder
        self.shard = shard
        self.is_sealed = False
        self.is_stale = False
        self.is_in_a_build = False
        self._points = shard.count()
        self._made_of: Sequence[str] = ()
        self._is_flushed = True
        self._deleted: set[str] | None = None  # since it was copied
        self._forgot = False
        self.copying = Lock()  # held while it is copied, and by whoever deletes from it, before `turn` is taken

    @classmethod
    def load(cls, folder: Path, spec: CollectionSpec, start_anew: str) -> HistoryShard:
        """A sealed one. Raises ConfigError when its files are damaged."""
        record = json.loads((folder / RECORD).read_text())
        counted, longest_s = WordFrequencies.load(folder / WORD_COUNTS), record.get("longest_s")
        loaded = cls(folder, Shard.load(folder / SHARD, spec, start_anew, counted, longest_s))
        loaded.is_sealed = True
        loaded.is_stale, loaded._points, loaded._made_of = record["stale"], record["points"], record["made_of"]
        return loaded

    @property
    def first_s(self) -> float:
        return self.shard.span.first_s

    @property
    def last_s(self) -> float:
        return self.shard.span.last_s

    @property
    def extent(self) -> Extent:
        points = self.shard.count()
        return Extent(points, self._points - points, self.is_stale)

    def narrowed(self, where: MomentFilter) -> MomentFilter | None:
        """The filter without what holds for all moments here; None when it lets none of them through."""
        return self.shard.narrowed(where)

    def held_points(self, points: Collection[Point]) -> list[str]:
        """The ids of those that are here. A moment's start never changes, so few have to be looked for."""
        first_s, last_s = self.first_s - _SAME_START_S, self.last_s + _SAME_START_S
        possible = [point.id for point in points if first_s <= point.payload["start_s"] <= last_s]
        return self.shard.held(possible) if possible else []

    def delete(self, ids: Sequence[str]) -> None:
        """`copying` is held."""
        if self._deleted is not None:
            self._deleted.update(ids)
        self.shard.delete(ids)
        self._is_flushed = False

    def expire(self) -> None:
        """What was deleted must leave its files: it is built anew, soon, and also after a kill."""
        self._forgot = True
        if self.is_sealed and not self.is_stale:
            self.is_stale = True
            self._write_record()

    def flush(self) -> None:
        if not self._is_flushed:
            self.shard.flush()
            self._is_flushed = True

    @contextmanager
    def still(self) -> Iterator[Path]:
        """Its files, all of one moment and on the disk, to be copied. Whoever writes to it waits; searches go on. From
        now on, what is deleted is remembered."""
        with self.copying:
            self.shard.flush()
            self._deleted, self._forgot = set(), False
            yield self.shard.folder

    def take_deleted(self) -> list[str]:
        """Since it was copied or since this was last asked."""
        with self.copying:
            deleted, self._deleted = list(self._deleted or ()), set()
            return deleted

    def leave_build(self) -> None:
        """The build it was copied for has failed."""
        self.is_in_a_build, self._deleted = False, None

    def seal(self, sources: Sequence[HistoryShard]) -> None:
        """From now on it stands in their place, also when the node is killed."""
        self._made_of = [each.folder.name for each in sources]
        self.is_sealed, self.is_stale = True, any(each._forgot for each in sources)
        self.flush()  # what was deleted since the child wrote it; to flush all of it would take a quarter of a second
        self.shard.frequencies.save(self.folder / WORD_COUNTS)
        self._write_record()

    def nothing_else_is_left(self) -> None:
        """What it was made of is deleted: the names may be given again."""
        if self._made_of:
            self._made_of = ()
            self._write_record()

    def close(self) -> None:
        if self.is_sealed and self.extent.deleted:
            self.shard.frequencies.save(self.folder / WORD_COUNTS)
        self.shard.close()

    def _write_record(self) -> None:
        record = {
            "made_of": list(self._made_of),
            "points": self._points,
            "longest_s": self.shard.longest_s,
            "stale": self.is_stale,
        }
        write_whole(self.folder / RECORD, json.dumps(record))
