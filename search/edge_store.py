"""Moments in Qdrant Edge: the Qdrant engine in this process, files in a folder, the server's data format.

The newest moments stand in a small shard, "hot", which is searched exactly. When it is full it becomes history: a new
one takes what comes, and a child process seals the old one behind an index (to build one stops the whole process it
happens in). So searching stays fast at a million moments, and each is found as soon as it is written. A collection's
folder holds its record, the hot shard and the history.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from domain.errors import ConfigError
from domain.events import Vector
from domain.ports import MomentFilter
from search.batched import batched
from search.collections import CollectionSpec, Point, Row, SparseWords, check_record, record_of
from search.edge_history import History, Locks, Owners
from search.edge_hot import hot_folders, new_hot, next_hot, put_in_place, rewritten
from search.edge_options import EdgeOptions
from search.edge_query import nearest_query
from search.edge_sealing import Sealing
from search.edge_shard import Shard
from search.whole_file import write_whole
from search.word_frequencies import weighed

_MOVED_AT_ONCE = 256  # points: a search waits for some milliseconds


class EdgeCollection:
    """One collection: a hot shard and its history. Of speakers, the hot shard alone."""

    def __init__(self, folder: Path, spec: CollectionSpec, options: EdgeOptions, sealing: Sealing) -> None:
        self.spec = spec
        self._options = options
        self._sealing = sealing
        self._locks = Locks()
        home = folder / spec.name
        self._start_anew = f"choose another data folder, or delete {home} and index again from the topic 'moments'"
        self._home = home
        record = home / "collection.json"
        hot = hot_folders(home)
        if record.exists():
            check_record(spec, record.read_text(), str(folder), self._start_anew)
        elif hot:
            raise ConfigError(
                f"{record} is missing, so what made the vectors beside it is not known: {self._start_anew}"
            )
        else:
            home.mkdir(parents=True, exist_ok=True)
            write_whole(record, record_of(spec))
        self._history = History(home, spec, options, self._start_anew, self._locks)
        *rotated, self._hot = self._load_hot([each for each in hot if each.exists()])
        for each in rotated:
            self._history.delete_copies(each)
            self._history.add(each)
        self._history.delete_copies(self._hot)
        if self._hot.weighs_words:
            self.purge()
        sealing.watch(self._history)

    def upsert(self, points: Sequence[Point]) -> None:
        with self._locks.writing:
            self._move(points, self._history.owners_of(points))

    def set_fields(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        with self._locks.writing:
            for ids in batched(fields, _MOVED_AT_ONCE):
                owners = self._history.owners(ids)
                moved = [replace(each, payload=each.payload | dict(fields[each.id])) for each in _points(owners)]
                left = set(ids).difference(each.id for each in moved)
                self._hot.set_fields({id: fields[id] for id in left})
                self._move(moved, owners)

    def forget(self, ids: Sequence[str], vectors: Sequence[str], fields: Sequence[str]) -> None:
        """What of it stands in a sealed shard is gone from the files once a child process has built that one anew,
        which is begun at once."""
        with self._locks.writing:
            for some in batched(ids, _MOVED_AT_ONCE):
                self._hot.forget(some, vectors, fields)
                owners = self._history.owners(some)
                self._move([_without(each, vectors, fields) for each in _points(owners)], owners)
                for shard, _ in owners:
                    shard.expire()
            self._history.flush()
        self._sealing.wake()

    def delete(self, ids: Sequence[str]) -> None:
        with self._locks.writing:
            self._history.delete(self._history.owners(ids))
            self._history.flush()
            self._hot.delete(list(ids))
        self._sealing.wake()

    def flush(self) -> None:
        """To the disk: 3-5 ms. Without it a killed process loses nothing, but a power cut does, and the write-ahead log
        grows until the next opening has to replay all of it."""
        with self._locks.writing:
            self._hot.flush()
            self._history.flush()

    def purge(self) -> None:
        """Into a new shard, without the old one's log: the engine writes every change of a payload to another place, so
        what it held stands in many. For few points: all are written anew, those that are sealed by a child process."""
        with self._locks.writing:
            new = rewritten(self._hot, self.spec, self._start_anew)
            with self._locks.turn:
                self._hot = put_in_place(new, self._hot, self._start_anew)
            for shard in self._history.shards:
                shard.expire()
        self._sealing.wake()

    def get(self, ids: Sequence[str], *, vectors: Sequence[str]) -> list[Row]:
        with self._locks.turn:
            return [row for shard in self._shards() for row in shard.rows(ids, vectors=vectors)]

    def nearest(
        self, query: Vector | SparseWords, where: MomentFilter, limit: int, *, vectors: Sequence[str], using: str
    ) -> list[Row]:
        with self._locks.turn:
            if isinstance(query, SparseWords):
                query = weighed(query, [shard.frequencies for shard in self._shards()])
            found: list[tuple[float, edge.PointId, Shard]] = []
            for shard, narrowed in self._searched(where):
                is_narrow = narrowed != MomentFilter(excluded=narrowed.excluded)
                asked = nearest_query(query, using, shard.filter(narrowed), limit, self._options, is_narrow=is_narrow)
                found += [(score, id, shard) for score, id in shard.nearest(asked)]
            best = heapq.nlargest(limit, found, key=lambda hit: hit[0])
            scores = {str(id): score for score, id, _ in best}
            ids: dict[Shard, list[edge.PointId]] = {}
            for _, id, shard in best:
                ids.setdefault(shard, []).append(id)
            rows = [row for shard, some in ids.items() for row in shard.rows(some, vectors=vectors)]
        return [Row(row.id, row.payload, scores[row.id], row.vectors) for row in rows]

    def newest(self, where: MomentFilter, limit: int, *, vectors: Sequence[str]) -> list[Row]:
        with self._locks.turn:
            there = self._hot.narrowed(where)
            rows = [] if there is None else self._hot.newest(there, limit, vectors=vectors)
            for old, narrowed in sorted(self._history.searched(where), key=lambda each: -each[0].last_s):
                if len(rows) == limit and rows[-1].payload["start_s"] > old.last_s:
                    break
                rows += old.shard.newest(narrowed, limit, vectors=vectors)
                rows = sorted(rows, key=lambda row: (-row.payload["start_s"], row.id))[:limit]
        return rows

    def everything(self) -> list[Row]:
        with self._locks.turn:
            return [row for shard in self._shards() for row in shard.everything()]

    def sources(self) -> dict[str, int]:
        with self._locks.turn:
            counts: Counter[str] = Counter()
            for shard in self._shards():
                counts.update(shard.sources())
        return dict(counts)

    def count(self) -> int:
        with self._locks.turn:
            return sum(shard.count() for shard in self._shards())

    def history_folders(self) -> list[Path]:
        """Of its sealed shards, the latest first."""
        return [each.folder for each in reversed(self._history.shards) if each.is_sealed]

    def settle(self) -> None:
        """Returns when every shard but the hot one is sealed. Raises RuntimeError when one could not be."""
        self._sealing.settle()

    def close(self) -> None:
        self._sealing.close()
        self._history.close()
        self._hot.close()

    def _shards(self) -> list[Shard]:
        """`locks.turn` is held, and for as long as they are asked."""
        return [self._hot, *(each.shard for each in self._history.shards)]

    def _searched(self, where: MomentFilter) -> list[tuple[Shard, MomentFilter]]:
        hot = self._hot.narrowed(where)
        old = [(each.shard, narrowed) for each, narrowed in self._history.searched(where)]
        return old if hot is None else [(self._hot, hot), *old]

    def _move(self, points: Sequence[Point], owners: Owners) -> None:
        """Writes the points to the hot shard and deletes them from what held them; no search sees both."""
        if owners:
            with ExitStack() as while_nothing_is_copied:
                for shard, _ in owners:
                    while_nothing_is_copied.enter_context(shard.copying)
                with self._locks.turn:
                    self._hot.upsert(points)
                    for shard, held in owners:
                        shard.delete(held)
        elif points:
            self._hot.upsert(points)
        if self.spec.modality is not None and self._hot.count() >= self._options.hot_points:
            self._rotate()

    def _load_hot(self, folders: Sequence[Path]) -> list[Shard]:
        if not folders:
            return [new_hot(next_hot(self._home, None), self.spec, self._start_anew)]
        return [Shard.load(folder, self.spec, self._start_anew) for folder in folders]

    def _rotate(self) -> None:
        """Once the new one's folder is there, the next opening takes the old one for history too."""
        self._hot.flush()
        new = new_hot(next_hot(self._home, self._hot.folder), self.spec, self._start_anew)
        with self._locks.turn:
            self._history.add(self._hot)
            self._hot = new
        self._sealing.wake()


def _points(owners: Owners) -> list[Point]:
    return [point for shard, held in owners for point in shard.shard.points(held)]


def _without(point: Point, vectors: Sequence[str], fields: Sequence[str]) -> Point:
    return replace(
        point,
        vectors={name: vector for name, vector in point.vectors.items() if name not in vectors},
        payload={name: value for name, value in point.payload.items() if name not in fields},
    )
