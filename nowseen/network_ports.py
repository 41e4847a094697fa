"""Who holds a TCP port, and which ones are free."""

from __future__ import annotations

import errno
import socket
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack

import psutil

from domain.errors import ConfigError
from nowseen.parts import Part


def check_ports(parts: Sequence[Part]) -> None:
    """Raises ConfigError that names every port which is taken (and by whom) or wanted twice."""
    wanted: dict[int, list[str]] = defaultdict(list)
    mistakes = []
    for part in parts:
        for need in part.ports:
            wanted[need.port].append(need.setting)
            if reason := _why_not(need.host, need.port):
                mistakes.append(f"port {need.port} {reason} or set {need.setting}")
    mistakes += [f"port {port} is asked for by {' and '.join(names)}" for port, names in wanted.items() if names[1:]]
    if mistakes:
        raise ConfigError(mistakes)


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Ports that were free a moment ago; all are held at once, so no two are the same."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind((host, 0))
        return [int(free.getsockname()[1]) for free in sockets]


def listener(port: int) -> str | None:
    """ "pid 123 (python)" of the process that listens on the port; None when there is none or it may not be seen."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                return None
            try:
                return f"pid {connection.pid} ({psutil.Process(connection.pid).name()})"
            except psutil.Error:
                return f"pid {connection.pid}"
    return None


def _why_not(host: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        # As servers do: a port whose last connections are still closing counts as free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"is taken by {listener(port) or 'another program'}: stop it"
            if error.errno == errno.EACCES:
                return "may not be opened by this user: ports below 1024 are reserved. Run as another user"
            return f"of {host} can't be opened ({error.strerror}): correct the address"
    return None
