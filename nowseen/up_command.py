"""`nowseen up`: broker, worker, search node and dashboard of one machine, as one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from domain.errors import ConfigError
from nowseen.part_log import PartLog, Terminal, open_logs
from nowseen.parts import HttpOk, Part, PortNeed, ReadyFile, TcpPort
from nowseen.readiness import takes_connections
from nowseen.settings import Settings
from nowseen.supervisor import Supervisor

# The first start may download weights of some hundred megabytes.
_MODELS_TIMEOUT_S = 900.0
# A default broker puts back what it kept; a Kafka that was killed looks through its log.
_LOG_TIMEOUT_S = 300.0
_BROKER = "broker"

# What runs once all parts are ready, with the parts' logs. A number it returns ends everything: the exit code.
WhenReady: TypeAlias = Callable[[Mapping[str, PartLog]], Awaitable[int | None]]


def nowseen(*arguments: str) -> list[str]:
    """A command line that runs this very installation."""
    return [sys.executable, "-m", "nowseen", *arguments]


def up_parts(settings: Settings) -> list[Part]:
    """The parts that these settings ask for."""
    parts = []
    needs_broker: tuple[str, ...] = ()
    if settings.broker_kind != "external":
        port = settings.broker_port
        ports = [PortNeed("127.0.0.1", port, "NOWSEEN_BROKER_PORT")]
        if settings.broker_kind == "apache":  # its controller listens on the next one
            ports.append(PortNeed("127.0.0.1", port + 1, "NOWSEEN_BROKER_PORT"))
        parts.append(
            Part(
                _BROKER,
                nowseen("broker"),
                TcpPort("127.0.0.1", port),
                ports=tuple(ports),
                ready_timeout_s=_LOG_TIMEOUT_S,
            )
        )
        needs_broker = (_BROKER,)
    ready_file = settings.data / f"worker-{os.getpid()}.ready"
    parts += [
        Part(
            "worker",
            nowseen("worker"),
            ReadyFile(ready_file),
            {"NOWSEEN_READY_FILE": str(ready_file)},
            depends_on=needs_broker,
            ready_timeout_s=_MODELS_TIMEOUT_S,
        ),
        Part(
            "node",
            nowseen("node"),
            HttpOk(f"http://{_local(settings.api_host)}:{settings.api_port}/health"),
            ports=(PortNeed(settings.api_host, settings.api_port, "NOWSEEN_API_PORT"),),
            depends_on=needs_broker,
            ready_timeout_s=_MODELS_TIMEOUT_S,
        ),
        Part(
            "dashboard",
            nowseen("dashboard"),
            HttpOk(f"http://{_local(settings.dashboard_host)}:{settings.dashboard_port}/_stcore/health"),
            ports=(PortNeed(settings.dashboard_host, settings.dashboard_port, "NOWSEEN_DASHBOARD_PORT"),),
            depends_on=("worker", "node"),
        ),
    ]
    return parts


def dashboard_url(settings: Settings) -> str:
    return f"http://{_local(settings.dashboard_host)}:{settings.dashboard_port}"


def up_command(settings: Settings, *, verbose: bool = False) -> int:
    """Blocks until it is told to stop. Returns the exit code. Raises ConfigError before anything is started."""

    async def tell(_: Mapping[str, PartLog]) -> None:
        print(
            "",
            "Nowseen is up.",
            f"  dashboard   {dashboard_url(settings)}",
            f"  search API  {settings.node_url}/docs",
            f"  broker      {settings.bootstrap}",
            f"  logs        {settings.data / 'logs'}",
            "",
            "Next, in another terminal:",
            "  nowseen publish VIDEO --source kitchen      # a file, a folder or a stream's address",
            '  nowseen search "a cup of coffee"',
            "",
            sep="\n",
            flush=True,
        )

    return run_parts(settings, up_parts(settings), tell, verbose=verbose)


def run_parts(
    settings: Settings,
    parts: Sequence[Part],
    when_ready: WhenReady,
    *,
    more_logs: Sequence[str] = (),
    verbose: bool = False,
    to_stderr: bool = False,
) -> int:
    """Runs the parts to the end with their logs in DATA/logs. Raises ConfigError before anything is started."""
    names = [*(part.name for part in parts), *more_logs]
    terminal = Terminal(names, verbose=verbose, to_stderr=to_stderr)
    try:
        with open_logs(names, terminal, settings.data / "logs") as logs:
            return asyncio.run(_run(settings, Supervisor(parts, logs), lambda: when_ready(logs)))
    except PermissionError as error:
        raise ConfigError(f"NOWSEEN_DATA: {settings.data} can't be written: {error}") from error


async def _run(settings: Settings, supervisor: Supervisor, when_ready: Callable[[], Awaitable[int | None]]) -> int:
    if settings.broker_kind == "external":
        await check_broker(settings.bootstrap)
    return await supervisor.run(when_ready)


async def check_broker(bootstrap: str) -> None:
    """Raises ConfigError unless one of the brokers of "host:port,host:port" takes connections."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdecimal():
            raise ConfigError(f"NOWSEEN_BROKER: {address!r} is not host:port")
        if await takes_connections(host.strip("[]"), int(port), timeout_s=5.0):
            return
    raise ConfigError(
        f"NOWSEEN_BROKER: nothing takes connections at {bootstrap}. Start it, or unset NOWSEEN_BROKER to have one run"
    )


def _local(host: str) -> str:
    """Where to reach what listens on this address: "every address" is none to connect to."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host
