"""The endpoints' signing secrets: in a file of the data folder that nobody else may read, or in the environment."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.endpoints import Endpoint
from domain.errors import BadRequest, ConfigError
from streams.webhooks.private_file import read_private, write_private
from streams.webhooks.signing_secret import SigningSecret

OLD_SECRET_S = 24 * 3600.0  # how long one that was replaced still signs, beside the new one


@dataclass(frozen=True, slots=True)
class _Kept:
    secret: SigningSecret
    until_s: float | None  # None: until it is replaced


class SecretFile:
    """Methods block. Thread-safe; of several processes one may write."""

    def __init__(self, path: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._path = path
        self._environment = environment
        self._lock = threading.Lock()

    def make(self, endpoint: str) -> SigningSecret:
        """A new one for an endpoint that has none. Raises BadRequest when it has: that is `replace`'s."""
        with self._lock:
            kept = self._read()
            if endpoint in kept:
                raise BadRequest(
                    f"{endpoint} has a signing secret: replace it, and its receiver can change in its time"
                )
            secret = SigningSecret.make()
            self._write(kept | {endpoint: [_Kept(secret, None)]})
            return secret

    def replace(self, endpoint: str, now_s: float) -> SigningSecret:
        """A new one; the old one signs beside it for a day, so that nothing is refused while the receiver changes."""
        with self._lock:
            kept = self._read()
            old = [one for one in kept.get(endpoint, []) if one.until_s is None]
            if not old:
                raise BadRequest(f"{endpoint} has no signing secret of ours to replace")
            secret = SigningSecret.make()
            self._write(kept | {endpoint: [_Kept(secret, None), _Kept(old[0].secret, now_s + OLD_SECRET_S)]})
            return secret

    def remove(self, endpoint: str) -> None:
        with self._lock:
            kept = self._read()
            if kept.pop(endpoint, None) is not None:
                self._write(kept)

    def of(self, endpoint: Endpoint, now_s: float) -> list[SigningSecret]:
        """Those that sign now, the newest first. Raises ConfigError when there is none or it can't be read.

        A variable of the environment may hold two, with a space between, while they are being replaced.
        """
        if endpoint.secret_variable is not None:
            text = self._environment.get(endpoint.secret_variable, "")
            found = [SigningSecret.parse(one) for one in text.split()]
        else:
            kept = self._read().get(endpoint.name, [])
            found = [one.secret for one in kept if one.until_s is None or now_s < one.until_s]
        if not found:
            where = endpoint.secret_variable or self._path
            raise ConfigError(f"{where} holds no signing secret for the endpoint {endpoint.name}")
        return found

    def _read(self) -> dict[str, list[_Kept]]:
        content = read_private(self._path)
        if content is None:
            return {}
        try:
            return {
                str(endpoint): [_Kept(SigningSecret.parse(secret), until_s) for secret, until_s in kept]
                for endpoint, kept in json.loads(content).items()
            }
        except (ValueError, TypeError, AttributeError):
            # Without the cause: a parser's message shows what stands around the mistake.
            raise ConfigError(f"{self._path} is damaged: restore it, or remove it and make new secrets") from None

    def _write(self, kept: Mapping[str, list[_Kept]]) -> None:
        fields = {endpoint: [(one.secret.reveal(), one.until_s) for one in those] for endpoint, those in kept.items()}
        write_private(self._path, json.dumps(fields, indent=1).encode())
