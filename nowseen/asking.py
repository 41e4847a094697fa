"""Questions to a search node that the supervisor may be restarting: asked again until it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

_AGAIN_AFTER_S = 0.5


async def ask(
    client: httpx.AsyncClient, path: str, params: Mapping[str, str | int] | None = None, *, within_s: float
) -> Any:
    """What the node answers, as JSON. Raises ConnectionError, saying why, when it gives no good answer in that time."""
    end_s = time.monotonic() + within_s
    while True:
        try:
            response = await client.get(path, params=params)
            if response.is_success:
                return response.json()
            why = f"{response.status_code}: {response.text[:200]}"
        except (httpx.TransportError, ValueError) as error:  # ValueError: what came is not JSON
            why = str(error) or type(error).__name__
        if time.monotonic() + _AGAIN_AFTER_S > end_s:
            raise ConnectionError(f"the search node gave no answer to {path} within {within_s:.0f} s ({why})")
        await asyncio.sleep(_AGAIN_AFTER_S)
