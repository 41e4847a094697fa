"""What the storing agent does with a batch, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn, WatermarkAdvanced, encode
from domain.topology import Topology
from streams.agents.store_moments import store_moments
from tests.streams.faust_fakes import App, record_of


class Stream:
    def __init__(self, app: App, facts: Sequence[MomentDescribed | CoverageAdvanced], notes: list[str]) -> None:
        self.app, self._facts, self._notes = app, facts, notes

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Any]:
        for offset, fact in enumerate(self._facts):
            sent = encode(fact)
            yield record_of(sent, "moments", offset, lambda: self._notes.append("ack"))
        await asyncio.sleep(0.5)  # longer than a batch is waited for


AFTER_EACH, NEVER = 0.0, 1e9


@pytest.mark.parametrize(("flushed_every_s", "ends"), [(AFTER_EACH, ["flush", "ack", "ack"]), (NEVER, [])])
def test_stored_then_settled_then_said_and_acknowledged_once_on_the_disk(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, flushed_every_s: float, ends: list[str]
) -> None:
    monkeypatch.setattr("streams.on_disk.FLUSHED_EVERY_S", flushed_every_s)
    notes: list[str] = []

    class Outbox:
        async def send(self, _topic: str, facts: Sequence[WatermarkAdvanced]) -> None:
            notes.extend(f"said {fact.until_s}" for fact in facts)

    def store(facts: Sequence[MomentDescribed | MomentWithdrawn], _stored_s: float) -> None:
        notes.append(f"store {len(facts)}")

    def settle(covered: Sequence[CoverageAdvanced]) -> None:
        notes.extend(f"settle {each.until_s}" for each in covered)

    app: Any = App()
    outbox: Any = Outbox()
    store_moments(
        app, None, outbox, store, settle, lambda: notes.append("flush"), topology.limits,
        on_stored=lambda *_: None, on_coverage=lambda *_: notes.append("tell"),
    )  # fmt: skip
    said = MomentDescribed("cam", "speech", 1.0, 2.0, "sentences", {"text": (1.0, 0.0)}, text="hello")
    facts: list[MomentDescribed | CoverageAdvanced] = [said, CoverageAdvanced("cam", "speech", 0.0, 3.0, 4.0)]
    asyncio.run(app.started(Stream(app, facts, notes)))

    assert notes == ["store 1", "settle 3.0", "tell", "said 3.0", *ends]
