"""The folder of a Qdrant Edge store, and its one owner."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from domain.errors import ConfigError
from search.collections import CollectionSpec
from search.edge_options import EdgeOptions
from search.edge_sealing import Sealing
from search.edge_store import EdgeCollection
from search.file_cache import CacheWarming


def open_edge_collections(
    folder: Path, specs: Sequence[CollectionSpec], options: EdgeOptions | None = None
) -> tuple[list[EdgeCollection], ExitStack]:
    """The collections in `folder`, made when they are not there, and what to close once they are closed. Until then
    this process owns the folder.

    Raises ConfigError when another process owns it, when a collection is another encoder's, or when its files are
    damaged: all that is wrong at once.
    """
    options = options or EdgeOptions()
    opened = ExitStack()
    opened.enter_context(_own(folder))
    sealing = Sealing(options)
    collections: list[EdgeCollection] = []
    mistakes: list[str] = []
    for spec in specs:
        try:
            collections.append(EdgeCollection(folder, spec, options, sealing))
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        for collection in collections:
            collection.close()
        opened.close()
        raise ConfigError(mistakes)
    sealing.wake()
    opened.callback(CacheWarming(folder for each in collections for folder in each.history_folders()).close)
    return collections, opened


def _own(folder: Path) -> IO[str]:
    """The folder's lock, held for as long as the file is open; the system lets go of it when the process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "owner.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise ConfigError(
            f"{folder} is already open in process {owner}. Only one process, the search node, may own the store: stop "
            "the other one, or ask its HTTP API instead of opening the folder"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock
