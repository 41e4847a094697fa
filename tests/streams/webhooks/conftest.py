"""Real receivers on 127.0.0.1, journals that a test can look into, and a clock that a test moves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from domain.deliveries import Kept
from domain.delivery_records import decode_kept, encode_kept

CERTIFICATE = Path(__file__).with_name("receiver.test.pem")
NAMED = "receiver.test"  # whom it is for
LONGEST_S = 60.0  # that anything is waited for, on a busy machine; a thread that waits longer keeps asyncio from ending


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str, *headers: str, body: bytes = b"") -> Answer:
    """A whole answer, as it should be."""

    async def give(_: Received, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return give


@dataclass
class Receiver:
    """`answers` are given in turn, the last one again and again."""

    port: int
    scheme: str = "http"
    answers: list[Answer] = field(default_factory=lambda: [answer("204 No Content")])
    requests: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    asked_for: list[str | None] = field(default_factory=list)  # the names that TLS clients asked for
    serving: set[asyncio.Task[Any]] = field(default_factory=set)

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def has(self, count: int) -> list[Received]:
        """The requests, once there are so many."""
        async with asyncio.timeout(LONGEST_S):
            while len(self.requests) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if (task := asyncio.current_task()) is not None:
            self.serving.add(task)
            task.add_done_callback(self.serving.discard)
        # A client that goes away is what some of these tests want.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                request = await _read(reader)
                self.requests.append(request)
                self.arrived.set()
                give = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
                await give(request, writer)
            finally:
                writer.close()
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Received(head[0].split()[1], headers, await reader.readexactly(int(headers["content-length"])))


class StartReceiver(Protocol):
    async def __call__(self, *answers: Answer, host: str = ..., port: int = ..., tls: bool = ...) -> Receiver: ...


@pytest.fixture
async def start_receiver() -> AsyncIterator[StartReceiver]:
    async with contextlib.AsyncExitStack() as servers:

        async def start(*answers: Answer, host: str = "127.0.0.1", port: int = 0, tls: bool = False) -> Receiver:
            receiver = Receiver(0, "https" if tls else "http")
            context = None
            if tls:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(CERTIFICATE)
                context.sni_callback = lambda _, name, __: receiver.asked_for.append(name)
            server = await asyncio.start_server(receiver.serve, host, port, ssl=context)
            await servers.enter_async_context(_until_done(server, receiver))
            receiver.port = server.sockets[0].getsockname()[1]
            receiver.answers = list(answers) or receiver.answers
            return receiver

        yield start


@contextlib.asynccontextmanager
async def _until_done(server: asyncio.Server, receiver: Receiver) -> AsyncIterator[None]:
    try:
        yield
    finally:
        server.close()
        for task in receiver.serving:
            task.cancel()
        await asyncio.gather(*receiver.serving, return_exceptions=True)


@pytest.fixture
def free_address() -> Callable[..., int]:
    """A port that is free at all of these addresses."""

    def find(*hosts: str) -> int:
        while True:
            with contextlib.ExitStack() as probes:
                first = probes.enter_context(socket.socket())
                first.bind((hosts[0], 0))
                port = int(first.getsockname()[1])
                with contextlib.suppress(OSError):
                    for host in hosts[1:]:
                        probes.enter_context(socket.socket()).bind((host, port))
                    return port

    return find


class MovedClock:
    """A Clock that stands still until it is moved."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s
        self._moved = asyncio.Condition()

    def now_s(self) -> float:
        return self._now_s

    async def sleep_until(self, time_s: float) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self._now_s >= time_s)

    async def move_to(self, time_s: float) -> None:
        async with self._moved:
            self._now_s = time_s
            self._moved.notify_all()


class MemoryJournal:
    """A DeliveryJournal that outlives a Deliverer and not its process; as records, so that it shares nothing."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes | None]] = []

    def append(self, states: Sequence[Kept]) -> None:
        self.records += [encode_kept(one) for one in states]

    def replay(self) -> list[Kept]:
        return [decode_kept(key, value) for key, value in self.records]


class CompactedJournal(MemoryJournal):
    """As a compacted topic may be found at any time."""

    def replay(self) -> list[Kept]:
        return [decode_kept(key, value) for key, value in dict(self.records).items() if value is not None]


class FileJournal:
    """Outlives its process, however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, states: Sequence[Kept]) -> None:
        lines = [f"{key.hex()} {'-' if value is None else value.hex()}\n" for key, value in map(encode_kept, states)]
        with self._path.open("a") as file:
            file.write("".join(lines))

    def replay(self) -> list[Kept]:
        if not self._path.exists():
            return []
        pairs = [line.split() for line in self._path.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [decode_kept(bytes.fromhex(key), None if value == "-" else bytes.fromhex(value)) for key, value in pairs]
