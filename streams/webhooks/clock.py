"""What time it is, so that a test can say."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    def now_s(self) -> float:
        """Unix seconds: they mean the same to the next process."""
        ...

    async def sleep_until(self, time_s: float) -> None:
        """Returns at once when that is past."""
        ...


class SystemClock:
    def now_s(self) -> float:
        return time.time()

    async def sleep_until(self, time_s: float) -> None:
        # Again, because asyncio's clock is not the one on the wall.
        while (wait_s := time_s - self.now_s()) > 0:  # noqa: ASYNC110  (there is no event to wait for)
            await asyncio.sleep(wait_s)
