"""A Nowseen of its own beside the user's: for `demo --check` and the measurements."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import ConfigError
from nowseen.network_ports import check_ports, free_ports
from nowseen.parts import Part
from nowseen.settings import Settings, load_settings
from nowseen.up_command import up_parts

_PORT_TRIES = 10
# Not the user's: where data lives, who else is asked and how, what is listened on, and who may ask.
_UNSET = (
    *("BROKER", "QDRANT_URL", "QDRANT_API_KEY", "ARCHIVE", "API_URL", "API_HOST", "DASHBOARD_HOST"),
    *("ALLOWED_HOSTS", "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"),
    *("KAFKA_SSL_CA", "KAFKA_SSL_CERTIFICATE", "KAFKA_SSL_KEY", "KAFKA_REPLICATION"),
    *("ANSWER_URL", "ANSWER_MODEL", "ANSWER_KEY", "WEBHOOK_ALLOW", "READY_FILE", "PARTS_FILE"),
)


@contextmanager
def isolated(folder: Path, webhook_allow: str = "") -> Iterator[tuple[Settings, list[Part]]]:
    """Settings of their own for this process and its parts: an empty folder, free ports, and where webhooks may go."""
    before = dict(os.environ)
    try:
        for name in _UNSET:
            os.environ.pop(f"NOWSEEN_{name}", None)
        os.environ["NOWSEEN_DATA"] = str(folder)
        if webhook_allow:
            os.environ["NOWSEEN_WEBHOOK_ALLOW"] = webhook_allow
        for tries_left in reversed(range(_PORT_TRIES)):
            broker, api, dashboard = free_ports(3)
            os.environ |= {
                "NOWSEEN_BROKER_PORT": str(broker),
                "NOWSEEN_API_PORT": str(api),
                "NOWSEEN_DASHBOARD_PORT": str(dashboard),
            }
            try:
                settings = load_settings()
                parts = up_parts(settings)
                check_ports(parts)
            except ConfigError:
                if not tries_left:
                    raise
                continue
            break
        yield settings, parts
    finally:
        os.environ.clear()
        os.environ.update(before)
