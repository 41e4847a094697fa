"""One shard of Qdrant Edge: a folder of points that the engine searches.

The engine holds the interpreter lock in every call, so calls never overlap; its segments have locks of their own for
the day it lets go.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from domain.errors import ConfigError
from domain.ports import MomentFilter
from search.collections import WORDS, CollectionSpec, Point, Row, SparseWords
from search.edge_config import indexes
from search.edge_filter import edge_filter, with_ids
from search.edge_records import dense, to_engine, to_point, to_row, vectors_of, words
from search.word_frequencies import WordFrequencies

MOST_SOURCES = 100_000
_PAGE_POINTS = 1000
UNFINISHED = ".new"


@dataclass(frozen=True, slots=True)
class Span:
    """From the first moment's start to the last one's, and to the latest end (Unix seconds). Of none: infinite, the
    wrong way round."""

    first_s: float
    last_s: float
    end_s: float

    def narrowed(self, where: MomentFilter) -> MomentFilter | None:
        """The filter without what holds for all that lies in it; None when it lets nothing there through."""
        since_s, until_s = where.since_s, where.until_s
        if (since_s is not None and self.end_s < since_s) or (until_s is not None and self.first_s > until_s):
            return None
        return replace(
            where,
            since_s=None if since_s is None or self.first_s >= since_s else since_s,
            until_s=None if until_s is None or self.last_s <= until_s else until_s,
        )


class Shard:
    """Points in `folder`, searchable once written and on the disk after `flush`. Before it a kill loses nothing of a
    hot one, and anything of a sealed one, which has no log. `frequencies` are of its words."""

    def __init__(
        self,
        folder: Path,
        spec: CollectionSpec,
        shard: edge.EdgeShard,
        *,
        is_sealed: bool,
        frequencies: WordFrequencies,
        longest_s: float | None,
    ) -> None:
        """`longest_s`: no moment here lasts longer; None where that is not known."""
        self.folder = folder
        self.frequencies = frequencies
        self.longest_s = longest_s
        self._spec = spec
        self._shard = shard
        self._is_sealed = is_sealed
        self._changes = 0  # of which points are here
        self.span = self._outermost()  # of every moment that is or was here
        self._sources: tuple[int, dict[str, int]] = (-1, {})  # as counted after so many changes

    @classmethod
    def create(cls, folder: Path, spec: CollectionSpec, config: edge.EdgeConfig) -> Shard:
        """An empty one, beside its place: `folder` with ".new" behind it. A process killed half way leaves nothing
        that looks like a shard."""
        unfinished = folder.with_suffix(UNFINISHED)
        shutil.rmtree(unfinished, ignore_errors=True)
        made = edge.EdgeShard.create(str(unfinished), config)
        is_sealed = config.wal_enabled is False
        for each in indexes(spec, sealed=is_sealed):
            made.update(each)
        made.flush()
        return cls(unfinished, spec, made, is_sealed=is_sealed, frequencies=WordFrequencies(), longest_s=0.0)

    @classmethod
    def load(
        cls,
        folder: Path,
        spec: CollectionSpec,
        start_anew: str,
        frequencies: WordFrequencies | None = None,
        longest_s: float | None = None,
    ) -> Shard:
        """Counts the words where no `frequencies` are given. Raises ConfigError when its files are damaged."""
        # The engine loads a shard without its segments as an empty one; whoever deleted them should hear of it.
        if not any((folder / "segments").glob("*")):
            raise ConfigError(f"{folder} has lost its segments: restore it, or {start_anew}")
        shard = _explained(
            lambda: edge.EdgeShard.load(str(folder)), f"{folder} is damaged: restore it, or {start_anew}"
        )
        is_sealed = json.loads((folder / "edge_config.json").read_bytes()).get("wal_enabled") is False
        counted = frequencies or WordFrequencies()
        loaded = cls(folder, spec, shard, is_sealed=is_sealed, frequencies=counted, longest_s=longest_s)
        if frequencies is None and spec.words:
            loaded._count_words()
        return loaded

    @property
    def weighs_words(self) -> bool:
        """Whether the engine weighs them itself, as it did in shards made by earlier versions."""
        config = json.loads((self.folder / "edge_config.json").read_bytes())
        return any(each.get("modifier") for each in (config.get("sparse_vectors") or {}).values())

    def move(self, folder: Path, start_anew: str) -> Shard:
        """The same shard, in another place. This one is closed."""
        self.close()
        self.folder.rename(folder)
        return Shard.load(folder, self._spec, start_anew, self.frequencies, self.longest_s)

    def upsert(self, points: Sequence[Point]) -> None:
        self._recount([point.id for point in points], [point.words for point in points])
        self._note_times([point.payload for point in points])
        self._write(edge.UpdateOperation.upsert_points([to_engine(point) for point in points]))
        self._changes += 1

    def copy_from(self, other: Shard) -> None:
        """All of the other's points, none of which may be here."""
        for page in other._pages(vectors_of(self._spec), with_payload=True):
            for each in page:
                self._count(each, 1)
            self._note_times([each.payload or {} for each in page])
            self._write(
                edge.UpdateOperation.upsert_points(
                    [edge.Point(each.id, each.vector or {}, each.payload) for each in page]
                )
            )
        self._changes += 1

    def set_fields(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        self._write(
            *(edge.UpdateOperation.set_payload_by_filter(with_ids([id]), dict(new)) for id, new in fields.items())
        )

    def forget(self, ids: Sequence[str], vectors: Sequence[str], fields: Sequence[str]) -> None:
        """The engine only marks a deleted vector and keeps its numbers in the file for as long as nothing optimises
        the shard: so they are overwritten first. The write-ahead log, 64 MB that are written round, still holds them
        until other writes have taken their place."""
        self._overwrite(ids, vectors)
        self._write(
            edge.UpdateOperation.delete_vectors_by_filter(with_ids(ids), list(vectors)),
            edge.UpdateOperation.delete_payload_by_filter(with_ids(ids), list(fields)),
        )

    def delete(self, ids: Sequence[str]) -> None:
        self._recount(ids, [])
        self._overwrite(ids, list(self._spec.vectors))
        self._write(edge.UpdateOperation.delete_points(list(ids)))
        self._changes += 1

    def flush(self) -> None:
        self._shard.flush()

    def close(self) -> None:
        self._shard.close()

    def optimise(self) -> None:
        """Builds the index. No other thread of this process runs until it is done: seconds to minutes."""
        self._shard.optimize()

    def held(self, ids: Collection[str]) -> list[str]:
        """Those of the ids that are here."""
        return [str(each.id) for each in self._shard.retrieve(list(ids), with_payload=False, with_vector=False)]

    def ids(self) -> Iterator[list[str]]:
        for page in self._pages([]):
            yield [str(each.id) for each in page]

    def nearest(self, query: edge.QueryRequest) -> list[tuple[float, edge.PointId]]:
        """Scores and ids, best first. The ids as the engine has them: few of them are read."""
        return [(each.score, each.id) for each in self._shard.query(query)]

    def rows(self, ids: Sequence[edge.PointId], *, vectors: Sequence[str]) -> list[Row]:
        found = self._shard.retrieve(list(ids), with_payload=True, with_vector=list(vectors) or False)
        return [to_row(each) for each in found]

    def points(self, ids: Sequence[str]) -> list[Point]:
        """Whole, as they were written."""
        found = self._shard.retrieve(list(ids), with_payload=True, with_vector=vectors_of(self._spec))
        return [to_point(each) for each in found]

    def newest(self, where: MomentFilter, limit: int, *, vectors: Sequence[str]) -> list[Row]:
        # The engine walks down from `until_s`; as a condition it would be looked at for every later moment too.
        rest = self.filter(replace(where, until_s=None))
        found = self._by("start_s", edge.Direction.Desc, limit, rest, vectors, where.until_s)
        return [to_row(each) for each in found]

    def filter(self, where: MomentFilter) -> edge.Filter | None:
        return edge_filter(where, self.longest_s)

    def everything(self) -> list[Row]:
        return [to_row(each) for page in self._pages(list(self._spec.vectors), with_payload=True) for each in page]

    def narrowed(self, where: MomentFilter) -> MomentFilter | None:
        """The filter without what holds for all moments here; None when it lets none of them through."""
        return where if self._spec.modality is None else self.span.narrowed(where)

    def sources(self) -> Mapping[str, int]:
        changes = self._changes  # another thread may be writing: what was counted then is not kept
        if self._sources[0] != changes:
            found = self._shard.facet(edge.FacetRequest("source", limit=MOST_SOURCES, exact=True))
            self._sources = changes, {str(hit.value): hit.count for hit in found.hits}
        return self._sources[1]

    def count(self) -> int:
        return self._shard.info().points_count

    def _write(self, *operations: edge.UpdateOperation) -> None:
        for each in operations:
            self._shard.update(each)

    def _by(
        self,
        field: str,
        direction: edge.Direction,
        limit: int,
        where: edge.Filter | None,
        vectors: Sequence[str],
        start_from: float | None = None,
    ) -> list[edge.Record]:
        found, _ = self._shard.scroll(
            edge.ScrollRequest(
                limit=limit,
                filter=where,
                with_payload=True,
                with_vector=list(vectors) or False,
                order_by=edge.OrderBy(field, direction, start_from),
            )
        )
        return found

    def _pages(self, vectors: list[str], *, with_payload: bool = False) -> Iterator[list[edge.Record]]:
        page: edge.PointId | None = None
        while True:
            found, page = self._shard.scroll(
                edge.ScrollRequest(
                    offset=page, limit=_PAGE_POINTS, with_payload=with_payload, with_vector=vectors or False
                )
            )
            yield found
            if page is None:
                return

    def _count_words(self) -> None:
        for page in self._pages([WORDS]):
            for each in page:
                self._count(each, 1)

    def _recount(self, ids: Sequence[str], documents: Sequence[SparseWords | None]) -> None:
        """`documents` take the place of what these ids hold."""
        if not self._spec.words:
            return
        for each in self._shard.retrieve(list(ids), with_payload=False, with_vector=[WORDS]):
            self._count(each, -1)
        for document in documents:
            if document is not None:
                self.frequencies.add(document)

    def _count(self, record: edge.Record, times: int) -> None:
        if (document := words(record.vector)) is not None:
            self.frequencies.add(document, times)

    def _outermost(self) -> Span:
        def outermost(field: str, direction: edge.Direction, nothing: float) -> float:
            if self._spec.modality is None:
                return nothing
            found = self._by(field, direction, 1, None, ())
            return float((found[0].payload or {})[field]) if found else nothing

        return Span(
            outermost("start_s", edge.Direction.Asc, math.inf),
            outermost("start_s", edge.Direction.Desc, -math.inf),
            outermost("end_s", edge.Direction.Desc, -math.inf),
        )

    def _note_times(self, payloads: Sequence[Mapping[str, Any]]) -> None:
        """Before they are written: a search beside it must not leave them out."""
        if self._spec.modality is None or not payloads:
            return
        starts_s = [float(each["start_s"]) for each in payloads]
        ends_s = [float(each["end_s"]) for each in payloads]
        old = self.span
        self.span = Span(min(old.first_s, *starts_s), max(old.last_s, *starts_s), max(old.end_s, *ends_s))
        if self.longest_s is not None:
            lengths_s = (end_s - start_s for start_s, end_s in zip(starts_s, ends_s, strict=True))
            self.longest_s = max(self.longest_s, *lengths_s, 0.0)

    def _overwrite(self, ids: Sequence[str], vectors: Sequence[str]) -> None:
        if self._is_sealed:  # the engine would only write another beside it
            return
        there = self._shard.retrieve(list(ids), with_payload=False, with_vector=list(vectors))
        blank = {name: [1.0] + [0.0] * (self._spec.vectors[name] - 1) for name in vectors}
        blanks = [edge.PointVectors(each.id, {name: blank[name] for name in dense(each.vector)}) for each in there]
        if blanks:
            self._shard.update(edge.UpdateOperation.update_vectors(blanks))


def _explained(load: Callable[[], edge.EdgeShard], mistake: str) -> edge.EdgeShard:
    try:
        return load()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # damaged files can make the engine panic, which is no Exception in Python
        raise ConfigError(f"{mistake} (the engine says: {str(error)[:300]})") from error
