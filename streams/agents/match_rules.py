"""moments -> standing queries -> alerts. A record is acknowledged when what the rules made of it has been kept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import faust
from faust.types import EventT, StreamT

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn, kept_key
from domain.log_places import Place
from domain.rules_state import Keeping
from domain.topology import Limits
from streams.batches import batches
from streams.intake import place_of, read
from streams.outbox import Outbox
from streams.patience import in_thread

KEPT_EVERY_S = 10.0

Fact: TypeAlias = MomentDescribed | MomentWithdrawn | CoverageAdvanced


def match_rules(
    app: faust.App,
    topic: Any,
    outbox: Outbox,
    match: Callable[[Sequence[Fact], float, Sequence[Place], float | None], list[AlertRaised]],
    keep: Callable[[float], Keeping],
    limits: Limits,
    end_s: Callable[[Mapping[int, int]], float | None],
) -> None:
    """`match` takes facts in order, what time it is (Unix seconds), where each fact stands, and when the broker last
    told that no more facts wait, if its last word was that; no fact at all when nothing came. `keep` gives what changed
    since it was asked last. Both block. `end_s` takes the next offset to be read of each partition.

    What came after the last `keep` comes again after a crash, and gives the same alerts again.
    """

    async def agent(stream: StreamT[Any]) -> None:
        waiting: list[EventT[Any]] = []
        next_offsets: dict[int, int] = {}
        kept_s = time.monotonic()
        async for records in batches(stream, stage="match_rules", limit=256, within_s=0.05):
            facts, places = list[Fact](), list[Place]()
            for record in records:
                next_offsets[record.message.partition] = record.message.offset + 1
                with contextlib.suppress(BadEvent):  # store_moments, which reads it too, rejects it
                    fact = read(record, (MomentDescribed, MomentWithdrawn, CoverageAdvanced), limits, time.time()).fact
                    if isinstance(fact, Fact):
                        facts.append(fact)
                        places.append(place_of(record))
            read_s = await in_thread("asking what is read", end_s, next_offsets)
            told = await in_thread("matching rules", match, facts, time.time(), places, read_s)
            await outbox.send_what_fits("alerts", told)
            waiting += records
            if time.monotonic() - kept_s >= KEPT_EVERY_S:
                kept = await in_thread("keeping what rules know", keep, time.time())
                await outbox.send_what_fits("rules.state", kept.rules)
                await outbox.send_what_fits("rules.state", [kept.common] if kept.common is not None else [])
                await outbox.forget("rules.state", map(kept_key, kept.forgotten))
                kept_s = time.monotonic()
                for record in waiting:
                    record.ack()
                waiting = []

    app.agent(topic, name="match_rules")(agent)
