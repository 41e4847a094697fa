"""What has to be kept of deliveries, as records of a compacted topic: a key, and JSON with a version or, for what is
forgotten, no value at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.deliveries import Delivery, EndpointHealth, Forgotten, Kept, PendingDelivery, SettledDelivery
from domain.errors import BadEvent

_VERSION = 1


def encode_kept(one: Kept) -> tuple[bytes, bytes | None]:
    """Key and value."""
    key = one.key.encode()
    match one:
        case Forgotten():
            return key, None
        case PendingDelivery():
            return key, _json("pending", asdict(one.delivery) | {"attempts": one.attempts, "due_s": one.due_s})
        case SettledDelivery():
            return key, _json("settled", asdict(one))
        case EndpointHealth():
            return key, _json("health", asdict(one))


def decode_kept(key: bytes, value: bytes | None) -> Kept:
    """Raises BadEvent when it is not what this version writes."""
    try:
        if value is None:
            return Forgotten(key.decode())
        data = json.loads(value)
        if data["version"] != _VERSION:
            raise BadEvent(f"a record of deliveries has version {data['version']!r}; this version reads {_VERSION}")
        if (one := _read(data)).key != key.decode():
            raise ValueError(f"its key should be {one.key!r}")
        return one
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadEvent(f"a record of deliveries can't be read: {type(error).__name__}: {str(error)[:200]}") from error


def _read(data: Mapping[str, Any]) -> Kept:
    match data["is"]:
        case "pending":
            delivery = Delivery(
                _text(data, "endpoint"), _text(data, "incident"), _whole(data, "update"), _text(data, "content_type"),
                _text(data, "body"), _number(data, "queued_s"),
            )  # fmt: skip
            return PendingDelivery(delivery, _whole(data, "attempts"), _number(data, "due_s"))
        case "settled":
            ending = data["ending"]
            if ending not in ("delivered", "dead-lettered"):
                raise ValueError(f"ending is {ending!r}")
            return SettledDelivery(_text(data, "id"), _text(data, "endpoint"), _number(data, "settled_s"), ending)
        case "health":
            disabled_because = data["disabled_because"]
            return EndpointHealth(
                _text(data, "endpoint"), _whole(data, "failures"), _number(data, "not_before_s"),
                _text(data, "last_failure"), None if disabled_because is None else _text(data, "disabled_because"),
            )  # fmt: skip
        case unknown:
            raise ValueError(f"it is {unknown!r}")


def _json(name: str, fields: Mapping[str, Any]) -> bytes:
    return json.dumps({"version": _VERSION, "is": name, **fields}, allow_nan=False, separators=(",", ":")).encode()


def _text(data: Mapping[str, Any], name: str) -> str:
    if not isinstance(data[name], str):
        raise ValueError(f"{name!r} is not a string")
    return str(data[name])


def _whole(data: Mapping[str, Any], name: str) -> int:
    if isinstance(data[name], bool) or not isinstance(data[name], int):
        raise ValueError(f"{name!r} is not a whole number")
    return int(data[name])


def _number(data: Mapping[str, Any], name: str) -> float:
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name!r} is not a finite number")
    return float(value)
