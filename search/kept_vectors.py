"""Vectors of texts in a file, so that a restart need not encode again what is watched for.

A cache, which may be deleted: what is missing, damaged or of another encoder is encoded anew.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
Row: TypeAlias = npt.NDArray[np.float32]  # (d,)

_log = logging.getLogger(__name__)

PATIENCE_S = 1.0  # with another process that writes there
_ONLY_US = 0o600  # what is watched for may be private, and stands here as it was written
_TABLE = """
CREATE TABLE IF NOT EXISTS vectors (
  encoder TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL, checksum INTEGER NOT NULL,
  PRIMARY KEY (encoder, text)
)
"""
# What is the fault of the disk, of who may write there, or of another process. Any other fault is damage to the file.
_NOT_DAMAGE = frozenset(
    (
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY,
    )
)  # fmt: skip


class KeptVectors:
    """By encoder and text, as 32-bit floats. Blocks; thread-safe. Never fails: what can't be kept or read is missing,
    and the log says why.

    For this user's eyes only. A text that is removed is overwritten.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = Lock()
        self._is_usable = True

    def get(self, encoder: str, texts: Collection[str]) -> dict[str, Row]:
        """Of those that are there."""
        return self._try(lambda kept: dict(_read(kept, encoder, texts)), {})

    def put(self, encoder: str, vectors: Mapping[str, Row]) -> None:
        rows = [(encoder, text, *_packed(encoder, text, vector)) for text, vector in vectors.items()]
        self._try(lambda kept: kept.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows), None)

    def keep_only(self, texts: Mapping[str, Collection[str]], of_any_encoder: Collection[str] = ()) -> None:
        """By encoder, or whichever encoder's; all else is removed."""
        whoever = frozenset(of_any_encoder)

        def remove(kept: sqlite3.Connection) -> None:
            there = kept.execute("SELECT rowid, encoder, text FROM vectors").fetchall()
            gone = [(row,) for row, of, text in there if text not in whoever and text not in texts.get(of, ())]
            kept.executemany("DELETE FROM vectors WHERE rowid = ?", gone)

        self._try(remove, None)

    def _try(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        with self._turn:
            if not self._is_usable:
                return otherwise
            try:
                return self._done_anyway(work)
            except (sqlite3.Error, OSError) as error:
                self._is_usable = False
                _log.warning("%s can't be used (%s): rules are encoded anew after a restart", self._path, error)
                return otherwise

    def _done_anyway(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """In a new file where this one is damaged."""
        try:
            return self._done(work)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_DAMAGE:
                raise
            _log.warning("%s is damaged (%s): it is begun anew", self._path, error)
            for path in (self._path, self._path.with_name(f"{self._path.name}-journal")):
                path.unlink(missing_ok=True)
            return self._done(work)

    def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """In one transaction."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, _ONLY_US))
        self._path.chmod(_ONLY_US)  # its journal gets the same
        with closing(sqlite3.connect(self._path, PATIENCE_S)) as kept, kept:
            # A power cut may damage the file then, which is found out; to wait for the disk would help nobody.
            kept.execute("PRAGMA synchronous = OFF")
            kept.execute("PRAGMA secure_delete = ON")
            kept.execute(_TABLE)
            return work(kept)


def _packed(encoder: str, text: str, vector: Row) -> tuple[bytes, int]:
    packed = vector.astype("<f4").tobytes()
    return packed, _checksum(encoder, text, packed)


def _read(kept: sqlite3.Connection, encoder: str, texts: Collection[str]) -> Iterator[tuple[str, Row]]:
    for text in texts:
        found = kept.execute("SELECT vector, checksum FROM vectors WHERE encoder = ? AND text = ?", (encoder, text))
        for packed, checksum in found:
            if isinstance(packed, bytes) and checksum == _checksum(encoder, text, packed):
                yield text, np.frombuffer(packed, "<f4").astype(np.float32)


def _checksum(encoder: str, text: str, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(f"{encoder}\n{text}".encode()))
