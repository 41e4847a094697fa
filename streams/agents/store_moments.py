"""moments -> the store, and watermarks: coverage counts once every moment before it is searchable."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import faust
from faust.types import EventT, StreamT

from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn, WatermarkAdvanced
from domain.topology import Limits
from streams.batches import batches
from streams.intake import read
from streams.on_disk import OnDisk
from streams.outbox import Outbox
from streams.patience import in_thread, on_records, one_by_one

Change: TypeAlias = MomentDescribed | MomentWithdrawn


def store_moments(
    app: faust.App,
    topic: Any,
    outbox: Outbox,
    store: Callable[[Sequence[Change], float], None],
    settle: Callable[[Sequence[CoverageAdvanced]], None],
    flush: Callable[[], None],
    limits: Limits,
    on_stored: Callable[[Sequence[MomentDescribed], float], None],
    on_coverage: Callable[[CoverageAdvanced, WatermarkAdvanced], None],
) -> None:
    """`store` takes changes in order, and when they were stored (Unix seconds); it may block, and raise BadEvent.

    `settle` takes what is covered once all before it is stored, and may block. What is stored can be searched at once;
    it is acknowledged when `flush` has put it on the disk.
    `on_stored` and `on_coverage` tell the search node, in the same process, what has become searchable for good.
    """

    async def keep(changes: Sequence[tuple[EventT[Any], Change]]) -> None:
        facts = [fact for _, fact in changes]
        await on_records("storing moments", store, facts, time.time())
        on_stored([fact for fact in facts if isinstance(fact, MomentDescribed) and fact.is_final], time.time())

    async def agent(stream: StreamT[Any]) -> None:
        on_disk = OnDisk(flush)
        async for records in batches(stream, stage="store_moments", limit=256, within_s=0.15):
            changes: list[tuple[EventT[Any], Change]] = []
            covered: list[CoverageAdvanced] = []
            for record in records:
                try:
                    fact = read(record, (MomentDescribed, MomentWithdrawn, CoverageAdvanced), limits, time.time()).fact
                    if isinstance(fact, CoverageAdvanced):
                        covered.append(fact)
                    elif isinstance(fact, Change):
                        changes.append((record, fact))
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
            for part, outcome in await one_by_one(keep, changes) if changes else ():  # storing again is harmless
                if isinstance(outcome, BadEvent):
                    await outbox.reject(part[0][0], str(outcome))
            if covered:
                await in_thread("storing moments", settle, covered)
            marks = [WatermarkAdvanced(c.source, c.modality, c.until_s, time.time()) for c in covered]
            for coverage, mark in zip(covered, marks, strict=True):
                on_coverage(coverage, mark)
            await outbox.send("watermarks", marks)
            await on_disk.acknowledge(records)

    app.agent(topic, name="store_moments")(agent)
