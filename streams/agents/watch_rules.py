"""rules -> the rules at work in this node, however they were set."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import faust
from faust.types import EventT, StreamT

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.events import RuleRemoved, RuleSet
from domain.topology import Limits
from streams.batches import batches
from streams.intake import read
from streams.outbox import Outbox
from streams.patience import in_thread


class Decided(Protocol):
    """What came of some decisions: what is to be told, and by their places why some were no rules."""

    @property
    def alerts(self) -> Sequence[AlertRaised]: ...

    @property
    def refused(self) -> Mapping[int, str]: ...


def watch_rules(
    app: faust.App,
    topic: Any,
    outbox: Outbox,
    decide: Callable[[Sequence[RuleSet | RuleRemoved]], Decided],
    warm: Callable[[], None],
    limits: Limits,
) -> None:
    """Both callables block. Rules are warmed after what is decided of them holds, many at once."""

    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, stage="watch_rules", limit=1000, within_s=0.0):
            if not records:
                continue
            events, read_from = list[RuleSet | RuleRemoved](), list[EventT[Any]]()
            for record in records:
                try:
                    fact = read(record, (RuleSet, RuleRemoved), limits, time.time()).fact
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
                else:
                    if isinstance(fact, RuleSet | RuleRemoved):
                        events.append(fact)
                        read_from.append(record)
            decided = await in_thread("setting rules", decide, events)
            await outbox.send_what_fits("alerts", decided.alerts)
            for at, reason in decided.refused.items():
                await outbox.reject(read_from[at], reason)
            await in_thread("warming rules", warm)
            for record in records:
                record.ack()

    app.agent(topic, name="watch_rules")(agent)
