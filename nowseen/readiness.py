"""Looks whether a part is ready."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nowseen.parts import AtOnce, HttpOk, ReadyCheck, ReadyFile, TcpPort

if TYPE_CHECKING:
    import httpx

_LOOK_EVERY_S = 0.1
_TRY_S = 2.0


class Readiness:
    """Used as an async context manager: it holds one HTTP client."""

    async def __aenter__(self) -> Self:
        import httpx

        # A proxy in the environment has no business with our own parts.
        self._client = httpx.AsyncClient(trust_env=False, timeout=_TRY_S)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def wait(self, check: ReadyCheck) -> None:
        """Returns when the check holds; never gives up."""
        while not await is_ready(check, self._client):  # noqa: ASYNC110  (other processes set no event)
            await asyncio.sleep(_LOOK_EVERY_S)


async def is_ready(check: ReadyCheck, client: httpx.AsyncClient) -> bool:
    import httpx

    match check:
        case AtOnce():
            return True
        case ReadyFile(path):
            return path.exists()
        case HttpOk(url):
            try:
                return (await client.get(url)).status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False
        case TcpPort(host, port):
            return await takes_connections(host, port)


async def takes_connections(host: str, port: int, timeout_s: float = _TRY_S) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    return True
