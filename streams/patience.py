"""What is nobody's fault is retried until it works: a store or a broker that is down, a full disk.

What only the operator can mend is retried too, told once and shown at once (streams/at_work.py): when it is mended, the
work goes on by itself and nothing is lost. What fails for want of memory would take it again with every try:
`on_records` lets that fail, as the fault of the record.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar

from domain.errors import BadEvent, ConfigError
from streams.at_work import STUCK_S, Doing, doing
from streams.kafka_faults import missing_topic, operator_must
from streams.memory import is_out_of_memory, no_memory

A = TypeVar("A")
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
    pause_s = waited_s = 0.0
    with doing(what) as now:
        while True:
            try:
                return await attempt()
            except (BadEvent, ConfigError):
                raise
            except Exception as error:
                pause_s = min(max(FIRST_PAUSE_S, 2 * pause_s), LONGEST_PAUSE_S)
                _tell(now, error, waited_s, pause_s)
                await pause(pause_s * random.uniform(0.8, 1.2))
                waited_s += pause_s


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


async def on_records(what: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`in_thread`, for work on records. Raises BadEvent too when there is not the memory for them."""

    def affordable() -> T:
        try:
            return work(*args, **kwargs)
        except Exception as error:
            if is_out_of_memory(error):
                raise BadEvent(no_memory(what)) from error
            raise

    return await in_thread(what, affordable)


async def one_by_one(
    work: Callable[[Sequence[A]], Awaitable[T]], items: Sequence[A]
) -> list[tuple[Sequence[A], T | BadEvent]]:
    """`work` on all items at once; where that raises BadEvent, on each alone, so that the others are done.

    In order, each with what came of it.
    """
    try:
        return [(items, await work(items))]
    except BadEvent as bad:
        if len(items) <= 1:
            return [(items, bad)]
        return [done for item in items for done in await one_by_one(work, [item])]


def _tell(now: Doing, error: Exception, waited_s: float, pause_s: float) -> None:
    now.error = f"{type(error).__name__}: {error}"
    remedy = operator_must(error)
    if remedy is None and waited_s >= STUCK_S and missing_topic(error):
        remedy = "the broker has no such topic: start Nowseen's node or worker again, which makes its topics"
    if remedy is None:
        log.warning("%s failed, trying again in %.1f s: %s", now.what, pause_s, now.error)
        return
    now.error = f"{remedy} ({now.error})"
    if not now.needs_operator:
        now.needs_operator = True
        log.error("%s is stuck until somebody helps: %s", now.what, now.error)
