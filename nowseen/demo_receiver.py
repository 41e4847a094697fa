"""A receiver of webhooks for `demo --check`: on this machine alone, and only what is genuine counts."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

HOST = "127.0.0.1"  # allowed by name where the node runs: webhooks don't go to private addresses otherwise
NAME = "demo"


class Receiver:
    """`async with Receiver() as receiver`; then `join` makes the node tell it."""

    def __init__(self) -> None:
        self.told: set[str] = set()  # ids of incidents
        self.refused = 0  # requests that were not genuine
        self._webhook: Webhook | None = None
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        self._site: web.TCPSite | None = None

    async def __aenter__(self) -> Receiver:
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, HOST, 0)
        await self._site.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        (address,) = self._runner.addresses
        return f"http://{HOST}:{address[1]}/"

    async def join(self, client: httpx.AsyncClient) -> str | None:
        """None when the node knows the receiver as NAME, else why not."""
        try:
            answer = await client.post("/webhooks", json={"name": NAME, "url": self.url})
            made: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError) as error:  # ValueError: what came is not JSON
            return f"the webhook could not be added: {str(error) or type(error).__name__}"
        if not answer.is_success:
            return f"the webhook could not be added: {made['error']}"
        self._webhook = Webhook(made["secret"])
        return None

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            if self._webhook is None:
                raise WebhookVerificationError("nobody was given the secret yet")
            told = self._webhook.verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.refused += 1
            return web.Response(status=401)
        self.told.add(told["data"]["incident"])
        return web.Response(status=204)
