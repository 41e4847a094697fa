"""Batches of a stream's events, not acknowledged.

Faust's own `take` acknowledges a batch when the worker is stopped in the middle of it: the events would be lost. Here
nobody but the agent acknowledges. An empty batch comes when nothing arrived for `idle_s`, so that an agent can look
after what time alone changes. Events of an earlier partition assignment are dropped: their new owner gets them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

from faust.types import EventT, StreamT

from streams.at_work import begin_batch


async def batches(
    stream: StreamT[Any], *, stage: str, limit: int, within_s: float, idle_s: float = 1.0
) -> AsyncIterator[list[EventT[Any]]]:
    """Up to `limit` events at a time; waits at most `within_s` for more after the first. `stage` names the agent."""
    events = cast(Any, stream).noack().events().__aiter__()
    coming: asyncio.Future[EventT[Any]] = asyncio.ensure_future(_next(events))
    try:
        while True:
            batch: list[EventT[Any]] = []
            wait_s = idle_s
            while len(batch) < limit and (await asyncio.wait({coming}, timeout=wait_s))[0]:
                batch.append(coming.result())
                coming = asyncio.ensure_future(_next(events))
                wait_s = within_s
            current = stream.app.consumer_generation_id
            batch = [event for event in batch if event.message.generation_id in (None, current)]
            begin_batch(stage, batch)
            yield batch
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()


async def _next(events: AsyncIterator[EventT[Any]]) -> EventT[Any]:
    return await events.__anext__()
