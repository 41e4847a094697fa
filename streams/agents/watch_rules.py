"""rules -> the rules at work in this node, however they were set."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import faust
from faust.types import StreamT

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.events import RuleRemoved, RuleSet
from domain.topology import Limits
from streams.batches import batches
from streams.intake import read
from streams.outbox import Outbox
from streams.patience import in_thread


def watch_rules(
    app: faust.App,
    topic: Any,
    outbox: Outbox,
    set_rule: Callable[[RuleSet], None],
    remove_rule: Callable[[RuleRemoved], list[AlertRaised]],
    limits: Limits,
) -> None:
    """Both callables block. `set_rule` raises BadEvent for what is no rule; `remove_rule` gives what is to be told."""

    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, limit=64, within_s=0.0):
            for record in records:
                try:
                    event = read(record, (RuleSet, RuleRemoved), limits, time.time()).fact
                    if isinstance(event, RuleSet):
                        await in_thread("setting a rule", set_rule, event)
                    elif isinstance(event, RuleRemoved):
                        await outbox.send("alerts", await in_thread("removing a rule", remove_rule, event))
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
                record.ack()

    app.agent(topic, name="watch_rules")(agent)
