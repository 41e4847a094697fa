"""Runs a Faust app inside our own event loop until it is told to stop, or dies.

Not by Faust's command line: that one listens on 0.0.0.0:6066 whatever the app says.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import faust

log = logging.getLogger(__name__)

STOP_WITHIN_S = 6.0  # the supervisor kills after 8


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[asyncio.Event]:
    """The app, started; the event is set by SIGTERM or SIGINT, or when the app crashes. Stops the app at the end."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await app.start()
    watch = asyncio.create_task(_watch(app, stopping))
    try:
        yield stopping
    finally:
        watch.cancel()
        try:
            await asyncio.wait_for(app.stop(), STOP_WITHIN_S)
        except TimeoutError:
            log.warning("the agents did not stop within %.0f s; unacknowledged events come again", STOP_WITHIN_S)
    if (reason := app.crash_reason) is not None:
        raise reason


async def _watch(app: faust.App, stopping: asyncio.Event) -> None:
    while not app.crashed:  # noqa: ASYNC110  (likewise)
        await asyncio.sleep(0.2)
    stopping.set()


async def assigned(app: faust.App) -> None:
    """Returns when the group has given this process its partitions."""
    while not app.consumer.assignment():  # noqa: ASYNC110  (Faust offers no event for it)
        await asyncio.sleep(0.05)
