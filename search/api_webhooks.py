"""Endpoints about webhooks: who is told of incidents, whether they can be reached, and what could not be told."""

from __future__ import annotations

from typing import Annotated, Protocol
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from domain.deliveries import DeliveryDeadLettered, EndpointHealth
from domain.delivery_outcomes import Outcome, explain, judge
from domain.endpoints import Endpoint, Preset
from search.api_models import NOT_FOUND


class Webhooks(Protocol):
    """The writing side. All of it belongs to the API's event loop; what changes something is kept when it returns, and
    raises OSError when it can't be."""

    def endpoints(self) -> list[Endpoint]: ...

    def health(self, name: str) -> EndpointHealth: ...

    def pending(self, name: str) -> int: ...

    async def add(self, endpoint: Endpoint) -> str | None:
        """Returns its secret, unless the environment holds it. Raises BadRequest."""
        ...

    async def remove(self, name: str) -> None:
        """This and all below raise UnknownEndpoint."""
        ...

    async def enable(self, name: str) -> None: ...

    async def replace_secret(self, name: str) -> str: ...

    async def test(self, name: str) -> Outcome: ...

    async def test_address(self, url: str, preset: Preset) -> Outcome:
        """Of an endpoint that there is, or might be. Raises BadRequest where no webhook may go."""
        ...

    def failed(self) -> list[DeliveryDeadLettered]:
        """The newest first."""
        ...

    async def replay(self, id: str) -> None:
        """Raises UnknownDelivery."""
        ...


class NewWebhook(BaseModel):
    name: str = Field(description="what rules call it: letters, digits, '.', '_' and '-'")
    url: str = Field(description="https://host/path")
    preset: Preset = Field("standard", description="what is sent: JSON, a message for a chat, or plain text")
    secret_variable: str | None = Field(
        None, description="an environment variable of the node that holds its secret; else one is made"
    )


class AddressModel(BaseModel):
    url: str = Field(description="https://host/path; of a webhook that there is, or might be")
    preset: Preset = Field("standard", description="of one that there is not")


class WebhookModel(BaseModel):
    name: str
    host: str = Field(description="of its address; the rest may be a secret and is not shown")
    preset: Preset
    pending: int = Field(description="deliveries that wait or are under way")
    failures: int = Field(description="attempts that failed, in a row")
    last_failure: str
    disabled_because: str | None = Field(description="nothing is sent to it until it is enabled again")

    @staticmethod
    def of(endpoint: Endpoint, health: EndpointHealth, pending: int) -> WebhookModel:
        return WebhookModel(
            name=endpoint.name,
            host=urlsplit(endpoint.url).netloc,
            preset=endpoint.preset,
            pending=pending,
            failures=health.failures,
            last_failure=health.last_failure,
            disabled_because=health.disabled_because,
        )


class WebhooksModel(BaseModel):
    webhooks: list[WebhookModel]


class SecretModel(BaseModel):
    name: str
    secret: str | None = Field(description="what its receiver verifies with, shown this once; null: the environment's")


class OutcomeModel(BaseModel):
    is_delivered: bool
    answer: str = Field(description="what the receiver answered, or why it did not")


class FailedModel(BaseModel):
    id: str = Field(description="the webhook-id")
    webhook: str
    incident: str
    update: int
    attempts: int
    failed_s: float = Field(description="when it was given up on (Unix seconds)")
    reason: str
    body: str

    @staticmethod
    def of(letter: DeliveryDeadLettered) -> FailedModel:
        delivery = letter.delivery
        return FailedModel(
            id=delivery.id,
            webhook=delivery.endpoint,
            incident=delivery.incident,
            update=delivery.update,
            attempts=letter.attempts,
            failed_s=letter.dead_lettered_s,
            reason=letter.reason,
            body=delivery.body,
        )


class FailuresModel(BaseModel):
    failed: list[FailedModel]


def webhook_routes(webhooks: Webhooks) -> APIRouter:
    routes = APIRouter(prefix="/webhooks", tags=["webhooks"])

    @routes.get("")
    async def known() -> WebhooksModel:
        """Every endpoint, by name, and how it does."""
        shown = [
            WebhookModel.of(endpoint, webhooks.health(endpoint.name), webhooks.pending(endpoint.name))
            for endpoint in webhooks.endpoints()
        ]
        return WebhooksModel(webhooks=shown)

    @routes.post("", status_code=201)
    async def add(new: NewWebhook) -> SecretModel:
        """The answer holds its signing secret, which can't be had again."""
        secret = await webhooks.add(Endpoint(new.name, new.url, new.preset, new.secret_variable))
        return SecretModel(name=new.name, secret=secret)

    @routes.get("/failed")
    async def failed(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> FailuresModel:
        """Deliveries that were given up on, the newest first."""
        return FailuresModel(failed=[FailedModel.of(letter) for letter in webhooks.failed()[:limit]])

    @routes.post("/failed/{id}/replay", status_code=204, responses=NOT_FOUND)
    async def replay(id: str) -> None:
        """Sends it again, with the webhook-id it had. Send it with the content type application/json."""
        await webhooks.replay(id)

    @routes.post("/test")
    async def test_address(address: AddressModel) -> OutcomeModel:
        """Sends a sample once to an address. Where there is no such webhook, nothing verifies its signature."""
        return _told(await webhooks.test_address(address.url, address.preset))

    @routes.delete("/{name}", status_code=204, responses=NOT_FOUND)
    async def remove(name: str) -> None:
        """What waits for it is given up on."""
        await webhooks.remove(name)

    @routes.post("/{name}/test", responses=NOT_FOUND)
    async def test(name: str) -> OutcomeModel:
        """Sends a sample once. Send it with the content type application/json."""
        return _told(await webhooks.test(name))

    @routes.post("/{name}/enable", status_code=204, responses=NOT_FOUND)
    async def enable(name: str) -> None:
        """After it asked to be left alone (410). Send it with the content type application/json."""
        await webhooks.enable(name)

    @routes.post("/{name}/secret", responses=NOT_FOUND)
    async def replace_secret(name: str) -> SecretModel:
        """A new signing secret; the old one signs beside it for a day. Send it with the content type
        application/json."""
        return SecretModel(name=name, secret=await webhooks.replace_secret(name))

    return routes


def _told(outcome: Outcome) -> OutcomeModel:
    return OutcomeModel(is_delivered=judge(outcome) == "delivered", answer=explain(outcome))
