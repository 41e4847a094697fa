"""Which moments have been stored, with their labels, for whoever must not look before."""

from __future__ import annotations

import time
from collections.abc import Iterable
from threading import Condition

from domain.events import MomentDescribed
from domain.moments import moment_id


class JustStored:
    """Remembers the latest. Thread-safe."""

    def __init__(self, remembered: int = 50_000) -> None:
        self._remembered = remembered
        self._ids: dict[str, None] = {}
        self._changed = Condition()

    def note(self, moments: Iterable[MomentDescribed]) -> None:
        with self._changed:
            self._ids |= dict.fromkeys(map(moment_id, moments))
            while len(self._ids) > self._remembered:
                del self._ids[next(iter(self._ids))]
            self._changed.notify_all()

    def wait(self, ids: Iterable[str], within_s: float) -> bool:
        """Blocks until all are stored; False when some are not within the time: they may have been refused."""
        wanted, deadline_s = set(ids), time.monotonic() + within_s
        with self._changed:
            while not wanted <= self._ids.keys():
                left_s = deadline_s - time.monotonic()
                if left_s <= 0.0:
                    return False
                self._changed.wait(left_s)
        return True
