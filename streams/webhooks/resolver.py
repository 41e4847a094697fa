"""Host names to IP addresses, without one that hangs holding up the others."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Protocol

from domain.public_addresses import Address

_THREADS = 32  # names that may hang at once; further ones wait


class Resolver(Protocol):
    async def resolve(self, host: str, port: int) -> tuple[Address, ...]:
        """All the host's addresses, the one to try first leading. Raises OSError when it has none or nobody answers."""
        ...


class SystemResolver:
    """The operating system's. A look-up can't be broken off, so each name has at most one thread of a pool of its own:
    asyncio's default one, which the rest of the process needs, stays free."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "webhook-names")
        self._asked: dict[tuple[str, int], asyncio.Future[tuple[Address, ...]]] = {}

    async def resolve(self, host: str, port: int) -> tuple[Address, ...]:
        name = (host, port)
        if name not in self._asked:
            self._asked[name] = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
            self._asked[name].add_done_callback(lambda _: self._asked.pop(name))
        return await asyncio.shield(self._asked[name])

    def close(self) -> None:
        """Waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host[:80]!r} can't be looked up") from error
    return tuple(dict.fromkeys(ip_address(place[0]) for *_, place in found))
