"""What stands before and behind every endpoint: who may ask, and how mistakes and faults are answered.

Only known hosts are served (domain/served_hosts.py says why). And any page may send forms and texts to 127.0.0.1,
though it can't read the answer: so those change nothing here.
"""

from __future__ import annotations

import logging
import re

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.endpoints import UnknownEndpoint
from domain.errors import BadEvent, BadRequest, ConfigError
from domain.failed_deliveries import UnknownDelivery
from domain.instants import BadInstant
from domain.query import QueryMistake
from domain.served_hosts import ServedHosts
from search.clips import BadClip
from search.request import BadQuery
from search.rules_at_work import UnknownRule
from search.speakers import UnknownSpeaker

_LOCAL_ORIGINS = r"http://(127\.0\.0\.1|localhost)(:\d+)?"
LARGEST_JSON_BYTES = 1_000_000
_READING = ("GET", "HEAD", "OPTIONS")
# What no form and no script elsewhere can send unless the browser asks us first (Fetch standard, "simple requests").
_DELIBERATE = re.compile(r"application/(json|octet-stream)|(audio|video|image)/.+")
_log = logging.getLogger(__name__)


class KnownHosts:
    """ASGI middleware: answers requests to `hosts`, and refuses the rest."""

    def __init__(self, app: ASGIApp, hosts: ServedHosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and (why_not := self._hosts.why_not(scope["headers"])):
            await _answer(400, why_not)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class DeliberateWrites:
    """ASGI middleware: refuses to change anything for a page that is not of this machine, or for a request that such a
    page could have made a browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _READING and (why_not := _not_deliberate(scope)):
            await _answer(*why_not)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class BoundedJson:
    """ASGI middleware: refuses a body of JSON larger than any question or command is, before it is in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _header(scope, b"content-type").lower().startswith("application/json"):
            await self._app(scope, receive, send)
            return
        taken = 0
        body: list[Message] = []
        while True:
            message = await receive()
            taken += len(message.get("body", b""))
            body.append(message)
            if taken > LARGEST_JSON_BYTES:
                await _answer(413, f"a body of JSON has {LARGEST_JSON_BYTES} bytes at most")(scope, receive, send)
                return
            if not message.get("more_body", False):
                break

        async def again() -> Message:
            return body.pop(0) if body else await receive()

        await self._app(scope, again, send)


def _not_deliberate(scope: Scope) -> tuple[int, str] | None:
    origin, content_type = _header(scope, b"origin"), _header(scope, b"content-type")
    if origin and not re.fullmatch(_LOCAL_ORIGINS, origin):
        return 403, f"the page {origin[:80]!r} may not change anything here"
    if scope["method"] == "POST" and not _DELIBERATE.fullmatch(content_type.partition(";")[0].strip().lower()):
        return 415, (
            "send it with the content type application/json, or media as image/..., audio/..., video/... or "
            "application/octet-stream: anything else could come from a foreign web page"
        )
    return None


def add_guards(app: FastAPI, hosts: ServedHosts) -> None:
    app.add_middleware(BoundedJson)
    app.add_middleware(DeliberateWrites)
    # The one added last stands outermost: a host that is not served learns nothing, not even of CORS.
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=_LOCAL_ORIGINS,
        allow_methods=["GET"],  # the dashboard asks from its server: no page needs to change anything
        expose_headers=["X-Clip-Start-Offset-S"],
    )
    app.add_middleware(KnownHosts, hosts=hosts)
    for mistake in (BadQuery, BadClip, BadInstant, BadEvent, BadRequest):
        app.add_exception_handler(mistake, _mistake)
    for unknown in (UnknownSpeaker, UnknownRule, UnknownEndpoint, UnknownDelivery):
        app.add_exception_handler(unknown, _unknown)
    app.add_exception_handler(QueryMistake, _pointed_at)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(ConfigError, _misconfigured)
    app.add_exception_handler(OSError, _unavailable)
    app.add_exception_handler(Exception, _fault)


async def _mistake(_: Request, error: Exception) -> JSONResponse:
    return _answer(400, str(error))


async def _pointed_at(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QueryMistake)  # noqa: S101  (registered for it alone)
    return JSONResponse({"error": str(error), "at": {"start": error.start, "end": error.end}}, 400)


async def _unknown(_: Request, error: Exception) -> JSONResponse:
    return _answer(404, str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it alone)
    # Where a mistake is: ("query", name of the parameter, and the position in a list), or ("body",) for all of it.
    return _answer(400, "; ".join(f"{mistake['loc'][:2][-1]}: {mistake['msg']}" for mistake in error.errors()))


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101  (registered for it alone)
    # The framework's own refusals say only "Not Found" or "Method Not Allowed".
    if isinstance(error, HTTPException):
        return _answer(error.status_code, str(error.detail), dict(error.headers or {}))
    message = f"{request.method} {request.url.path}: {error.detail}. /docs lists what can be asked."
    return _answer(error.status_code, message, dict(error.headers or {}))


async def _misconfigured(_: Request, error: Exception) -> JSONResponse:
    _log.error("answered 503: %s", error)
    return _answer(503, f"this node is not set up for that: {error}")


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    _log.warning("answered 503: %s: %s", type(error).__name__, error)
    return _answer(
        503, f"the store, the media archive or Kafka does not answer ({error}): try again shortly", {"Retry-After": "5"}
    )


async def _fault(_: Request, __: Exception) -> JSONResponse:
    # The framework raises the error again once this is sent, so that the server logs it.
    return _answer(500, "the node failed to answer this; its log says why")


def _answer(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status, headers=headers)


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")
