"""What has to be kept of deliveries, as records of a compacted topic: a key, and JSON with a version or, for what is
forgotten, no value at all. The keys of dead letters, which a person looks after, begin otherwise than those of what the
delivery book remembers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from domain.deliveries import (
    Delivery,
    DeliveryDeadLettered,
    EndpointHealth,
    Forgotten,
    Kept,
    PendingDelivery,
    SettledDelivery,
)
from domain.errors import BadEvent

KEPT_KEYS = (b"delivery/", b"endpoint/")  # how they begin
FAILED_KEYS = b"failed/"

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
    with _understanding():
        if value is None:
            return Forgotten(key.decode())
        if (one := _kept(_fields(value))).key != key.decode():
            raise ValueError(f"its key should be {one.key!r}")
        return one


def failed_key(id: str) -> bytes:
    return FAILED_KEYS + id.encode()


def encode_failed(letter: DeliveryDeadLettered) -> tuple[bytes, bytes]:
    """Key and value."""
    fields = {"attempts": letter.attempts, "dead_lettered_s": letter.dead_lettered_s, "reason": letter.reason}
    return failed_key(letter.delivery.id), _json("failed", asdict(letter.delivery) | fields)


def decode_failed(key: bytes, value: bytes) -> DeliveryDeadLettered:
    """As decode_kept."""
    with _understanding():
        data = _fields(value)
        if data["is"] != "failed":
            raise ValueError(f"it is {data['is']!r}")
        letter = DeliveryDeadLettered(
            _delivery(data), _whole(data, "attempts"), _number(data, "dead_lettered_s"), _text(data, "reason")
        )
        if failed_key(letter.delivery.id) != key:
            raise ValueError(f"its key should be {failed_key(letter.delivery.id)!r}")
        return letter


@contextmanager
def _understanding() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadEvent(f"a record of deliveries can't be read: {type(error).__name__}: {str(error)[:200]}") from error


def _fields(value: bytes) -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(value)
    if data["version"] != _VERSION:
        raise BadEvent(f"a record of deliveries has version {data['version']!r}; this version reads {_VERSION}")
    return data


def _delivery(data: Mapping[str, Any]) -> Delivery:
    return Delivery(
        _text(data, "endpoint"), _text(data, "incident"), _whole(data, "update"), _text(data, "content_type"),
        _text(data, "body"), _number(data, "queued_s"),
    )  # fmt: skip


def _kept(data: Mapping[str, Any]) -> Kept:
    match data["is"]:
        case "pending":
            return PendingDelivery(_delivery(data), _whole(data, "attempts"), _number(data, "due_s"))
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
