"""A shard of the history: no longer written to, but for what changes of the moments it holds.

It is searched while a copy of it is being built into another. What changes of it meanwhile is remembered by id, and
written to the other one too before that takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from search.collections import CollectionSpec, Point
from search.edge_merging import Extent
from search.edge_shard import Shard
from search.whole_file import write_whole
from search.word_frequencies import WordFrequencies

SHARD, RECORD, WORD_COUNTS = "shard", "sealed.json", "words.npz"
_SAME_START_S = 0.001  # ids hold milliseconds


class HistoryShard:
    """`is_sealed`: it has an index and no write-ahead log, so every change is put on the disk at once. Else it waits
    for a child process to seal it, and is searched exactly."""

    def __init__(self, folder: Path, shard: Shard, made_of: Sequence[str] | None, *, is_stale: bool = False) -> None:
        """`made_of` names what it took the place of; None: it is not sealed."""
        self.folder = folder
        self.shard = shard
        self.span = shard.span()
        self.is_sealed = made_of is not None
        self.is_stale = is_stale
        self.is_in_a_build = False
        self._made_of = made_of
        self._changed = 0
        self._touched: set[str] | None = None  # since it was copied
        self._forgot = False
        self._still = Lock()  # held while it is written to, or copied

    @classmethod
    def load(cls, folder: Path, spec: CollectionSpec, start_anew: str) -> HistoryShard:
        """A sealed one. Raises ConfigError when its files are damaged."""
        record = json.loads((folder / RECORD).read_text())
        shard = Shard.load(folder / SHARD, spec, start_anew, WordFrequencies.load(folder / WORD_COUNTS))
        return cls(folder, shard, record["made_of"], is_stale=bool(record["stale"]))

    @property
    def extent(self) -> Extent:
        return Extent(self.shard.count(), self._changed, self.is_stale)

    def may_hold(self, point: Point) -> bool:
        """By its start, which never changes."""
        start_s = float(point.payload["start_s"])
        return self.span.first_s - _SAME_START_S <= start_s <= self.span.last_s + _SAME_START_S

    def upsert(self, points: Sequence[Point]) -> None:
        with self._writing([point.id for point in points]):
            self.shard.upsert(points)
        self.span = self.shard.span()

    def set_fields(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        with self._writing(fields):
            self.shard.set_fields(fields)

    def forget(self, ids: Sequence[str], vectors: Sequence[str], fields: Sequence[str]) -> None:
        self.expire()  # first: a node killed now must know that its files hold what was to be forgotten
        with self._writing(ids):
            self._forgot = self._forgot or self._touched is not None
            self.shard.forget(ids, vectors, fields)

    def expire(self) -> None:
        """Has it built anew, soon, where that rids its files of what is deleted."""
        if self.is_sealed and not self.is_stale:
            self.is_stale = True
            self._write_record()

    def delete(self, ids: Sequence[str]) -> None:
        with self._writing(ids):
            self.shard.delete(ids)

    def flush(self) -> None:
        """Of one that is sealed there is nothing left to do."""
        if not self.is_sealed:
            self.shard.flush()

    @contextmanager
    def still(self) -> Iterator[Path]:
        """Its files, all of one moment and on the disk, to be copied. Whoever writes to it waits; searches go on. From
        now on, what changes of it is remembered."""
        with self._still:
            self.shard.flush()
            self._touched, self._forgot = set(), False
            yield self.shard.folder

    def take_touched(self) -> list[str]:
        """Ids written or deleted since it was copied or since this was last asked."""
        with self._still:
            touched = list(self._touched or ())
            self._touched = set()
            return touched

    def leave_build(self) -> None:
        """The build it was copied for has failed."""
        self.is_in_a_build, self._touched = False, None

    @property
    def forgot(self) -> bool:
        """Whether anything was forgotten since it was copied: then the copy still holds it."""
        return self._forgot

    def seal(self, made_of: Sequence[str], *, is_stale: bool) -> None:
        """From now on it stands in their place, also when the node is killed."""
        self._made_of, self.is_sealed, self.is_stale = made_of, True, is_stale
        self.shard.flush()
        self.shard.frequencies.save(self.folder / WORD_COUNTS)
        self._write_record()

    def nothing_else_is_left(self) -> None:
        """What it was made of is deleted: the names may be given again."""
        if self._made_of:
            self._made_of = ()
            self._write_record()

    def close(self) -> None:
        if self.is_sealed and self._changed:
            self.shard.frequencies.save(self.folder / WORD_COUNTS)
        self.shard.close()

    @contextmanager
    def _writing(self, ids: Mapping[str, object] | Sequence[str]) -> Iterator[None]:
        with self._still:
            if self._touched is not None:
                self._touched.update(ids)
            self._changed += len(ids)
            yield
            if self.is_sealed:
                self.shard.flush()

    def _write_record(self) -> None:
        write_whole(self.folder / RECORD, json.dumps({"made_of": list(self._made_of or ()), "stale": self.is_stale}))
