"""The demo's receiver of webhooks, over HTTP, told as the node tells."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from nowseen.demo_receiver import Receiver

SECRET = f"whsec_{b64encode(bytes(range(32))).decode()}"
BODY = json.dumps({"type": "incident.opened", "data": {"incident": "one"}})


def node(answer: httpx.Response) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url="http://node", transport=httpx.MockTransport(lambda _: answer))


def headers(secret: str) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(secret).sign("id", now, BODY)
    return {"webhook-id": "id", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}


async def test_only_what_is_genuine_counts() -> None:
    made = httpx.Response(201, json={"name": "demo", "secret": SECRET})
    async with Receiver() as receiver, node(made) as client, httpx.AsyncClient(trust_env=False) as sender:
        early = await sender.post(receiver.url, content=BODY, headers=headers(SECRET))
        assert await receiver.join(client) is None
        forged = await sender.post(receiver.url, content=BODY, headers=headers("whsec_" + "A" * 32))
        unsigned = await sender.post(receiver.url, content=BODY)
        assert [answer.status_code for answer in (early, forged, unsigned)] == [401, 401, 401]
        assert receiver.told == set()
        genuine = await sender.post(receiver.url, content=BODY, headers=headers(SECRET))
        assert genuine.status_code == 204
        assert (receiver.told, receiver.refused) == ({"one"}, 3)


async def test_a_node_that_will_not_tell_it_is_told_with_the_reason() -> None:
    refused = httpx.Response(422, json={"error": "127.0.0.1 is not allowed"})
    async with Receiver() as receiver, node(refused) as client:
        assert await receiver.join(client) == "the webhook could not be added: 127.0.0.1 is not allowed"
