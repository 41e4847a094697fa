"""The endpoints about webhooks over the real service and a real broker; nobody listens where they go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.alerts import AlertRaised
from domain.incident_facts import IncidentFacts
from domain.served_hosts import ServedHosts
from domain.topology import Topology
from search.api_guards import add_guards
from search.api_webhooks import webhook_routes
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics
from streams.webhooks import (
    AllowedTargets,
    EndpointTopic,
    FailedTopic,
    KafkaJournal,
    SafeTargets,
    SecretFile,
    SystemClock,
    SystemResolver,
    WebhookSender,
    WebhookService,
)

JSON = {"Content-Type": "application/json"}
NOBODY = "http://127.0.0.1:1/T0KEN"


@pytest.fixture
async def service(tansu_broker: str, topology: Topology, tmp_path: Path) -> AsyncIterator[WebhookService]:
    kafka, name = KafkaSettings(tansu_broker), str(uuid4())
    mine = {known: f"{known}.{name}" for known in ("deliveries", "webhooks")}
    topics = {mine[known]: replace(topology.topics[known], name=mine[known]) for known in mine}
    await asyncio.to_thread(create_topics, kafka, replace(topology, topics=topics))
    secrets = SecretFile(tmp_path / "secrets.json")
    targets = SafeTargets(SystemResolver(), AllowedTargets.parse("127.0.0.1"))
    made = WebhookService(
        EndpointTopic(kafka, mine["webhooks"]), KafkaJournal(kafka, mine["deliveries"]),
        FailedTopic(kafka, mine["deliveries"]), secrets, targets, WebhookSender(targets, secrets), SystemClock(),
        lambda alert: alert.facts, lambda _: None,
    )  # fmt: skip
    await made.start()
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@pytest.fixture
async def ask(service: WebhookService) -> AsyncIterator[httpx.AsyncClient]:
    from fastapi import FastAPI

    api = FastAPI()
    add_guards(api, ServedHosts())
    api.include_router(webhook_routes(service))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://127.0.0.1:8600") as opened:
        yield opened


async def listed(ask: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await ask.get("/webhooks")
    assert answer.status_code == 200
    shown: list[dict[str, Any]] = answer.json()["webhooks"]
    return shown


async def test_a_secret_is_shown_once_and_an_address_never(ask: httpx.AsyncClient) -> None:
    made = await ask.post("/webhooks", json={"name": "ops", "url": NOBODY, "preset": "slack"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")

    assert await listed(ask) == [
        {
            "name": "ops", "host": "127.0.0.1:1", "preset": "slack", "pending": 0, "failures": 0, "last_failure": "",
            "disabled_because": None,
        }
    ]  # fmt: skip
    for path in ("/webhooks", "/webhooks/failed"):
        answer = (await ask.get(path)).text
        assert secret not in answer and "T0KEN" not in answer
    again = await ask.post("/webhooks/ops/secret", headers=JSON)
    assert again.status_code == 200 and again.json()["secret"] not in (None, secret)


async def test_mistakes_are_told(ask: httpx.AsyncClient) -> None:
    await ask.post("/webhooks", json={"name": "ops", "url": NOBODY})
    for new, why in (
        ({"name": "ops", "url": NOBODY}, "there is an endpoint ops"),
        ({"name": "a b", "url": NOBODY}, "can't be an endpoint's name"),
        ({"name": "a", "url": "http://10.0.0.1/T0KEN"}, "use https"),
        ({"name": "a", "url": NOBODY, "preset": "teams"}, "preset"),
        ({"name": "a", "url": NOBODY, "secret_variable": "NONE"}, "NONE holds no signing secret"),
        ({"name": "a"}, "url"),
    ):
        refused = await ask.post("/webhooks", json=new)
        assert refused.status_code == 400
        assert why in refused.json()["error"] and "T0KEN" not in refused.text
    assert [each["name"] for each in await listed(ask)] == ["ops"]


async def test_who_is_not_there_is_not_found(ask: httpx.AsyncClient) -> None:
    for method, path in (
        ("DELETE", "/webhooks/nobody"),
        ("POST", "/webhooks/nobody/test"),
        ("POST", "/webhooks/nobody/enable"),
        ("POST", "/webhooks/nobody/secret"),
        ("POST", "/webhooks/failed/nothing/replay"),
    ):
        answer = await ask.request(method, path, headers=JSON)
        assert (answer.status_code, "no" in answer.json()["error"]) == (404, True), path


async def test_no_foreign_page_changes_anything(ask: httpx.AsyncClient) -> None:
    await ask.post("/webhooks", json={"name": "ops", "url": NOBODY})
    for headers, status in (({"Origin": "https://foreign.example"} | JSON, 403), ({"Content-Type": "text/plain"}, 415)):
        for path in ("/webhooks", "/webhooks/test", "/webhooks/ops/test", "/webhooks/ops/secret"):
            assert (await ask.post(path, headers=headers, content="{}")).status_code == status


async def test_a_test_tells_why_nothing_arrived(ask: httpx.AsyncClient) -> None:
    await ask.post("/webhooks", json={"name": "ops", "url": NOBODY})
    told = (await ask.post("/webhooks/ops/test", headers=JSON)).json()

    assert told["is_delivered"] is False
    assert told["answer"].startswith("connection: ") and "T0KEN" not in told["answer"]
    assert (await ask.post("/webhooks/ops/enable", headers=JSON)).status_code == 204


async def test_an_address_can_be_tried_before_it_is_added(ask: httpx.AsyncClient) -> None:
    told = (await ask.post("/webhooks/test", json={"url": NOBODY, "preset": "slack"})).json()
    assert told["is_delivered"] is False
    assert told["answer"].startswith("connection: ") and "T0KEN" not in told["answer"]
    refused = await ask.post("/webhooks/test", json={"url": "http://10.0.0.1/T0KEN"})
    assert (refused.status_code, "T0KEN" in refused.text) == (400, False)
    assert await listed(ask) == []


async def test_what_was_given_up_on_is_listed_and_sent_again(ask: httpx.AsyncClient, service: WebhookService) -> None:
    facts = IncidentFacts("door", "incident-1", 2, "updated", 5.0, "lobby", 4.0, 5.0, "an open door")
    await service.tell([AlertRaised(facts, ("ops",))])
    async with asyncio.timeout(30):
        while not (failed := (await ask.get("/webhooks/failed")).json()["failed"]):  # noqa: ASYNC110  (as a person would)
            await asyncio.sleep(0.01)
    (letter,) = failed
    assert (letter["webhook"], letter["incident"], letter["update"], letter["attempts"]) == ("ops", "incident-1", 2, 1)
    assert letter["reason"] == "no endpoint: ops was removed" and "an open door" in letter["body"]

    await ask.post("/webhooks", json={"name": "ops", "url": NOBODY})
    assert (await ask.post(f"/webhooks/failed/{letter['id']}/replay", headers=JSON)).status_code == 204
    assert (await ask.get("/webhooks/failed")).json() == {"failed": []}
    assert [each["pending"] for each in await listed(ask)] == [1]
    assert (await ask.delete("/webhooks/ops")).status_code == 204
    assert await listed(ask) == []
