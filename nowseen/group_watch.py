"""Who reads in a consumer group: whether anybody is at work, or comes and goes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from nowseen.part_states import RECENTLY_S
from streams.consumer_groups import ConsumerGroups
from streams.kafka_clients import KafkaSettings

log = logging.getLogger(__name__)

EVERY_S = 5.0
_KNOWN_FOR_S = 20.0
_SETTLED_S = 60.0
_OFTEN = 2


class GroupWatch:
    """Judges a group by what the broker told of its members. Time is an argument, in seconds of one clock."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}
        self._went_s: deque[float] = deque()
        self._told_s: float | None = None

    def push(self, members: frozenset[str], now_s: float) -> None:
        gone = self._since_s.keys() - members
        self._went_s.extend([now_s] * len(gone))
        self._since_s = {member: self._since_s.get(member, now_s) for member in members}
        self._told_s = now_s
        while self._went_s and now_s - self._went_s[0] > RECENTLY_S:
            self._went_s.popleft()

    def is_known(self, now_s: float) -> bool:
        return self._told_s is not None and now_s - self._told_s <= _KNOWN_FOR_S

    def fault(self, now_s: float) -> str | None:
        """Says what is wrong and what to do; None when nothing is."""
        if not self.is_known(now_s):
            return "not known: the broker has not told who is at work"
        if not self._since_s:
            return "none is at work: start one (`nowseen worker`), or read in its log why it ended"
        newest = all(now_s - since_s < _SETTLED_S for since_s in self._since_s.values())
        if newest and len(self._went_s) >= _OFTEN:
            return (
                f"{len(self._went_s)} ended in the last {RECENTLY_S / 60:.0f} minutes, and none has stayed for a "
                "minute: read in the log of one why it ended"
            )
        return None


async def watch_group(kafka: KafkaSettings, group: str, tell: Callable[[frozenset[str], float], None]) -> None:
    """Until cancelled. `tell(members, seconds)`, of the monotonic clock; nothing while the broker does not say."""
    groups = ConsumerGroups(kafka)
    try:
        while True:
            try:
                tell(await groups.members(group), time.monotonic())
            except Exception as error:
                log.debug("members of %s not known: %s", group, error)
            await asyncio.sleep(EVERY_S)
    finally:
        await groups.close()
