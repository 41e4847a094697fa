"""Media that people send to be looked at or listened to: few at once, and none larger than is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, Semaphore, WouldBlock, to_thread
from fastapi import HTTPException, Request

from search.api_body import read_body

LARGEST_BYTES = {"picture": 20_000_000, "clip": 100_000_000, "voice": 20_000_000, "speech": 20_000_000}
_AT_ONCE = 1  # a clip keeps a processor busy for seconds
_UPLOADS = 4  # each is in memory until it is looked at

Seen = TypeVar("Seen")


class Uploads:
    """Shared by all that takes media as examples."""

    def __init__(self) -> None:
        self._looking = CapacityLimiter(_AT_ONCE)
        self._waiting = Semaphore(_UPLOADS)

    async def look(self, request: Request, what: str, look: Callable[[bytes], Seen]) -> Seen:
        """What `look`, which may block, makes of the request's body: a picture, clip, voice or speech.

        Raises BadRequest for one that is missing or too large, and what `look` raises; answers 503 when too many wait.
        """
        try:
            self._waiting.acquire_nowait()
        except WouldBlock:
            raise HTTPException(
                503, "other media are being looked at: try again shortly", {"Retry-After": "5"}
            ) from None
        try:
            media = await read_body(request, LARGEST_BYTES[what], f"the {what}")
            return await to_thread.run_sync(look, media, limiter=self._looking)
        finally:
            self._waiting.release()
