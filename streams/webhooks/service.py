"""Webhooks as a whole: which endpoints there are, what they are to be told, and what people do about them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from uuid import uuid4

from domain.alerts import AlertRaised
from domain.deliveries import (
    Delivery,
    DeliveryAttempted,
    DeliveryDeadLettered,
    DeliveryEvent,
    EndpointDisabled,
    EndpointEnabled,
    EndpointHealth,
)
from domain.delivery_outcomes import Outcome
from domain.endpoints import Endpoint, Preset, UnknownEndpoint
from domain.errors import BadRequest, ConfigError
from domain.failed_deliveries import UnknownDelivery
from domain.incident_facts import IncidentFacts
from domain.ports import DeliveryJournal
from streams.patience import in_thread, in_thread_once
from streams.webhooks.bodies import delivery_for
from streams.webhooks.clock import Clock
from streams.webhooks.deliverer import Deliverer
from streams.webhooks.endpoint_topic import EndpointTopic
from streams.webhooks.failed_topic import FailedTopic
from streams.webhooks.safe_target import SafeTargets
from streams.webhooks.secret_file import SecretFile
from streams.webhooks.sending import Sender

_log = logging.getLogger(__name__)


class WebhookService:
    """Belongs to one event loop: `start` first, then `run` beside everything else, until it is cancelled.

    `show` makes an alert into what is told of it, with links; it may block. `count` is told what became of deliveries.
    """

    def __init__(
        self,
        endpoints: EndpointTopic,
        journal: DeliveryJournal,
        failed: FailedTopic,
        secrets: SecretFile,
        targets: SafeTargets,
        sender: Sender,
        clock: Clock,
        show: Callable[[AlertRaised], IncidentFacts],
        count: Callable[[DeliveryEvent], None],
    ) -> None:
        self._endpoints = endpoints
        self._journal = journal
        self._failed = failed
        self._secrets = secrets
        self._targets = targets
        self._sender = sender
        self._clock = clock
        self._show = show
        self._count = count
        self._changing = asyncio.Lock()
        self._opened: Deliverer | None = None

    async def start(self) -> None:
        """Reads what processes before this one kept."""
        await in_thread("reading the webhooks' endpoints", self._endpoints.load)
        await in_thread("reading dead letters of webhooks", self._failed.load)
        self._opened = await Deliverer.open(
            self._journal, self._endpoints.get, self._sender, self._clock, self._report, random.random
        )

    async def run(self) -> None:
        await self._deliverer.run()

    async def tell(self, alerts: Sequence[AlertRaised]) -> None:
        """The endpoints that the alerts name will be told of them, though this process is killed once it returned."""
        deliveries = []
        for alert in alerts:
            if not alert.webhooks:
                continue
            facts = await in_thread("making links for a webhook", self._show, alert)
            deliveries += [one for name in dict.fromkeys(alert.webhooks) if (one := self._delivery(facts, name))]
        await self._deliverer.deliver(deliveries)

    def endpoints(self) -> list[Endpoint]:
        """By name."""
        return self._endpoints.all()

    def health(self, name: str) -> EndpointHealth:
        return self._deliverer.health(name)

    def pending(self, name: str) -> int:
        """How many deliveries wait or are under way."""
        return self._deliverer.pending(name)

    async def add(self, endpoint: Endpoint) -> str | None:
        """Returns the secret it signs with, which can't be had again; None when the environment holds it.

        Raises BadRequest when there is one of this name, no webhook may go there, or the environment lacks the secret.
        """
        async with self._changing:
            if self._endpoints.get(endpoint.name) is not None:
                raise BadRequest(f"there is an endpoint {endpoint.name}: remove it first, or choose another name")
            self._targets.check(endpoint.url)
            secret = await in_thread_once(self._make_secret, endpoint)
            await in_thread_once(self._endpoints.put, endpoint)
            await self._deliverer.enable(endpoint.name)  # what one of this name asked for before does not hold for it
            return secret

    async def remove(self, name: str) -> None:
        """What waits for it becomes dead letters. Raises UnknownEndpoint."""
        async with self._changing:
            self._known(name)
            await in_thread_once(self._endpoints.remove, name)
            await in_thread_once(self._secrets.remove, name)

    async def replace_secret(self, name: str) -> str:
        """The new one; the old one signs beside it for a day. Raises UnknownEndpoint, or BadRequest when the secret is
        in the environment."""
        async with self._changing:
            self._known(name)
            return (await in_thread_once(self._secrets.replace, name, self._clock.now_s())).reveal()

    async def enable(self, name: str) -> None:
        """After it asked to be left alone. Raises UnknownEndpoint."""
        self._known(name)
        await self._deliverer.enable(name)

    async def test(self, name: str) -> Outcome:
        """Sends a sample, once, and says what came of it. Raises UnknownEndpoint."""
        return await self._send_sample(self._known(name))

    async def test_address(self, url: str, preset: Preset) -> Outcome:
        """As `test`, to an address. Where no endpoint has it, the sample is signed with a secret that is forgotten.

        Raises BadRequest when no webhook may go there.
        """
        endpoint = next((each for each in self._endpoints.all() if each.url == url), None)
        if endpoint is not None:
            return await self._send_sample(endpoint)
        self._targets.check(url)
        endpoint = Endpoint(f"test-{uuid4()}", url, preset)
        await asyncio.to_thread(self._secrets.make, endpoint.name)
        try:
            return await self._send_sample(endpoint)
        finally:
            await asyncio.to_thread(self._secrets.remove, endpoint.name)

    async def _send_sample(self, endpoint: Endpoint) -> Outcome:
        now_s = self._clock.now_s()
        text = "A test: if you read this, webhooks arrive here. Nothing happened."
        facts = IncidentFacts("Test", f"test-{uuid4()}", 0, "opened", now_s, "nowseen", now_s, now_s, text)
        return await self._sender.send(endpoint, delivery_for(facts, endpoint, now_s), now_s)

    def failed(self) -> list[DeliveryDeadLettered]:
        """Those given up on, the newest first."""
        return self._failed.newest_first()

    async def replay(self, id: str) -> None:
        """Sends one that was given up on again, as often as a new one, with the webhook-id it had. Raises
        UnknownDelivery."""
        letter = self._failed.get(id)
        if letter is None:
            raise UnknownDelivery(f"no delivery {id[:80]!r} was given up on: `nowseen webhooks failed` lists them")
        await self._deliverer.deliver_again(letter.delivery)
        await asyncio.to_thread(self._failed.remove, letter)

    @property
    def _deliverer(self) -> Deliverer:
        if self._opened is None:
            raise RuntimeError("start() comes first")
        return self._opened

    def _known(self, name: str) -> Endpoint:
        if (endpoint := self._endpoints.get(name)) is None:
            raise UnknownEndpoint(f"there is no endpoint {name[:80]!r}: `nowseen webhooks list` shows them")
        return endpoint

    def _delivery(self, facts: IncidentFacts, name: str) -> Delivery | None:
        """Also for an endpoint that is not there: the delivery fails, and a person sees it and can send it again."""
        try:
            endpoint = self._endpoints.get(name) or Endpoint(name, "")
        except BadRequest as error:
            _log.warning("the rule %r tells nobody: %s", facts.rule[:80], error)
            return None
        return delivery_for(facts, endpoint, self._clock.now_s())

    def _make_secret(self, endpoint: Endpoint) -> str | None:
        if endpoint.secret_variable is not None:
            try:
                self._secrets.of(endpoint, self._clock.now_s())
            except ConfigError as error:
                raise BadRequest(str(error)) from error
            return None
        self._secrets.remove(endpoint.name)  # of one that a broker which keeps nothing forgot
        return self._secrets.make(endpoint.name).reveal()

    async def _report(self, events: Sequence[DeliveryEvent]) -> None:
        letters = [event for event in events if isinstance(event, DeliveryDeadLettered)]
        if letters:
            await asyncio.to_thread(self._failed.keep, letters)
        for event in events:
            self._count(event)
            match event:
                case DeliveryAttempted(is_delivered=False):
                    _log.info("webhook %s, attempt %d: %s", event.endpoint, event.number, event.reason)
                case DeliveryDeadLettered():
                    _log.warning(
                        "webhook %s: given up after %d attempts: %s",
                        event.delivery.endpoint, event.attempts, event.reason,
                    )  # fmt: skip
                case EndpointDisabled():
                    _log.warning("webhook %s is disabled: %s", event.endpoint, event.reason)
                case EndpointEnabled():
                    _log.info("webhook %s is enabled", event.endpoint)
