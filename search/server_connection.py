"""Where a Qdrant server is, and what it says when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import grpc  # type: ignore[import-untyped]  # ships no types
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse

from domain.errors import ConfigError

TIMEOUT_S = 10


@contextmanager
def answering(url: str) -> Iterator[None]:
    """What gRPC says, in words that tell a caller whether to try again."""
    try:
        yield
    except grpc.RpcError as error:
        code = error.code()
        if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
            raise ConfigError(f"the Qdrant server at {url} refuses the API key (NOWSEEN_QDRANT_API_KEY)") from error
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
            raise ConnectionError(
                f"the Qdrant server at {url} does not answer within {TIMEOUT_S} s ({error.details()})"
            ) from error
        raise
    except ResourceExhaustedResponse as error:
        raise ConnectionError(f"the Qdrant server at {url} is busy: {error.message}") from error


def address(url: str) -> tuple[str, int, bool]:
    """Host, HTTP port, and whether it is encrypted."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts.hostname, parts.port or 6333, parts.scheme == "https"
    except ValueError:
        pass
    raise ConfigError(f"{without_secrets(url)!r} is not a Qdrant server's URL, such as http://127.0.0.1:6333")


def without_secrets(url: str) -> str:
    address = urlsplit(url)
    return address._replace(netloc=address.netloc.rpartition("@")[2], query="").geturl()
