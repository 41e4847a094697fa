"""From what came back to an answer, or to the error that says why there is none. No I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from nowseen.client.errors import NodeDown, NodeRefused, Place

Model = TypeVar("Model", bound=BaseModel)
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_NOT_OURS = "is this the address of a Nowseen node?"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    body: bytes


def model(reply: Reply, shape: type[Model]) -> Model:
    """Raises NodeDown, NodeRefused."""
    check(reply)
    try:
        return shape.model_validate_json(reply.body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        raise NodeDown(
            f"what answered says something else ({where}: {first['msg']}): {_NOT_OURS}", reply.status
        ) from error


def media(reply: Reply, kind: str) -> bytes:
    """`kind` is "video" or "image". Raises NodeDown, NodeRefused."""
    check(reply)
    sent = reply.content_type.partition(";")[0]
    if not sent.startswith(f"{kind}/"):
        raise NodeDown(f"what answered sent {sent or 'nothing'} for {kind}: {_NOT_OURS}", reply.status)
    return reply.body


def check(reply: Reply) -> None:
    """Raises NodeDown or NodeRefused unless it is a success."""
    if 200 <= reply.status < 300:
        return
    reason, at = _reason(reply)
    if 400 <= reply.status < 500 and reply.status not in _PASSING:
        if reason is not None:
            raise NodeRefused(reason, reply.status, at)
        # A proxy with logins stands before the node: no second try gets past it.
        if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise NodeRefused(f"not allowed ({_named(reply.status)}): a login goes into `headers`", reply.status)
    if reply.status < 500 and reason is None:
        reason = _NOT_OURS
    raise NodeDown(f"the node answered {_named(reply.status)}" + (f": {reason}" if reason else ""), reply.status)


def _reason(reply: Reply) -> tuple[str | None, Place | None]:
    try:
        said = json.loads(reply.body)
    except ValueError:
        return None, None
    if not isinstance(said, dict) or not isinstance(said.get("error"), str):
        return None, None
    match said.get("at"):
        case {"start": int(start), "end": int(end)}:
            return said["error"], Place(start, end)
    return said["error"], None


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
