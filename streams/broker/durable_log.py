"""The default broker's log on the disk: one SQLite file.

The broker holds everything in memory. What stands here is put back into the next broker, each record at the offset that
it had, with the offsets that consumer groups had committed.

A partition keeps what some consumer group has still to read, up to `MOST_BYTES`, and `READ_BYTES` of what all groups
have read, but nothing for longer than its topic's retention. A compacted topic keeps the newest record of each key, and
within a minute or so nothing else.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domain.errors import ConfigError
from domain.topology import Topic
from streams.broker.partitions import Committed, Partition
from streams.broker.record_batches import Batch, batch_of, records_of

READ_BYTES, READ_BATCHES = 32 * 2**20, 20_000
MOST_BYTES, MOST_BATCHES = 256 * 2**20, 200_000
_VERSION = 1
_ONLY_US = 0o600
_WAL_BYTES = 64 * 2**20
_S_OF_AN_HOUR, _S_OF_A_DAY = 3600.0, 86_400.0
_TOMBSTONES_STAY_S = _S_OF_A_DAY  # Kafka's delete.retention.ms
# A consumer group that committed nothing for longer is gone (Kafka's offsets.retention.minutes).
_GROUPS_COUNT_S = 7 * _S_OF_A_DAY
_COMPACTED_EVERY_S = 60.0
_READ_BYTES_AT_ONCE = 2**20
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
  committed_s REAL NOT NULL, PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
"""
_INSERT = "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE_FROM = "DELETE FROM batches WHERE topic = ? AND partition = ? AND first_offset >= ?"
_DELETE_UNTIL = "DELETE FROM batches WHERE topic = ? AND partition = ? AND first_offset <= ?"
_DELETE_ONE = "DELETE FROM batches WHERE topic = ? AND partition = ? AND first_offset = ?"
_DELETE_OLDER = "DELETE FROM batches WHERE topic = ? AND partition = ? AND written_s < ?"
_OLDEST_S = "SELECT written_s FROM batches WHERE topic = ? AND partition = ? ORDER BY first_offset LIMIT 1"
_SIZES = """
SELECT first_offset, bytes FROM batches WHERE topic = ? AND partition = ? AND first_offset > ?
ORDER BY first_offset LIMIT 1000
"""
_STRETCH = """
SELECT first_offset, last_offset, data, written_s FROM batches
WHERE topic = ? AND partition = ? AND first_offset BETWEEN ? AND ? ORDER BY first_offset
"""
_SUMS_BEFORE = (
    "SELECT coalesce(sum(bytes), 0), count(*) FROM batches WHERE topic = ? AND partition = ? AND last_offset < ?"
)
_LAST_WITH_MORE_BEHIND = """
SELECT max(first_offset) FROM (
  SELECT first_offset, sum(bytes) OVER newer AS from_here_bytes, row_number() OVER newer AS from_here_batches
  FROM batches WHERE topic = ? AND partition = ? AND last_offset < ? WINDOW newer AS (ORDER BY first_offset DESC)
) WHERE from_here_bytes > ? OR from_here_batches > ?
"""

_log = logging.getLogger(__name__)


