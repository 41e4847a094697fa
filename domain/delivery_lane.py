"""The deliveries of one endpoint: which is next, and when."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import replace

from domain.deliveries import EndpointHealth, PendingDelivery
from domain.delivery_rules import DeliveryRules, Jitter, backoff_s


class DeliveryLane:
    """A queue by due time with a circuit breaker (Nygard, "Release It!", 2007): while the circuit is open nothing is
    sent; after that one delivery at a time, until one arrives."""

    def __init__(self, endpoint: str, rules: DeliveryRules) -> None:
        self.endpoint = endpoint
        self.health = EndpointHealth(endpoint)
        self._rules = rules
        self._pending: dict[str, PendingDelivery] = {}
        self._in_flight: set[str] = set()
        # Due, queued, how many were put before, id; also of those put again or removed since.
        self._queue: list[tuple[float, float, int, str]] = []
        self._put = itertools.count()

    @property
    def is_failing(self) -> bool:
        return self.health.failures > 0

    @property
    def is_disabled(self) -> bool:
        return self.health.disabled_because is not None

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def __len__(self) -> int:
        return len(self._pending)

    def __iter__(self) -> Iterator[PendingDelivery]:
        return iter(self._pending.values())

    def waiting(self) -> list[PendingDelivery]:
        """Those not in flight, the ones queued first leading."""
        waiting = [one for id, one in self._pending.items() if id not in self._in_flight]
        return sorted(waiting, key=lambda one: one.delivery.queued_s)

    def put(self, pending: PendingDelivery) -> None:
        delivery = pending.delivery
        self._pending[delivery.id] = pending
        heapq.heappush(self._queue, (pending.due_s, delivery.queued_s, next(self._put), delivery.id))

    def remove(self, id: str) -> None:
        self._pending.pop(id, None)
        self._in_flight.discard(id)

    def ready_s(self) -> float | None:
        """When the next one may be sent; None: not before one in flight has landed, or there is none, or the endpoint
        is disabled."""
        most = 1 if self.is_failing else self._rules.at_once_per_endpoint
        if self.is_disabled or self.in_flight >= most:
            return None
        self._drop_outdated()
        return max(self._queue[0][0], self.health.not_before_s) if self._queue else None

    def is_ready(self, now_s: float) -> bool:
        ready_s = self.ready_s()
        return ready_s is not None and ready_s <= now_s

    def take(self) -> PendingDelivery:
        """The one that is ready, in flight from now on. Raises IndexError when none is."""
        self._drop_outdated()
        *_, id = heapq.heappop(self._queue)
        self._in_flight.add(id)
        return self._pending[id]

    def land(self, id: str) -> PendingDelivery | None:
        """The one that was in flight; None when it wasn't."""
        if id not in self._in_flight:
            return None
        self._in_flight.discard(id)
        return self._pending[id]

    def heal(self) -> None:
        """The endpoint takes deliveries."""
        self.health = replace(self.health, failures=0, not_before_s=0.0, last_failure="")

    def fail(self, now_s: float, asked_s: float, reason: str, jitter: Jitter) -> None:
        """It did not take one, and asked for `asked_s` without any."""
        failures = self.health.failures + 1
        wait_s = backoff_s(failures, self._rules.longest_endpoint_wait_s, self._rules, jitter)
        not_before_s = max(self.health.not_before_s, now_s + max(wait_s, asked_s))
        self.health = replace(self.health, failures=failures, not_before_s=not_before_s, last_failure=reason)

    def _drop_outdated(self) -> None:
        while self._queue:
            due_s, *_, id = self._queue[0]
            pending = self._pending.get(id)
            if pending is not None and pending.due_s == due_s and id not in self._in_flight:
                return
            heapq.heappop(self._queue)
