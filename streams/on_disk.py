"""Records whose work is done and not yet on the disk: acknowledged when it is, and no sooner.

Flushing for every batch would hold up whoever searches meanwhile (Qdrant Edge holds the interpreter lock for the 10 to
100 ms it takes). What a power cut takes before that comes again, and storing it again is harmless.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from faust.types import EventT

from streams.at_work import on_record
from streams.patience import in_thread

FLUSHED_EVERY_S = 10.0


class OnDisk:
    """`flush` blocks until everything done so far is on the disk."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._waiting: list[EventT[Any]] = []
        self._flushed_s = time.monotonic()

    async def acknowledge(self, records: Iterable[EventT[Any]]) -> None:
        """Call it with an empty batch too, so that the last ones do not wait for the next."""
        self._waiting += records
        if self._waiting and time.monotonic() - self._flushed_s >= FLUSHED_EVERY_S:
            with on_record(self._waiting[0]):
                await in_thread("flushing the store", self._flush)
            self._flushed_s = time.monotonic()
            done, self._waiting = self._waiting, []
            for record in done:
                record.ack()
