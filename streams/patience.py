"""What is nobody's fault is retried until it works: a store or a broker that is down, a full disk."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from domain.errors import BadEvent, ConfigError

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


async def patiently(
    what: str, attempt: Callable[[], Awaitable[T]], pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> T:
    """`attempt`'s result, however often it takes, with growing pauses. BadEvent and ConfigError pass through.

    `what` begins the log line: "storing moments".
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await attempt()
        except (BadEvent, ConfigError):
            raise
        except Exception as error:
            log.warning("%s failed, trying again in %.1f s: %s: %s", what, pause_s, type(error).__name__, error)
            await pause(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def in_thread(what: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`patiently`, off the event loop: for heavy or blocking work."""
    return await patiently(what, lambda: asyncio.to_thread(work, *args, **kwargs))
