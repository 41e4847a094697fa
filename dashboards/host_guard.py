"""What stands before the page: who may ask for it, over HTTP and over its WebSocket."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.served_hosts import ServedHosts

_READING = ("GET", "HEAD", "OPTIONS")


class HostGuard:
    """ASGI middleware: answers requests to `hosts` as the search node does, and refuses the rest.

    A browser lets any page open a WebSocket to anywhere, read from it, and send files. So for those the page that asks
    must be of these hosts too.
    """

    def __init__(self, app: ASGIApp, hosts: ServedHosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif why_not := self._hosts.why_not(scope["headers"]):
            await JSONResponse({"error": why_not}, 400)(scope, receive, send)
        elif scope.get("method") not in _READING and (why_not := self._hosts.why_not_from(scope["headers"])):
            await JSONResponse({"error": why_not}, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
