"""alerts -> webhooks: a record is acknowledged when all that follows from it is in the journal of deliveries."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
from faust.types import StreamT

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.topology import Limits
from streams.batches import batches
from streams.intake import read
from streams.outbox import Outbox


def deliver_alerts(
    app: faust.App,
    topic: Any,
    outbox: Outbox,
    tell: Callable[[Sequence[AlertRaised]], Awaitable[None]],
    limits: Limits,
) -> None:
    """`tell` has kept what is to be delivered when it returns; the same alert again is harmless."""

    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, stage="deliver_alerts", limit=64, within_s=0.02):
            alerts: list[AlertRaised] = []
            for record in records:
                try:
                    alerts.append(read(record, AlertRaised, limits, time.time()).fact)
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
            if alerts:
                await tell(alerts)
            for record in records:
                record.ack()

    app.agent(topic, name="deliver_alerts")(agent)
