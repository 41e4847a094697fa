"""Which hosts a server of ours answers to.

A page on the internet can make a browser resolve its own name to 127.0.0.1 and then read from there as if from itself
(DNS rebinding). Such a request still carries the page's name in its Host header, so only known names are served.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, ip_address
from typing import TypeAlias

from domain.errors import ConfigError

# As ASGI gives them: names in lower case.
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

_HOST = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d*)?", re.IGNORECASE)
_LOOPBACK_IPV4, _LOOPBACK_IPV6 = IPv4Network("127.0.0.0/8"), IPv6Address("::1")
_SHOWN = 80  # characters of what somebody else wrote


class ServedHosts:
    """Decides by name or address, in any case and whatever the port. This machine's own names are always served."""

    def __init__(self, listens_on: str = "", allowed: str = "") -> None:
        """`listens_on` is the address of the server. `allowed` is NOWSEEN_ALLOWED_HOSTS: further hosts, with commas.

        Raises ConfigError when one of these is no host.
        """
        further = {entry: _host(entry) for entry in map(str.strip, allowed.split(",")) if entry}
        if mistakes := [entry for entry, host in further.items() if host is None]:
            raise ConfigError(
                [f"NOWSEEN_ALLOWED_HOSTS: {entry!r} is no host: write node.example or 192.0.2.7" for entry in mistakes]
            )
        self._hosts = {"localhost", _host(listens_on), *further.values()} - {None}

    def why_not(self, headers: Headers) -> str | None:
        """Says why a request with these headers is refused; None when it is served."""
        named = _all(headers, b"host")
        if self._serves(named):
            return None
        return f"the host {named[:_SHOWN]!r} is not served here: add it to NOWSEEN_ALLOWED_HOSTS"

    def why_not_from(self, headers: Headers) -> str | None:
        """Says why the page that sent a request with these headers may not; None when it may, and when none sent it."""
        origin = _all(headers, b"origin")
        if not origin or self._serves(origin.partition("://")[2]):
            return None
        return f"the page {origin[:_SHOWN]!r} may not use this: add its host to NOWSEEN_ALLOWED_HOSTS"

    def _serves(self, named: str) -> bool:
        found = _HOST.fullmatch(named)
        host = None if found is None else _host(found["host"])
        return host is not None and (host in self._hosts or _is_loopback(host))


def _host(text: str) -> str | None:
    """One spelling for all of the same host: `::1` and `[0:0::1]`, `LOCALHOST.` and `localhost`."""
    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        found = _HOST.fullmatch(text)
        return (found["host"].lower().removesuffix(".") or None) if found and found["host"] == text else None


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address == _LOOPBACK_IPV6 if isinstance(address, IPv6Address) else address in _LOOPBACK_IPV4


def _all(headers: Headers, wanted: bytes) -> str:
    # One that is sent twice is no host: servers behind this one might each believe another.
    return ", ".join(value.decode("latin-1") for name, value in headers if name == wanted)
