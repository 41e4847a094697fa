"""Which deliveries are to be attempted now, and what follows from how an attempt went.

What it promises: a delivery is attempted until it arrives, its endpoint is gone or 24 hours have passed, and then it is
a dead letter; the same delivery queued again is the same; and no endpoint, slow or dead, holds up another: each has at
most two under way, one while it fails, and all that fail share half of the places. It says nothing of order: a receiver
has `update` for that.

A push state machine. It draws no times and no chances of its own, and what it has to remember waits in `take_changed`,
by key, the last value counts: as records of a compacted topic they make the same book again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from domain.deliveries import (
    Delivery,
    DeliveryAttempted,
    DeliveryDeadLettered,
    DeliveryEvent,
    EndpointDisabled,
    EndpointEnabled,
    EndpointHealth,
    Forgotten,
    Kept,
    PendingDelivery,
    SettledDelivery,
)
from domain.delivery_lane import DeliveryLane
from domain.delivery_outcomes import Outcome, explain, judge, retry_after_s
from domain.delivery_rules import DeliveryRules, Jitter, backoff_s
from domain.settled_deliveries import SettledDeliveries


class DeliveryBook:
    """Not thread-safe. Whatever changes something returns what happened, as events."""

    def __init__(self, jitter: Jitter, rules: DeliveryRules | None = None, kept: Iterable[Kept] = ()) -> None:
        """`kept` is what `take_changed` gave before, in that order; of each key at least the last."""
        self._jitter = jitter
        self._rules = rules or DeliveryRules()
        self._lanes: dict[str, DeliveryLane] = {}
        self._lane_of: dict[str, DeliveryLane] = {}  # by id, of those pending
        self._settled = SettledDeliveries(self._rules)
        self._changed: dict[str, Kept] = {}
        for one in kept:
            self._restore(one)

    def add(self, delivery: Delivery, now_s: float) -> list[DeliveryEvent]:
        """Due at once. One that is pending, or was settled and is still remembered, is not queued again."""
        if delivery.id in self._lane_of or delivery.id in self._settled:
            return []
        lane = self._lane(delivery.endpoint)
        pending = PendingDelivery(delivery, 0, now_s)
        self._put(lane, pending)
        if lane.is_disabled:
            return [self._dead_letter(lane, pending, now_s, _disabled(lane))]
        if len(lane) <= self._rules.most_pending:
            return []
        reason = f"more than {self._rules.most_pending} wait for its endpoint"
        return [self._dead_letter(lane, oldest, now_s, reason) for oldest in lane.waiting()[:1]]

    def add_again(self, delivery: Delivery, now_s: float) -> list[DeliveryEvent]:
        """A person wants one that was given up on to be sent after all: with the same id, and all its time before it.
        One that is pending or arrived is not queued."""
        if (ended := self._settled.get(delivery.id)) is not None and ended.ending == "dead-lettered":
            self._settled.discard(delivery.id)
        return self.add(replace(delivery, queued_s=now_s), now_s)

    def due(self, now_s: float) -> list[Delivery]:
        """Those to attempt now; each is under way until `attempted` is told how it went."""
        taken: list[Delivery] = []
        under_way = sum(lane.in_flight for lane in self._lanes.values())
        failing = sum(lane.in_flight for lane in self._lanes.values() if lane.is_failing)
        ready = [
            (lane.is_failing, ready_s, name)
            for name, lane in self._lanes.items()
            if (ready_s := lane.ready_s()) is not None and ready_s <= now_s
        ]
        for is_failing, _, name in sorted(ready):
            lane = self._lanes[name]
            while under_way < self._rules.at_once and lane.is_ready(now_s):
                if is_failing and failing >= self._rules.at_once_failing:
                    break
                taken.append(lane.take().delivery)
                under_way += 1
                failing += is_failing
        return taken

    def wake_s(self) -> float | None:
        """When `due` has more, if there are places by then; None: only after `add`, `attempted` or `enable`."""
        return min((ready_s for lane in self._lanes.values() if (ready_s := lane.ready_s()) is not None), default=None)

    def attempted(self, id: str, outcome: Outcome, now_s: float) -> list[DeliveryEvent]:
        """How an attempt went. About one that is not under way: nothing."""
        lane = self._lane_of.get(id)
        landed = lane.land(id) if lane is not None else None
        if lane is None or landed is None:
            return []
        pending = replace(landed, attempts=landed.attempts + 1)
        reason, verdict = explain(outcome), judge(outcome)
        asked_s = retry_after_s(outcome, now_s, self._rules.longest_retry_after_s)
        match verdict:
            case "delivered" | "delivery failed":
                lane.heal()
            case "endpoint failed":
                lane.fail(now_s, asked_s, reason, self._jitter)
            case "gone":
                lane.health = replace(lane.health, disabled_because=reason)
        self._keep_health(lane)
        attempt = DeliveryAttempted(
            id, lane.endpoint, pending.attempts, now_s, is_delivered=verdict == "delivered", reason=reason
        )
        if verdict == "delivered":
            self._settle(lane, SettledDelivery(id, lane.endpoint, now_s, "delivered"))
            return [attempt]
        give_up_s = pending.delivery.queued_s + self._rules.give_up_after_s
        if verdict == "undeliverable" or lane.is_disabled or now_s >= give_up_s:
            events = [attempt, self._dead_letter(lane, pending, now_s, reason)]
            return events + (self._disable(lane, now_s, reason) if verdict == "gone" else [])
        wait_s = backoff_s(pending.attempts, self._rules.longest_wait_s, self._rules, self._jitter)
        due_s = min(now_s + max(wait_s, asked_s), give_up_s)  # the last attempt is when the time is up, not before
        self._put(lane, replace(pending, due_s=due_s))
        return [replace(attempt, retry_s=max(due_s, lane.health.not_before_s))]

    def expire(self, now_s: float) -> list[DeliveryEvent]:
        """Gives up on what is too old while its endpoint fails, and forgets what was settled long ago. Call it now and
        then."""
        self._changed |= {old.key: Forgotten(old.key) for old in self._settled.forget_old(now_s)}
        return [
            self._dead_letter(lane, one, now_s, f"its endpoint failed: {lane.health.last_failure}")
            for lane in self._lanes.values()
            if now_s < lane.health.not_before_s  # else it is worth a last attempt
            for one in lane.waiting()
            if now_s >= one.delivery.queued_s + self._rules.give_up_after_s
        ]

    def enable(self, endpoint: str, now_s: float) -> list[DeliveryEvent]:
        """What is queued from now on is sent to it again."""
        lane = self._lane(endpoint)
        if not lane.is_disabled:
            return []
        lane.health = EndpointHealth(endpoint)
        self._keep_health(lane)
        return [EndpointEnabled(endpoint, now_s)]

    def health(self) -> list[EndpointHealth]:
        return [lane.health for lane in self._lanes.values()]

    def pending(self, endpoint: str) -> int:
        """How many wait or are under way."""
        return len(self._lanes[endpoint]) if endpoint in self._lanes else 0

    def kept(self) -> dict[str, Kept]:
        """All there is to remember, by key."""
        kept: list[Kept] = list(self._settled)
        for lane in self._lanes.values():
            kept += [*lane, lane.health] if lane.health != EndpointHealth(lane.endpoint) else lane
        return {one.key: one for one in kept}

    def take_changed(self) -> list[Kept]:
        """What has to be kept of all that changed since the last call: the newest of each key."""
        changed, self._changed = list(self._changed.values()), {}
        return changed

    def _restore(self, one: Kept) -> None:
        match one:
            case PendingDelivery(delivery=delivery):
                self._settled.discard(delivery.id)
                self._lane_of[delivery.id] = lane = self._lane(delivery.endpoint)
                lane.put(one)
            case SettledDelivery():
                self._remove(one.id)
                self._settled.add(one)
            case EndpointHealth():
                self._lane(one.endpoint).health = one
            case Forgotten():
                kind, _, name = one.key.partition("/")
                if kind == "endpoint":
                    self._lane(name).health = EndpointHealth(name)
                else:
                    self._remove(name)
                    self._settled.discard(name)

    def _lane(self, endpoint: str) -> DeliveryLane:
        if endpoint not in self._lanes:
            self._lanes[endpoint] = DeliveryLane(endpoint, self._rules)
        return self._lanes[endpoint]

    def _put(self, lane: DeliveryLane, pending: PendingDelivery) -> None:
        lane.put(pending)
        self._lane_of[pending.delivery.id] = lane
        self._changed[pending.key] = pending

    def _dead_letter(self, lane: DeliveryLane, one: PendingDelivery, now_s: float, reason: str) -> DeliveryEvent:
        self._settle(lane, SettledDelivery(one.delivery.id, lane.endpoint, now_s, "dead-lettered"))
        return DeliveryDeadLettered(one.delivery, one.attempts, now_s, reason)

    def _disable(self, lane: DeliveryLane, now_s: float, reason: str) -> list[DeliveryEvent]:
        """Those under way are decided when they land."""
        letters = [self._dead_letter(lane, one, now_s, _disabled(lane)) for one in lane.waiting()]
        return [EndpointDisabled(lane.endpoint, now_s, reason), *letters]

    def _settle(self, lane: DeliveryLane, settled: SettledDelivery) -> None:
        self._remove(settled.id)
        self._settled.add(settled)
        self._changed[settled.key] = settled

    def _remove(self, id: str) -> None:
        if (lane := self._lane_of.pop(id, None)) is not None:
            lane.remove(id)

    def _keep_health(self, lane: DeliveryLane) -> None:
        is_usual = lane.health == EndpointHealth(lane.endpoint)
        self._changed[lane.health.key] = Forgotten(lane.health.key) if is_usual else lane.health


def _disabled(lane: DeliveryLane) -> str:
    return f"the endpoint is disabled: {lane.health.disabled_because}"
