"""Where brokers on this machine listen."""

from __future__ import annotations

import socket

from domain.errors import ConfigError

HOST = "127.0.0.1"


def check_port_is_free(port: int) -> None:
    """Raises ConfigError that names the port when something listens on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"{HOST}:{port} can't be used for the broker ({error}): stop what listens there or choose another port"
            ) from error


def free_port() -> int:
    """Gives a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
