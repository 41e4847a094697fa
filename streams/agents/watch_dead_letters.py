"""dead-letters -> a count by topic, so that the search node can say that something is being refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import faust
from faust.types import StreamT

from domain.errors import BadEvent
from domain.events import EventRejected
from streams.batches import batches
from streams.intake import event_of


def watch_dead_letters(app: faust.App, topic: Any, on_rejected: Callable[[EventRejected], None]) -> None:
    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, stage="watch_dead_letters", limit=64, within_s=0.5):
            for record in records:
                try:
                    letter = event_of(record)
                except BadEvent:
                    letter = None  # somebody else wrote here: a dead letter of a dead letter helps nobody
                if isinstance(letter, EventRejected):
                    on_rejected(letter)
                record.ack()

    app.agent(topic, name="watch_dead_letters")(agent)
