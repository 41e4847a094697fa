"""An alert is acknowledged when what follows from it is kept, and never before; what is no alert holds up nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from domain.alerts import AlertRaised
from domain.events import Message, TextPublished, encode
from domain.incident_facts import IncidentFacts
from domain.topology import Topology
from streams.agents.deliver_alerts import deliver_alerts
from tests.streams.faust_fakes import App, record_of

ALERT = AlertRaised(IncidentFacts("door", "i", 0, "opened", 5.0, "lobby", 4.0, 5.0, "an open door"), ("ops",))


class Stream:
    def __init__(self, app: App, records: Sequence[Message], notes: list[str]) -> None:
        self.app, self._records, self._notes = app, records, notes

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Any]:
        for offset, sent in enumerate(self._records):
            yield record_of(sent, "alerts", offset, lambda: self._notes.append("ack"))
        await asyncio.sleep(0.5)  # longer than a batch is waited for


def run(topology: Topology, records: Sequence[Message], told: Exception | None = None) -> list[str]:
    notes: list[str] = []

    class Outbox:
        async def reject(self, _record: Any, reason: str) -> None:
            notes.append(f"rejected: {reason}")

    async def tell(alerts: Sequence[AlertRaised]) -> None:
        notes.extend(f"told {alert.facts.incident}" for alert in alerts)
        if told is not None:
            raise told

    app: Any = App()
    outbox: Any = Outbox()
    deliver_alerts(app, None, outbox, tell, topology.limits)
    try:
        asyncio.run(app.started(Stream(app, records, notes)))
    except RuntimeError as error:
        notes.append(str(error))
    return notes


def test_kept_then_acknowledged(topology: Topology) -> None:
    assert run(topology, [encode(ALERT), encode(ALERT)]) == ["told i", "told i", "ack", "ack"]


def test_what_is_not_kept_is_not_acknowledged(topology: Topology) -> None:
    assert run(topology, [encode(ALERT)], RuntimeError("a mistake")) == ["told i", "a mistake"]


def test_what_is_no_alert_goes_to_the_dead_letters_and_the_others_on(topology: Topology) -> None:
    text, garbage = encode(TextPublished("lobby", 5.0, "hello")), Message(b"i", b"?", encode(ALERT).headers)
    first, second, *rest = run(topology, [text, garbage, encode(ALERT)])

    assert first.startswith("rejected: a TextPublished does not belong on this topic; it carries AlertRaised")
    assert second.startswith("rejected: ") and "not JSON" in second
    assert rest == ["told i", "ack", "ack", "ack"]
