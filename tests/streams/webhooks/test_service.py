"""Webhooks as a whole, over a real broker, real HTTP and a folder: what a person does, and what a restart leaves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from domain.alerts import AlertRaised
from domain.deliveries import Delivery, DeliveryAttempted, DeliveryDeadLettered, DeliveryEvent
from domain.delivery_outcomes import Answered, Outcome, Unanswered
from domain.endpoints import Endpoint, UnknownEndpoint
from domain.errors import BadRequest
from domain.failed_deliveries import UnknownDelivery
from domain.incident_facts import IncidentFacts
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics
from streams.webhooks import (
    AllowedTargets,
    EndpointTopic,
    FailedTopic,
    KafkaJournal,
    SafeTargets,
    SecretFile,
    SigningSecret,
    SystemClock,
    SystemResolver,
    WebhookSender,
    WebhookService,
)
from tests.streams.webhooks.conftest import Received, StartReceiver, answer

LONGEST_S = 30.0
counted: list[DeliveryEvent] = []


@pytest.fixture(autouse=True)
def _count_anew() -> None:
    counted.clear()


def alert(number: int, *webhooks: str) -> AlertRaised:
    facts = IncidentFacts("door", f"incident-{number}", 0, "opened", 5.0, "lobby", 4.0, 5.0, "an open door")
    return AlertRaised(facts, webhooks or ("ops",), thumbnail_key="lobby/thumbnails/5000.jpg")


def show(alert: AlertRaised) -> IncidentFacts:
    return replace(alert.facts, thumbnail_url=f"https://node.example/{alert.thumbnail_key}")


class Open(Protocol):
    def __call__(self, **environment: str) -> contextlib.AbstractAsyncContextManager[WebhookService]: ...


@pytest.fixture
def forgetful_open(tansu_broker: str, topology: Topology, tmp_path: Path) -> Open:
    """Each time with topics of its own, as after a broker in memory went away; the folder stays."""

    def opened(**environment: str) -> contextlib.AbstractAsyncContextManager[WebhookService]:
        return _opened(KafkaSettings(tansu_broker), topology, tmp_path, str(uuid4()), environment)

    return opened


@pytest.fixture
def open_service(tansu_broker: str, topology: Topology, tmp_path: Path) -> Open:
    """Each time as a new process would, after the one before it has ended."""
    name = str(uuid4())

    def opened(**environment: str) -> contextlib.AbstractAsyncContextManager[WebhookService]:
        return _opened(KafkaSettings(tansu_broker), topology, tmp_path, name, environment)

    return opened


@contextlib.asynccontextmanager
async def _opened(
    kafka: KafkaSettings, topology: Topology, folder: Path, name: str, environment: dict[str, str]
) -> AsyncIterator[WebhookService]:
    mine = {known: f"{known}.{name}" for known in ("deliveries", "webhooks")}
    topics = {mine[known]: replace(topology.topics[known], name=mine[known]) for known in mine}
    await asyncio.to_thread(create_topics, kafka, replace(topology, topics=topics))
    secrets = SecretFile(folder / "secrets.json", environment)
    resolver = SystemResolver()
    targets = SafeTargets(resolver, AllowedTargets.parse("127.0.0.1"))
    service = WebhookService(
        EndpointTopic(kafka, mine["webhooks"]),
        KafkaJournal(kafka, mine["deliveries"]),
        FailedTopic(kafka, mine["deliveries"]),
        secrets,
        targets,
        WebhookSender(targets, secrets),
        SystemClock(),
        show,
        counted.append,
    )
    await service.start()
    running = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        resolver.close()


async def failures(service: WebhookService, count: int) -> list[str]:
    """The ids of what was given up on, once there are so many."""
    async with asyncio.timeout(LONGEST_S):
        while len(service.failed()) != count:  # noqa: ASYNC110  (there is no event for it)
            await asyncio.sleep(0.01)
    return [letter.delivery.id for letter in service.failed()]


async def nothing_waits(service: WebhookService, name: str) -> None:
    async with asyncio.timeout(LONGEST_S):
        while service.pending(name):  # noqa: ASYNC110  (likewise)
            await asyncio.sleep(0.01)


async def test_an_alert_reaches_the_endpoint_it_names_signed_with_the_secret_shown_once(
    open_service: Open, start_receiver: StartReceiver
) -> None:
    receiver, other = await start_receiver(), await start_receiver()
    async with open_service() as service:
        secret = await service.add(Endpoint("ops", receiver.url()))
        await service.add(Endpoint("other", other.url()))
        await service.tell([alert(1), alert(1, "ops", "ops")])
        await service.tell([alert(1)])
        await receiver.has(1)
        await nothing_waits(service, "ops")
        assert [endpoint.name for endpoint in service.endpoints()] == ["ops", "other"]
    async with open_service() as service:  # the next process has the endpoint, its secret and what was told
        await service.tell([alert(1), alert(2)])
        first, second = await receiver.has(2)
        await nothing_waits(service, "ops")

    assert secret is not None and secret.startswith("whsec_")
    told = Webhook(secret).verify(first.body, first.headers)
    assert (told["type"], told["data"]["incident"]) == ("incident.opened", "incident-1")
    assert told["data"]["thumbnail_url"] == "https://node.example/lobby/thumbnails/5000.jpg"
    assert Webhook(secret).verify(second.body, second.headers)["data"]["incident"] == "incident-2"
    assert len(receiver.requests) == 2 and other.requests == []


async def test_what_could_not_be_told_is_sent_again_under_its_id_when_a_person_wants_it(
    open_service: Open, start_receiver: StartReceiver
) -> None:
    receiver = await start_receiver()
    async with open_service() as service:
        await service.tell([alert(1), alert(2)])  # before its endpoint is there
        ids = await failures(service, 2)
        await nothing_waits(service, "ops")
        assert sorted(type(event).__name__ for event in counted) == [
            *[DeliveryAttempted.__name__] * 2, *[DeliveryDeadLettered.__name__] * 2,
        ]  # fmt: skip
        await service.replay(ids[0])
        assert set(await failures(service, 2)) == set(ids)  # it failed again, and is not lost
    async with open_service() as service:
        assert set(await failures(service, 2)) == set(ids)
        await service.add(Endpoint("ops", receiver.url()))
        await service.replay(ids[0])
        (request,) = await receiver.has(1)
        await nothing_waits(service, "ops")
    async with open_service() as service:
        assert await failures(service, 1) == ids[1:]
        with pytest.raises(UnknownDelivery, match=ids[0]):
            await service.replay(ids[0])

    assert request.headers["webhook-id"] == ids[0]
    assert len(receiver.requests) == 1


async def test_what_waits_for_a_removed_endpoint_is_given_up(open_service: Open, start_receiver: StartReceiver) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def be_busy_later(received: Received, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go_on.wait()
        await answer("422 Unfit")(received, writer)

    receiver = await start_receiver(be_busy_later)
    async with open_service() as service:
        await service.add(Endpoint("ops", receiver.url()))
        await service.tell([alert(number) for number in range(4)])
        async with asyncio.timeout(LONGEST_S):
            await arrived.wait()
        await service.remove("ops")
        assert service.endpoints() == []
        go_on.set()
        await failures(service, 4)
    async with open_service() as service:
        assert service.endpoints() == []
        assert await service.add(Endpoint("ops", receiver.url())) is not None


async def test_who_is_gone_is_told_again_once_enabled_or_added_anew(
    open_service: Open, start_receiver: StartReceiver
) -> None:
    gone, ok = answer("410 Gone"), answer("200 OK")
    receiver = await start_receiver(gone, ok, gone, ok)
    async with open_service() as service:
        await service.add(Endpoint("ops", receiver.url()))
        for number in (0, 2):
            await service.tell([alert(number)])
            await failures(service, number // 2 + 1)
            assert service.health("ops").disabled_because == "answered 410"
            if number == 0:
                await service.enable("ops")
            else:
                await service.remove("ops")
                await service.add(Endpoint("ops", receiver.url()))
            assert service.health("ops").disabled_because is None
            await service.tell([alert(number + 1)])
            await receiver.has(number + 2)
            await nothing_waits(service, "ops")


async def test_a_test_says_what_the_receiver_answered_and_leaves_nothing(
    open_service: Open, start_receiver: StartReceiver
) -> None:
    receiver = await start_receiver(answer("200 OK"), answer("500 No", body=b"out of order"))
    async with open_service() as service:
        secret = await service.add(Endpoint("ops", receiver.url(), "plain"))
        outcomes: list[Outcome] = [await service.test("ops") for _ in range(2)]
        await service.add(Endpoint("nobody", "http://127.0.0.1:1/"))
        nobody = await service.test("nobody")
        assert service.failed() == [] and service.pending("ops") == 0

    assert outcomes == [Answered(200), Answered(500, excerpt="out of order")]
    assert isinstance(nobody, Unanswered) and nobody.kind == "connection"
    assert secret is not None
    first, second = receiver.requests
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    Webhook(secret).verify(first.body, first.headers, json_parse=False)


async def test_an_address_is_tried_with_its_own_secret_or_with_one_that_is_forgotten(
    open_service: Open, start_receiver: StartReceiver, tmp_path: Path
) -> None:
    receiver = await start_receiver(answer("200 OK"))
    async with open_service() as service:
        strange = await service.test_address(receiver.url(), "plain")
        kept = (tmp_path / "secrets.json").read_text()
        secret = await service.add(Endpoint("ops", receiver.url()))
        known = await service.test_address(receiver.url(), "plain")
        with pytest.raises(BadRequest):
            await service.test_address("http://192.0.2.1/hook", "plain")
        assert [endpoint.name for endpoint in service.endpoints()] == ["ops"]

    assert strange == known == Answered(200)
    assert "test-" not in kept
    first, second = receiver.requests
    assert first.headers["content-type"].startswith("text/plain") and first.headers["webhook-signature"]
    assert secret is not None
    assert Webhook(secret).verify(second.body, second.headers)["data"]["rule"] == "Test"


async def test_what_is_set_up_wrongly_is_refused_and_leaves_nothing(open_service: Open) -> None:
    async with open_service(GOOD=SigningSecret(bytes(32)).reveal(), BAD="nonsense") as service:
        await service.add(Endpoint("ops", "https://receiver.example/"))
        for endpoint, why in (
            (Endpoint("ops", "https://other.example/"), "there is an endpoint ops"),
            (Endpoint("a", "http://receiver.example/T0KEN"), "use https"),
            (Endpoint("a", "https://receiver.example/T0KEN", secret_variable="NONE"), "NONE holds no"),  # noqa: S106
            (Endpoint("a", "https://receiver.example/T0KEN", secret_variable="BAD"), "whsec_"),  # noqa: S106
        ):
            with pytest.raises(BadRequest, match=why) as refused:
                await service.add(endpoint)
            assert "T0KEN" not in str(refused.value) and "nonsense" not in str(refused.value)
        for act in (service.remove, service.enable, service.test, service.replace_secret):
            with pytest.raises(UnknownEndpoint, match="'nobody'"):
                await act("nobody")
        assert await service.add(Endpoint("b", "https://receiver.example/", secret_variable="GOOD")) is None  # noqa: S106
        with pytest.raises(BadRequest, match="no signing secret of ours"):
            await service.replace_secret("b")
        assert [endpoint.name for endpoint in service.endpoints()] == ["b", "ops"]
    async with open_service() as service:
        assert [endpoint.name for endpoint in service.endpoints()] == ["b", "ops"]


async def test_a_replaced_secret_signs_beside_the_old_one(open_service: Open, start_receiver: StartReceiver) -> None:
    receiver = await start_receiver()
    async with open_service() as service:
        old = await service.add(Endpoint("ops", receiver.url()))
        new = await service.replace_secret("ops")
        await service.tell([alert(1)])
        (request,) = await receiver.has(1)
        await nothing_waits(service, "ops")

    assert old is not None and old != new
    for secret in (old, new):
        Webhook(secret).verify(request.body, request.headers)


async def test_an_endpoint_the_broker_forgot_can_be_added_again(forgetful_open: Open) -> None:
    async with forgetful_open() as service:
        first = await service.add(Endpoint("ops", "https://receiver.example/"))
    async with forgetful_open() as service:
        assert service.endpoints() == []
        assert await service.add(Endpoint("ops", "https://receiver.example/")) != first


async def test_a_name_that_no_endpoint_can_have_is_passed_over(
    open_service: Open, start_receiver: StartReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = await start_receiver()
    async with open_service() as service:
        await service.add(Endpoint("ops", receiver.url()))
        await service.tell([alert(1, "no such name", "ops")])
        await receiver.has(1)
        await nothing_waits(service, "ops")
        assert service.failed() == []

    assert "'no such name'" in caplog.text
    assert Delivery("ops", "incident-1", 0, "", "", 0.0).id == receiver.requests[0].headers["webhook-id"]
