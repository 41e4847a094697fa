"""The system's cache of files: what stands there is read in microseconds, and from a disk in a hundred of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import psutil

_READ_AT_ONCE_BYTES = 1 << 22
_SHARE_OF_FREE_MEMORY = 0.5


def read_all(folder: Path, stop: Event | None = None) -> None:
    """What is in the folder is in the cache when it returns, as far as there is room."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.read(_READ_AT_ONCE_BYTES):
                    if stop is not None and stop.is_set():
                        return


class CacheWarming:
    """Reads folders in a thread, one after the other, for as long as they fit into half of the memory that is free.
    Without it the first searches after a start would wait for a disk, each some hundred times."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = list(folders)
        self._stop = Event()
        self._thread = Thread(target=self._work, name="warming", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """What is being read is left."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        room_bytes = psutil.virtual_memory().available * _SHARE_OF_FREE_MEMORY
        for folder in self._folders:
            with suppress(FileNotFoundError):  # another has taken its place meanwhile
                room_bytes -= sum(path.stat().st_size for path in folder.rglob("*"))
                if room_bytes < 0:
                    return
                read_all(folder, self._stop)
