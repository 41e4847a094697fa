"""moments -> the store, and watermarks: coverage counts once every moment before it is searchable."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import faust
from faust.types import EventT, StreamT

from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentDescribed, WatermarkAdvanced
from domain.ports import MomentStore
from domain.topology import Limits
from streams.batches import batches
from streams.intake import read
from streams.outbox import Outbox
from streams.patience import in_thread


def store_moments(
    app: faust.App,
    topic: Any,
    outbox: Outbox,
    store: MomentStore,
    limits: Limits,
    on_stored: Callable[[Sequence[MomentDescribed], float], None],
    on_coverage: Callable[[CoverageAdvanced, WatermarkAdvanced], None],
) -> None:
    """`on_stored` and `on_coverage` tell the search node, in the same process, what has become searchable."""

    async def keep(moments: list[tuple[EventT[Any], MomentDescribed]]) -> None:
        facts = [moment for _, moment in moments]
        try:
            await in_thread("storing moments", store.upsert, facts, time.time())
            on_stored(facts, time.time())
        except BadEvent as bad:
            if len(moments) == 1:
                await outbox.reject(moments[0][0], str(bad))
            else:  # nothing of the batch was written: one by one, the others are
                for each in moments:
                    await keep([each])

    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, limit=256, within_s=0.01):
            moments: list[tuple[EventT[Any], MomentDescribed]] = []
            covered: list[CoverageAdvanced] = []
            for record in records:
                try:
                    fact = read(record, (MomentDescribed, CoverageAdvanced), limits, time.time()).fact
                    if isinstance(fact, CoverageAdvanced):
                        covered.append(fact)
                    elif isinstance(fact, MomentDescribed):
                        moments.append((record, fact))
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
            if moments:
                await keep(moments)
            marks = [WatermarkAdvanced(c.source, c.modality, c.until_s, time.time()) for c in covered]
            for coverage, mark in zip(covered, marks, strict=True):
                on_coverage(coverage, mark)
            await outbox.send("watermarks", marks)
            for record in records:
                record.ack()

    app.agent(topic, name="store_moments")(agent)
