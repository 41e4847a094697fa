"""Endpoints as records of a compacted topic: the name as key, and JSON with a version; no value once it was removed.

Their secrets are not among it: whoever may read the topic must not be able to sign.
"""

from __future__ import annotations

import json
from typing import Any

from domain.endpoints import Endpoint
from domain.errors import BadEvent, BadRequest

_VERSION = 1


def encode_endpoint(endpoint: Endpoint) -> tuple[bytes, bytes]:
    """Key and value."""
    fields = {
        "version": _VERSION,
        "url": endpoint.url,
        "preset": endpoint.preset,
        "secret_variable": endpoint.secret_variable,
    }
    return endpoint.name.encode(), json.dumps(fields, separators=(",", ":")).encode()


def decode_endpoint(key: bytes, value: bytes) -> Endpoint:
    """Raises BadEvent when it is not what this version writes. Its message does not repeat the address."""
    try:
        fields: dict[str, Any] = json.loads(value)
        if fields["version"] != _VERSION:
            raise ValueError("it is of another version")
        url, variable = fields["url"], fields["secret_variable"]
        if not isinstance(url, str) or not (variable is None or isinstance(variable, str)):
            raise ValueError("its address or its variable is no text")
        return Endpoint(key.decode(), url, fields["preset"], variable)
    except json.JSONDecodeError:
        raise BadEvent("an endpoint can't be read: it is not JSON") from None
    except (KeyError, TypeError, ValueError, RecursionError, BadRequest) as error:
        raise BadEvent(f"an endpoint can't be read: {type(error).__name__}: {str(error)[:200]}") from error
