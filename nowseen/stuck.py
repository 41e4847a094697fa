"""Which stages are stuck: the log says it once, a worker tells it on the topic `stages`, the node shows it on /health.

A worker can't be asked: it listens nowhere. So it says while it is stuck, again and again; what is not said any more no
longer holds, whether the worker goes on or is gone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from domain.errors import BadEvent
from domain.stuck_stages import StuckStage, read_stuck, write_stuck
from streams.at_work import stuck_stages
from streams.compacted import Record

log = logging.getLogger(__name__)

STAGES = "stages"  # the topic
EVERY_S = 15.0
HOLDS_S = 60.0  # what was said longer ago holds no more
_SENT_WITHIN_S = 10.0

Send = Callable[[bytes, bytes | None], Awaitable[None]]


class Noted:
    """Keeps in mind what was logged, so that each wait is logged once."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    def log_new(self, stuck: list[StuckStage]) -> None:
        for each in stuck:
            if self._known.get(each.key) != each.since_s:
                log.warning("%s", each.sentence())
        self._known = {each.key: each.since_s for each in stuck}


async def tell_stuck(send: Send, every_s: float = EVERY_S) -> None:
    """A worker's part, until it is cancelled. `send` takes a key and a value; no value says that it goes on again."""
    noted, told = Noted(), set[str]()
    while True:
        stuck = stuck_stages(time.time())
        noted.log_new(stuck)
        try:
            async with asyncio.timeout(_SENT_WITHIN_S):
                for each in stuck:
                    await send(each.key.encode(), write_stuck(each))
                    told.add(each.key)
                for key in told - {each.key for each in stuck}:
                    await send(key.encode(), None)
                    told.discard(key)
        except Exception as error:  # the log has said it
            log.debug("topic %s: not told: %s", STAGES, error)
        await asyncio.sleep(every_s)


class StuckStages:
    """The node's part: its own stages, and what workers say of theirs. `read` gives what the topic holds; it blocks."""

    def __init__(self, read: Callable[[], Mapping[bytes, Record]]) -> None:
        self._read = read
        self._seen: dict[bytes, tuple[bytes, float]] = {}  # what was said, and when it was new here: clocks differ

    async def watch(self) -> None:
        """Until it is cancelled."""
        noted = Noted()
        while True:
            noted.log_new(stuck_stages(time.time()))
            try:
                self.note(await asyncio.to_thread(self._read), time.monotonic())
            except Exception as error:
                log.debug("topic %s: not read: %s", STAGES, error)
            await asyncio.sleep(EVERY_S)

    def note(self, records: Mapping[bytes, Record], now_s: float) -> None:
        """Takes what the topic holds. `now_s` is monotonic."""
        before = self._seen
        self._seen = {
            key: before[key] if key in before and before[key][0] == record.value else (record.value, now_s)
            for key, record in records.items()
        }

    def now(self, now_s: float) -> list[StuckStage]:
        """All there are. `now_s` is monotonic."""
        told = []
        for value, seen_s in list(self._seen.values()):
            if now_s - seen_s < HOLDS_S:
                try:
                    told.append(read_stuck(value))
                except BadEvent as bad:
                    log.debug("topic %s: %s", STAGES, bad)
        return [*stuck_stages(time.time()), *told]
