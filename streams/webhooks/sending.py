"""One attempt: the request is signed, sent to a checked address and answered, or not, in bounded time and size.

It knows no proxy, no cookies and no redirects, reuses no connection, so that none stays open to a host that was checked
long ago, and unpacks nothing. The status decides; of the answer's body no more is read than helps a person to see what
was wrong.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from domain.deliveries import Delivery
from domain.delivery_outcomes import Answered, Outcome, Unanswered
from domain.endpoints import Endpoint
from domain.errors import ConfigError
from streams.webhooks.safe_target import SafeTargets, Target, UnsafeTarget
from streams.webhooks.signing_secret import SigningSecret

_EXCERPT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class SendOptions:
    """The specification advises 15 to 30 s. Less frees the places that dead receivers hold, and a receiver that answers
    before it does its work needs a fraction of one."""

    longest_s: float = 10.0  # for everything: the name, the connection, the answer however slowly it drips
    largest_answer: int = 64 * 1024  # bytes; what comes after is not read


class Secrets(Protocol):
    def of(self, endpoint: Endpoint, now_s: float) -> Sequence[SigningSecret]:
        """Those that sign now, one or more. Raises ConfigError when there is none. Blocks."""
        ...


class Sender(Protocol):
    async def send(self, endpoint: Endpoint, delivery: Delivery, now_s: float) -> Outcome:
        """Never raises for what a receiver does or fails to do. `now_s` is signed with the delivery (Unix seconds)."""
        ...


class WebhookSender:
    """A Sender that sends. `tls` is for receivers whose certificates nobody else knows; None trusts what is usual, or
    what SSL_CERT_FILE and SSL_CERT_DIR name."""

    def __init__(
        self,
        targets: SafeTargets,
        secrets: Secrets,
        options: SendOptions | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._targets = targets
        self._secrets = secrets
        self._options = options or SendOptions()
        self._tls = tls or ssl.create_default_context()

    async def send(self, endpoint: Endpoint, delivery: Delivery, now_s: float) -> Outcome:
        answered: list[Answered] = []  # its status may be known when the time is up
        try:
            async with asyncio.timeout(self._options.longest_s):
                target = await self._targets.find(endpoint.url)
                signing = await asyncio.to_thread(self._secrets.of, endpoint, now_s)
                await self._post(target, delivery, _headers(delivery, signing, int(now_s)), answered)
        except (UnsafeTarget, ConfigError) as error:
            return Unanswered("refused", str(error))
        except TimeoutError:
            if not answered:
                return Unanswered("timeout", f"no answer within {self._options.longest_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if not answered:
                return Unanswered("connection", _explain(error))
        return answered[-1]

    async def _post(
        self, target: Target, delivery: Delivery, headers: dict[str, str], answered: list[Answered]
    ) -> None:
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(target), ssl=self._tls, force_close=True, use_dns_cache=False, limit=1
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding"),
                timeout=aiohttp.ClientTimeout(total=None),  # there is one around all of it
            ) as session,
            session.post(target.url, data=delivery.body.encode(), headers=headers, allow_redirects=False) as response,
        ):
            retry_after = response.headers.get("Retry-After")
            answered.append(Answered(response.status, retry_after))
            body = await _read(response, self._options.largest_answer)
            if not response.ok:
                answered.append(Answered(response.status, retry_after, _excerpt(body)))


class _Pinned(AbstractResolver):
    """Answers with the addresses that were checked, and asks nobody. An address that is written out is not resolved."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host.removesuffix(".") != (self._target.url.raw_host or "").removesuffix("."):
            raise OSError("a connection to another host than the one that was checked")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._target.addresses
        ]

    async def close(self) -> None:
        """It holds nothing."""


def _headers(delivery: Delivery, signing: Sequence[SigningSecret], when_s: int) -> dict[str, str]:
    return {
        "Content-Type": delivery.content_type,
        "User-Agent": "Nowseen",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(when_s),
        "webhook-signature": " ".join(secret.sign(delivery.id, when_s, delivery.body) for secret in signing),
    }


async def _read(response: aiohttp.ClientResponse, largest: int) -> bytes:
    body = b""
    while len(body) < largest and (chunk := await response.content.read(largest - len(body))):
        body += chunk
    return body


def _excerpt(body: bytes) -> str:
    text = body[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", "replace")
    return "".join(one if one.isprintable() else " " for one in text).strip()[:_EXCERPT_CHARACTERS]


def _explain(error: Exception) -> str:
    """Without the endpoint's address, which aiohttp puts into some of its messages: its path may be a secret."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is not accepted: {error.certificate_error}"
        case aiohttp.ClientConnectorError():
            return str(error.os_error)
        case aiohttp.ServerDisconnectedError():
            return "it closed the connection without an answer"
        case aiohttp.ClientResponseError():
            return "its answer is not HTTP, or its headers are too large"
        case OSError():
            return str(error)
        case _:
            return type(error).__name__
