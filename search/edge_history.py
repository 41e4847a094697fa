"""The history of a collection: shards that were hot once and wait to be sealed, and the sealed ones built from them.

A sealed one is a folder "sealed-..." of the folder `history`, and counts once its record is written: that one file is
the step from the old shards to the new. What a killed node leaves half built has no record, and what was replaced is
named in one; both are thrown away at the next opening.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from threading import RLock
from typing import TypeAlias

from domain.errors import ConfigError
from domain.ports import MomentFilter
from search.collections import CollectionSpec, Point
from search.edge_history_shard import RECORD, HistoryShard
from search.edge_merging import next_merge
from search.edge_options import EdgeOptions
from search.edge_shard import Shard
from search.fair_lock import FairLock

Owners: TypeAlias = Sequence[tuple[HistoryShard, list[str]]]  # shards, and which of the ids asked for each holds

_SEALED = "sealed-"


class Locks:
    """`writing` is held by whoever changes points or shards, and taken first; `turn` by whoever asks the shards, and
    while one takes another's place."""

    def __init__(self) -> None:
        self.writing = RLock()
        self.turn = FairLock()


class History:
    """Shards by time, the earliest first. Whoever writes to them holds `locks.writing`."""

    def __init__(self, home: Path, spec: CollectionSpec, options: EdgeOptions, start_anew: str, locks: Locks) -> None:
        """The sealed ones in `home`. Deletes what they replaced, and raises ConfigError when files are damaged."""
        self.locks = locks
        self.spec = spec
        self.options = options
        self.start_anew = start_anew
        self._folder = home / "history"
        self.shards: tuple[HistoryShard, ...] = ()
        folders = sorted(self._folder.glob(f"{_SEALED}*"))
        sealed = [folder for folder in folders if (folder / RECORD).exists()]
        replaced = {name for folder in sealed for name in self._made_of(folder)}
        for folder in folders:
            if folder not in sealed or folder.name in replaced:
                shutil.rmtree(folder)
        for name in replaced:
            shutil.rmtree(home / name, ignore_errors=True)
        kept = [HistoryShard.load(folder, spec, start_anew) for folder in sealed if folder.name not in replaced]
        for each in kept:
            each.nothing_else_is_left()
        self._hold(kept)

    def add(self, hot: Shard) -> None:
        """It takes no new points any more. `locks.turn` is held."""
        self._hold([*self.shards, HistoryShard(hot.folder, hot)])

    def delete_copies(self, newer: Shard) -> None:
        """A point that changes is written to the hot shard first, and then deleted here: the node may have been killed
        between the two."""
        for ids in newer.ids() if self.shards else ():
            self.delete(self.owners(ids))
        self.flush()

    def owners(self, ids: Collection[str]) -> Owners:
        """Which of the ids are in which shard."""
        found = [(each, each.shard.held(ids)) for each in self.shards] if ids else []
        return [(each, held) for each, held in found if held]

    def owners_of(self, points: Collection[Point]) -> Owners:
        """The same of points, and quicker."""
        found = [(each, each.held_points(points)) for each in self.shards]
        return [(each, held) for each, held in found if held]

    def delete(self, owners: Owners) -> None:
        for each, held in owners:
            with each.copying:
                each.delete(held)

    def searched(self, where: MomentFilter) -> list[tuple[HistoryShard, MomentFilter]]:
        """Shards with moments that the filter may let through, each with what the filter still has to look at there."""
        found = [(each, each.narrowed(where)) for each in self.shards]
        return [(each, narrowed) for each, narrowed in found if narrowed is not None]

    def flush(self) -> None:
        for each in self.shards:
            each.flush()

    def next_to_seal(self) -> list[HistoryShard]:
        """One that was rotated; taken by the caller for a build. Empty when there is none."""
        return self._take(next(([each] for each in self._free() if not each.is_sealed), []))

    def next_to_merge(self) -> list[HistoryShard]:
        """Sealed ones that are to become one, likewise."""
        return self._take(next_merge([(each, each.extent) for each in self._free() if each.is_sealed], self.options))

    def is_settled(self) -> bool:
        """Whether there is nothing to build, nor anything being built."""
        with self.locks.writing:
            free = list(self._free())
            return (
                len(free) == len(self.shards)
                and all(each.is_sealed for each in free)
                and not next_merge([(each, each.extent) for each in free], self.options)
            )

    def building_folder(self) -> Path:
        """A new one, for a shard that is to be sealed."""
        return self._folder / f"{_SEALED}{secrets.token_hex(4)}"

    def replace(self, old: Iterable[HistoryShard], new: HistoryShard) -> None:
        """`new` is sealed in their place. `locks.writing` is held."""
        gone = list(old)
        with self.locks.turn:
            self._hold([new, *(each for each in self.shards if each not in gone)])
            for each in gone:
                each.close()

    def close(self) -> None:
        for each in self.shards:
            each.close()
        self.shards = ()

    def _hold(self, shards: Iterable[HistoryShard]) -> None:
        self.shards = tuple(sorted(shards, key=lambda each: each.first_s))

    def _free(self) -> Iterable[HistoryShard]:
        return (each for each in self.shards if not each.is_in_a_build)

    def _take(self, shards: list[HistoryShard]) -> list[HistoryShard]:
        for each in shards:
            each.is_in_a_build = True
        return shards

    def _made_of(self, folder: Path) -> list[str]:
        try:
            return [str(name) for name in json.loads((folder / RECORD).read_text())["made_of"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{folder / RECORD} can't be read: restore it, or {self.start_anew}") from error
