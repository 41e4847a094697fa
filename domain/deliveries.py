"""Webhooks on their way: what is delivered, what became of it, and what is kept so that a restart loses nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID, uuid5

_NAMESPACE = UUID("5b5f0c7e-9d3f-5d0b-8f0e-2c6a4f1b7d92")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one endpoint is told of one state of an incident. The body never changes: every attempt sends the same."""

    endpoint: str
    incident: str
    update: int
    content_type: str
    body: str = field(repr=False)
    queued_s: float  # Unix seconds

    @property
    def id(self) -> str:
        """The webhook-id. The same incident, update and endpoint give the same one, however often it is queued, and no
        two others do."""
        # As JSON, so that no two triples read alike whatever characters they hold.
        return str(uuid5(_NAMESPACE, json.dumps([self.incident, self.update, self.endpoint])))


@dataclass(frozen=True, slots=True)
class DeliveryAttempted:
    delivery_id: str
    endpoint: str
    number: int  # 1 for the first attempt
    attempted_s: float  # when its outcome was known (Unix seconds)
    is_delivered: bool
    reason: str  # what the endpoint answered, or why it did not
    retry_s: float | None = None  # when it is tried again, at the earliest


@dataclass(frozen=True, slots=True)
class DeliveryDeadLettered:
    """Given up on, with all of it, so that a person can send it again."""

    delivery: Delivery
    attempts: int
    dead_lettered_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class EndpointDisabled:
    endpoint: str
    disabled_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class EndpointEnabled:
    endpoint: str
    enabled_s: float


DeliveryEvent: TypeAlias = DeliveryAttempted | DeliveryDeadLettered | EndpointDisabled | EndpointEnabled


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    delivery: Delivery
    attempts: int
    due_s: float

    @property
    def key(self) -> str:
        return f"delivery/{self.delivery.id}"


@dataclass(frozen=True, slots=True)
class SettledDelivery:
    """Remembered for a while: the incident may be read from its topic again, and must not be told twice."""

    id: str
    endpoint: str
    settled_s: float
    ending: Literal["delivered", "dead-lettered"]

    @property
    def key(self) -> str:
        return f"delivery/{self.id}"


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    endpoint: str
    failures: int = 0  # in a row
    not_before_s: float = 0.0  # its circuit is open until then: nothing is sent
    last_failure: str = ""
    disabled_because: str | None = None

    @property
    def key(self) -> str:
        return f"endpoint/{self.endpoint}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Nothing is to be kept under this key any more."""

    key: str


Kept: TypeAlias = PendingDelivery | SettledDelivery | EndpointHealth | Forgotten
