"""Where a webhook may be sent. Who may add an endpoint must not thereby reach what only this machine can reach.

Against server-side request forgery (OWASP, "Server-Side Request Forgery Prevention"): the address is checked, not the
name, and the connection is made to the very address that was checked, so that a name which means something else a
moment later (DNS rebinding) changes nothing. All the addresses of a name have to be public: which of them is taken is
chance. What is inside can be allowed, by name, by whoever runs the node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from yarl import URL

from domain.errors import BadRequest, ConfigError
from domain.public_addresses import Address, why_not_public
from streams.webhooks.resolver import Resolver

_VARIABLE = "NOWSEEN_WEBHOOK_ALLOW"
_LONGEST_URL = 2_000
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252})")


class UnsafeTarget(BadRequest):
    """No webhook goes there. The message names the host and never the path: that may be a secret."""


@dataclass(frozen=True, slots=True)
class AllowedTargets:
    """Hosts that may be private, and reached without TLS: as they stand in an address, with a port or with any."""

    entries: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> AllowedTargets:
        """From "host[:port],...". Raises ConfigError with every entry that is wrong."""
        entries, mistakes = set(), []
        for entry in filter(None, (part.strip() for part in text.split(","))):
            try:
                entries.add(_host_and_port(entry))
            except ValueError:
                mistakes.append(
                    f"{_VARIABLE}: {entry[:80]!r} is not host or host:port, such as 127.0.0.1:8080 or [::1]"
                )
        if mistakes:
            raise ConfigError(mistakes)
        return cls(frozenset(entries))

    def allows(self, host: str, port: int) -> bool:
        return not self.entries.isdisjoint({(_canonical(host), port), (_canonical(host), None)})


@dataclass(frozen=True, slots=True)
class Target:
    """An address of the web and the IP addresses that it may be connected to, all of them checked."""

    url: URL = field(repr=False)
    addresses: tuple[Address, ...]


class SafeTargets:
    def __init__(self, resolver: Resolver, allowed: AllowedTargets) -> None:
        self._resolver = resolver
        self._allowed = allowed

    async def find(self, address: str) -> Target:
        """Asks for the host's addresses once. Raises UnsafeTarget, or OSError when the name has no address."""
        url = self.check(address)
        host, port = _host(url), _port(url)
        addresses = await self._addresses(host, port)
        if not addresses:
            raise OSError(f"{host} has no address")
        if not self._allowed.allows(host, port):
            for one in addresses:
                if (kind := why_not_public(one)) is not None:
                    raise UnsafeTarget(f"{host} has the address {one}, which is {kind}: {_how_to_allow(host, port)}")
        return Target(url, addresses)

    def check(self, address: str) -> URL:
        """What can be said of it without asking for the host's addresses. Raises UnsafeTarget."""
        if len(address) > _LONGEST_URL or re.search(r"[\x00-\x20\x7f]", address):
            raise UnsafeTarget(f"an endpoint's address has no spaces and at most {_LONGEST_URL} characters")
        try:
            url = URL(address)
            host, port = _host(url), _port(url)
        except ValueError as error:
            raise UnsafeTarget("it is no address: write it as https://host/path") from error
        if url.scheme not in ("http", "https"):
            raise UnsafeTarget(f"webhooks go to https addresses, not to {url.scheme[:20]!r}")
        if url.user is not None or url.password is not None:
            raise UnsafeTarget("an endpoint's address holds no user or password: put a token into its path or query")
        if not _HOST_NAME.fullmatch(host) and _literal(host) is None:
            raise UnsafeTarget(f"{host[:80]!r} is no host name")
        if url.scheme == "http" and not self._allowed.allows(host, port):
            raise UnsafeTarget(f"webhooks go to https addresses: use https, or {_how_to_allow(host, port)}")
        return url

    async def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        if (literal := _literal(host)) is not None:
            return (literal,)
        return await self._resolver.resolve(host, port)


def _host(url: URL) -> str:
    if not url.raw_host:
        raise ValueError("no host")
    return url.raw_host


def _port(url: URL) -> int:
    if not url.port:
        raise ValueError("no port")
    return url.port


def _host_and_port(entry: str) -> tuple[str, int | None]:
    if (literal := _literal(entry)) is not None:
        return str(literal), None
    url = URL(f"http://{entry}")
    if url.user is not None or url.raw_path_qs != "/" or url.raw_fragment or url.explicit_port == 0:
        raise ValueError("more than host and port")
    host = _canonical(_host(url))
    if not _HOST_NAME.fullmatch(host) and _literal(host) is None:
        raise ValueError("no host")
    return host, url.explicit_port


def _canonical(host: str) -> str:
    literal = _literal(host)
    return str(literal) if literal is not None else host.lower().removesuffix(".")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _how_to_allow(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"if webhooks may go there, add {name}:{port} to {_VARIABLE}"