class DurableLog:
    """Keeps the batches of topology.yaml's topics. Methods block; thread-safe.

    What a method wrote is on the disk when the method returns; a power cut takes nothing of it. Raises ConfigError, on
    opening, when the file is damaged, another version's or in use, and sqlite3.Error when the disk fails or is full.
    """

    def __init__(self, path: Path, topics: Mapping[str, Topic]) -> None:
        self._topics = topics
        self._turn = threading.Lock()
        self._compacted: dict[Partition, tuple[int, float]] = {}  # the end then, and when (Unix seconds)
        self._database = _open(path)
        self.lacks_unread = False  # something that is still to be read stands in the broker's memory alone

    def close(self) -> None:
        """Closes the file. Nothing else may be called then."""
        with self._turn:
            self._database.close()

    def append(self, batches: Sequence[tuple[Partition, Batch]], now_s: float) -> None:
        """Keeps all of the batches or none, those of other topics than the topology's apart.

        `now_s` (Unix seconds) is what their retention counts from.
        """
        batches = [each for each in batches if each[0].topic in self._topics]
        rows = [(p.topic, p.number, b.first_offset, b.last_offset, now_s, len(b.data), b.data) for p, b in batches]
        firsts: dict[Partition, int] = {}
        for partition, batch in batches:
            firsts.setdefault(partition, batch.first_offset)
        with self._writing() as database:
            database.executemany(_DELETE_FROM, [(p.topic, p.number, first) for p, first in firsts.items()])
            database.executemany(_INSERT, rows)
            database.executemany(
                "INSERT OR REPLACE INTO ends VALUES (?, ?, ?)",
                [(p.topic, p.number, batch.last_offset + 1) for p, batch in batches],
            )

    def take_back(self, partition: Partition, next_offset: int) -> None:
        """Removes what was appended from `next_offset` on, because the broker does not have it."""
        place = (partition.topic, partition.number)
        with self._writing() as database:
            database.execute(_DELETE_FROM, (*place, next_offset))
            database.execute("UPDATE ends SET next_offset = ? WHERE topic = ? AND partition = ?", (next_offset, *place))

    def forget(self, topics: Sequence[str]) -> None:
        """Removes everything of topics that were deleted."""
        names = [(topic,) for topic in topics]
        with self._writing() as database:
            database.executemany("DELETE FROM batches WHERE topic = ?", names)
            database.executemany("DELETE FROM ends WHERE topic = ?", names)
            database.executemany("DELETE FROM committed WHERE topic = ?", names)

    def commit(self, committed: Iterable[Committed], now_s: float) -> None:
        """Keeps the offsets of consumer groups."""
        rows = [
            (each.group, each.partition.topic, each.partition.number, each.next_offset, now_s) for each in committed
        ]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO committed VALUES (?, ?, ?, ?, ?)", rows)

    def ends(self) -> dict[Partition, int]:
        """Gives the next offset of each partition that was written to."""
        rows = self._rows("SELECT topic, partition, next_offset FROM ends")
        return {Partition(topic, number): end for topic, number, end in rows if topic in self._topics}

    def committed(self, since_s: float = 0.0) -> list[Committed]:
        """Gives how far each consumer group has read that has committed since then (Unix seconds)."""
        query = "SELECT consumer_group, topic, partition, next_offset FROM committed WHERE committed_s >= ?"
        places = ((group, Partition(topic, number), end) for group, topic, number, end in self._rows(query, (since_s,)))
        return [Committed(*each) for each in places if each[1].topic in self._topics]

    def batches(self, partition: Partition) -> Iterator[list[Batch]]:
        """Gives the batches of a partition in order, some megabyte at a time."""
        for rows in self._stretches(partition):
            yield [Batch(first, last, data) for first, last, data, _ in rows]

    def tidy(self, now_s: float) -> None:
        """Removes what need not be kept any more. Call it every few seconds, while nothing is half done."""
        before = self._database.total_changes
        read_until: dict[Partition, int] = {}
        for each in self.committed(now_s - _GROUPS_COUNT_S):
            read_until[each.partition] = min(each.next_offset, read_until.get(each.partition, each.next_offset))
        for partition, end in self.ends().items():
            if self._topics[partition.topic].compacted:
                self._compact(partition, end, now_s)
            else:
                self._trim(partition, read_until.get(partition, 0), now_s)
        if self._database.total_changes > before:
            self._rows("PRAGMA incremental_vacuum")
            self._rows(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            )  # only then is what was deleted overwritten in the file itself

    def _trim(self, partition: Partition, read_until: int, now_s: float) -> None:
        place = (partition.topic, partition.number)
        hours = self._topics[partition.topic].retention_hours
        if hours is not None:
            oldest = self._rows(_OLDEST_S, place)
            if oldest and oldest[0][0] < now_s - hours * _S_OF_AN_HOUR:
                with self._writing() as database:
                    database.execute(_DELETE_OLDER, (*place, now_s - hours * _S_OF_AN_HOUR))
        self._shorten(partition, read_until, READ_BYTES, READ_BATCHES)
        if self._shorten(partition, 2**62, MOST_BYTES, MOST_BATCHES):
            self.lacks_unread = True
            _log.warning(
                "%s[%d]: too much waits to be read, and the oldest of it is in the broker's memory alone. It is lost "
                "if the broker stops now. Does every consumer group read?",
                *place,
            )

    def _shorten(self, partition: Partition, until_offset: int, most_bytes: int, most_batches: int) -> bool:
        """Removes the oldest batches that end before `until_offset` where these are too many."""
        values = (partition.topic, partition.number, until_offset)
        [(size, count)] = self._rows(_SUMS_BEFORE, values)
        if size <= most_bytes and count <= most_batches:
            return False
        # A quarter more than must go, so that there is nothing to do for a while.
        cut = self._rows(_LAST_WITH_MORE_BEHIND, (*values, most_bytes * 3 // 4, most_batches * 3 // 4))
        with self._writing() as database:
            database.execute(_DELETE_UNTIL, (*values[:2], cut[0][0]))
        return True

    def _compact(self, partition: Partition, end: int, now_s: float) -> None:
        compacted_end, compacted_s = self._compacted.get(partition, (-1, 0.0))
        if end == compacted_end or now_s - compacted_s < _COMPACTED_EVERY_S:
            return
        newest: dict[bytes | None, int] = {}  # the offset of each key's newest record
        for rows in self._stretches(partition):
            for first, last, data, _ in rows:
                newest |= {record.key: record.offset for record in _records(Batch(first, last, data)) or ()}
        has_tombstones = False
        for rows in self._stretches(partition):
            for first, last, data, written_s in rows:
                records, is_old = _records(Batch(first, last, data)), written_s < now_s - _TOMBSTONES_STAY_S
                if records is None and not is_old:
                    continue  # nobody can read it, but whoever wrote it may still ask why
                live = [each for each in records or () if newest[each.key] == each.offset]
                stay = [each for each in live if each.value is not None or not is_old]
                has_tombstones = has_tombstones or any(each.value is None for each in stay)
                if records is None or len(stay) < len(records):
                    self._replace(partition, first, written_s, [batch_of(record) for record in stay])
        # A tombstone has still to go, though nothing else comes.
        self._compacted[partition] = (-1 if has_tombstones else end, now_s)

    def _replace(self, partition: Partition, first_offset: int, written_s: float, by: Sequence[Batch]) -> None:
        place = (partition.topic, partition.number)
        with self._writing() as database:
            database.execute(_DELETE_ONE, (*place, first_offset))
            database.executemany(
                _INSERT, [(*place, b.first_offset, b.last_offset, written_s, len(b.data), b.data) for b in by]
            )

    def _stretches(self, partition: Partition) -> Iterator[list[tuple[Any, ...]]]:
        place, offset = (partition.topic, partition.number), -1
        while sizes := self._rows(_SIZES, (*place, offset)):
            total = 0
            for first, size in sizes:
                if total and total + size > _READ_BYTES_AT_ONCE:
                    break
                total, last = total + size, first
            yield self._rows(_STRETCH, (*place, offset + 1, last))
            offset = last

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._turn:
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn, self._database:  # commits at the end, or takes everything back
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database


def _records(batch: Batch) -> list[Any] | None:
    """None when it can't be taken apart."""
    try:
        return records_of(batch)
    except Exception:
        return None


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _ONLY_US))
        database = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        # No other process may open the file, every commit waits for the disk, and what is deleted is overwritten.
        for setting in (
            "locking_mode = EXCLUSIVE", "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL",
            "secure_delete = ON", f"journal_size_limit = {_WAL_BYTES}",
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
