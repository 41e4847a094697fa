"""What is nobody's fault is retried until it works: a store or a broker that is down, a full disk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

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
    return await patiently(what, lambda: in_thread_once(work, *args, **kwargs))


async def in_thread_once(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Does `work` off the event loop. When it is cancelled, it waits for the thread before it ends."""
    return await to_the_end(asyncio.to_thread(work, *args, **kwargs))


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Waits for `work`, and lets it end before a cancellation is passed on.

    A thread cannot be cancelled. A task that holds a lock while a thread works must not release the lock before the
    thread has ended: else two threads work at the same time, and what is older may be written later.
    """
    running = asyncio.create_task(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):  # the first one is passed on
                await asyncio.wait([running])
        if not running.cancelled() and (error := running.exception()) is not None:
            log.warning("what was cancelled had failed: %s: %s", type(error).__name__, error)
        raise
