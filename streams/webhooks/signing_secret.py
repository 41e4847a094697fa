"""What receivers know our webhooks by: a secret, and what is signed with it (Standard Webhooks 1.0.0)."""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import UTC, datetime

from standardwebhooks import Webhook

from domain.errors import ConfigError

_PREFIX = "whsec_"
_BYTES = 32  # the specification asks for 24 to 64
_LEAST_BYTES, _MOST_BYTES = 24, 64


class SigningSecret:
    """Never in a log: neither str() nor repr() tells it, `reveal` alone does."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
            raise ConfigError(f"a signing secret has {_LEAST_BYTES} to {_MOST_BYTES} bytes, this one {len(key)}")
        self._key = key

    @classmethod
    def make(cls) -> SigningSecret:
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def parse(cls, text: str) -> SigningSecret:
        """From whsec_ and base64. Raises ConfigError, which does not repeat it."""
        try:
            if not text.startswith(_PREFIX):
                raise ValueError("no prefix")
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (ValueError, binascii.Error):
            # Without the cause: its message might hold a part of the secret.
            raise ConfigError(f"a signing secret is {_PREFIX} followed by base64, and what was given is not") from None
        return cls(key)

    def reveal(self) -> str:
        """As the receiver needs it. For a person, once."""
        return _PREFIX + base64.b64encode(self._key).decode()

    def sign(self, id: str, when_s: int, body: str) -> str:
        """One signature of the header webhook-signature. `when_s` is the header webhook-timestamp."""
        return Webhook(self._key).sign(id, datetime.fromtimestamp(when_s, UTC), body)

    def __repr__(self) -> str:
        return "SigningSecret(hidden)"
