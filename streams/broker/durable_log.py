"""The default broker's log on the disk: one SQLite file.

The broker holds everything in memory. What stands here is put back into the next broker, each record at the offset that
it had, with the offsets that consumer groups had committed.

A partition keeps what some consumer group has still to read, up to `MOST_BYTES`, and `READ_BYTES` of what all groups
have read, but nothing for longer than its topic's retention. A compacted topic keeps the newest record of each key.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import ConfigError
from domain.topology import Topic
from streams.broker.record_batches import Batch, keys_of

READ_BYTES = 32 * 2**20
MOST_BYTES = 2**30
_VERSION = 1
_ONLY_US = 0o600
_S_OF_AN_HOUR = 3600.0
_TOMBSTONES_STAY_S = 86_400.0  # Kafka's delete.retention.ms
_COMPACTED_FROM = 100  # batches: fewer are not worth reading them all
_TABLES = """
CREATE TABLE IF NOT EXISTS batches (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, first_offset INTEGER NOT NULL, last_offset INTEGER NOT NULL,
  written_s REAL NOT NULL, bytes INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (topic, partition, first_offset)
);
CREATE INDEX IF NOT EXISTS sizes ON batches (topic, partition, first_offset, last_offset, bytes, written_s);
CREATE TABLE IF NOT EXISTS ends (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS committed (
  consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
"""
_DELETE_FROM = "DELETE FROM batches WHERE topic = ? AND partition = ? AND first_offset >= ?"
_DELETE_UNTIL = "DELETE FROM batches WHERE topic = ? AND partition = ? AND first_offset <= ?"
_DELETE_ONE = "DELETE FROM batches WHERE topic = ? AND partition = ? AND first_offset = ?"
_DELETE_OLDER = "DELETE FROM batches WHERE topic = ? AND partition = ? AND written_s < ?"
_AGES = "SELECT first_offset, written_s FROM batches WHERE topic = ? AND partition = ? ORDER BY first_offset"
_BYTES_BEFORE = "SELECT sum(bytes) FROM batches WHERE topic = ? AND partition = ? AND last_offset < ?"
_LAST_WITH_MORE_BEHIND = """
SELECT max(first_offset) FROM (
  SELECT first_offset, sum(bytes) OVER (ORDER BY first_offset DESC) AS from_here_bytes
  FROM batches WHERE topic = ? AND partition = ? AND last_offset < ?
) WHERE from_here_bytes > ?
"""
_NEXT_BATCH = """
SELECT first_offset, last_offset, data FROM batches WHERE topic = ? AND partition = ? AND first_offset > ?
ORDER BY first_offset LIMIT 1
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Committed:
    """How far a consumer group has read a partition: the offset that it reads next."""

    group: str
    partition: Partition
    next_offset: int


class DurableLog:
    """Keeps the batches of topology.yaml's topics. Methods block; thread-safe.

    What a method wrote is on the disk when the method returns; a power cut takes nothing of it. Raises ConfigError, on
    opening, when the file is damaged, another version's or in use, and sqlite3.Error when the disk fails or is full.
    """

    def __init__(self, path: Path, topics: Mapping[str, Topic]) -> None:
        self._topics = topics
        self._turn = threading.Lock()
        self._batches_left: dict[Partition, int] = {}  # after the last compaction
        self._database = _open(path)

    def close(self) -> None:
        with self._turn:
            self._database.close()

    def append(self, batches: Sequence[tuple[Partition, Batch]], now_s: float) -> None:
        """Keeps all of the batches or none. `now_s` (Unix seconds) is what their retention counts from."""
        rows = [(p.topic, p.number, b.first_offset, b.last_offset, now_s, len(b.data), b.data) for p, b in batches]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            database.executemany(
                "INSERT OR REPLACE INTO ends VALUES (?, ?, ?)",
                [(p.topic, p.number, batch.last_offset + 1) for p, batch in batches],
            )

    def take_back(self, partition: Partition, next_offset: int) -> None:
        """Removes what was appended from `next_offset` on, because the broker did not take it."""
        place = (partition.topic, partition.number)
        with self._writing() as database:
            database.execute(_DELETE_FROM, (*place, next_offset))
            database.execute("UPDATE ends SET next_offset = ? WHERE topic = ? AND partition = ?", (next_offset, *place))

    def commit(self, committed: Iterable[Committed]) -> None:
        """Keeps the offsets of consumer groups."""
        rows = [(each.group, each.partition.topic, each.partition.number, each.next_offset) for each in committed]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO committed VALUES (?, ?, ?, ?)", rows)

    def ends(self) -> dict[Partition, int]:
        """Gives the next offset of each partition that was written to."""
        rows = self._rows("SELECT topic, partition, next_offset FROM ends")
        return {Partition(topic, number): end for topic, number, end in rows if topic in self._topics}

    def committed(self) -> list[Committed]:
        """Gives how far each consumer group has read."""
        rows = self._rows("SELECT consumer_group, topic, partition, next_offset FROM committed")
        places = ((group, Partition(topic, number), end) for group, topic, number, end in rows)
        return [Committed(*each) for each in places if each[1].topic in self._topics]

    def batches(self, partition: Partition) -> Iterator[Batch]:
        """Gives the batches of a partition in order, and holds one at a time."""
        offset = -1
        while rows := self._rows(_NEXT_BATCH, (partition.topic, partition.number, offset)):
            offset = rows[0][0]
            yield Batch(*rows[0])

    def tidy(self, now_s: float) -> None:
        """Removes what need not be kept any more. Call it every few seconds."""
        read_until: dict[Partition, int] = {}
        for each in self.committed():
            read_until[each.partition] = min(each.next_offset, read_until.get(each.partition, each.next_offset))
        for partition in self.ends():
            if self._topics[partition.topic].compacted:
                self._compact(partition, now_s)
            else:
                self._trim(partition, read_until.get(partition, 0), now_s)

    def _trim(self, partition: Partition, read_until: int, now_s: float) -> None:
        place = (partition.topic, partition.number)
        hours = self._topics[partition.topic].retention_hours
        oldest = self._rows(
            "SELECT written_s FROM batches WHERE topic = ? AND partition = ? ORDER BY first_offset LIMIT 1", place
        )
        if hours is not None and oldest and oldest[0][0] < now_s - hours * _S_OF_AN_HOUR:
            with self._writing() as database:
                database.execute(_DELETE_OLDER, (*place, now_s - hours * _S_OF_AN_HOUR))
        self._shorten(partition, read_until, READ_BYTES)
        if self._shorten(partition, 2**62, MOST_BYTES):
            _log.warning(
                "%s[%d]: more than %d MB wait to be read, and the oldest of it is in memory alone. It is lost if the "
                "broker stops now. Is a worker running?",
                *place, MOST_BYTES >> 20,
            )  # fmt: skip

    def _shorten(self, partition: Partition, until_offset: int, most_bytes: int) -> bool:
        """Removes the oldest batches that end before `until_offset` where these are more than `most_bytes`."""
        values = (partition.topic, partition.number, until_offset)
        if (self._rows(_BYTES_BEFORE, values)[0][0] or 0) <= most_bytes:
            return False
        # A quarter more than must go, so that there is nothing to do for a while.
        cut = self._rows(_LAST_WITH_MORE_BEHIND, (*values, most_bytes * 3 // 4))
        with self._writing() as database:
            database.execute(_DELETE_UNTIL, (*values[:2], cut[0][0]))
            database.execute("PRAGMA incremental_vacuum").fetchall()
        return True

    def _compact(self, partition: Partition, now_s: float) -> None:
        place = (partition.topic, partition.number)
        ages = dict(self._rows(_AGES, place))
        if len(ages) < 2 * self._batches_left.get(partition, 0) + _COMPACTED_FROM:
            return
        newest: dict[bytes | None, tuple[int, bool]] = {}  # by key: its batch, and whether it is a tombstone
        unreadable: set[int] = set()
        for batch in self.batches(partition):
            try:
                newest |= {key: (batch.first_offset, is_tombstone) for key, is_tombstone in keys_of(batch)}
            except Exception:
                unreadable.add(batch.first_offset)
        alive = {first for first, is_tombstone in newest.values() if not is_tombstone}
        passing = unreadable | {first for first, is_tombstone in newest.values() if is_tombstone}
        young = {first for first in passing if ages.get(first, now_s) > now_s - _TOMBSTONES_STAY_S}
        gone = [(*place, first) for first in ages if first not in alive | young]
        with self._writing() as database:
            database.executemany(_DELETE_ONE, gone)
        self._batches_left[partition] = len(ages) - len(gone)

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._turn:
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn, self._database:  # commits at the end, or takes everything back
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _ONLY_US))
        database = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        # One process alone has it, and every commit waits for the disk. What is deleted is overwritten.
        for setting in (
            "locking_mode = EXCLUSIVE", "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL",
            "secure_delete = ON",
        ):  # fmt: skip
            database.execute(f"PRAGMA {setting}").fetchall()
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise ConfigError(
                f"the broker's log {path} was written by another version of Nowseen (format {version}, this one reads "
                f"{_VERSION}): use that version, or move the file away to begin anew"
            )
        database.executescript(_TABLES)
        database.execute(f"PRAGMA user_version = {_VERSION}")
        return database
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise ConfigError(
                f"the broker's log {path} is in use: another broker runs with this NOWSEEN_DATA"
            ) from error
        raise ConfigError(f"the broker's log {path} can't be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            f"the broker's log {path} is damaged ({error}): move the file away to begin anew. It holds rules, webhooks "
            "and incidents, and media that was not indexed yet"
        ) from error
    except OSError as error:
        raise ConfigError(f"the broker's log {path} can't be used: {error}") from error
