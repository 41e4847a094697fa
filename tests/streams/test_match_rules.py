"""What the agents of rules do with a batch, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from domain.alerts import AlertRaised
from domain.events import Event, MomentDescribed, RuleKept, RuleRemoved, RuleSet, RulesKept, encode
from domain.incident_facts import IncidentFacts
from domain.log_places import Place
from domain.rules_state import Keeping
from domain.topology import Topology
from streams.agents.match_rules import match_rules
from streams.agents.watch_rules import watch_rules
from tests.streams.faust_fakes import App, record_of

ALERT = AlertRaised(IncidentFacts("fire", "i1", 0, "opened", 1.0, "gate", 1.0, 1.0, "fire"), ())
SAID = MomentDescribed("gate", "text", 1.0, 1.0, "e", {"text": (1.0,)}, "fire")
NOT_FOR_RULES = RulesKept(1.0, b"")
AFTER_EACH, NEVER = 0.0, 1e9


class Stream:
    def __init__(self, app: App, facts: Sequence[Event], notes: list[str]) -> None:
        self.app, self._facts, self._notes = app, facts, notes

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Any]:
        for offset, fact in enumerate(self._facts):
            sent = encode(fact)
            yield record_of(sent, "t", offset, lambda: self._notes.append("ack"))
        await asyncio.sleep(0.2)  # longer than a batch is waited for


class Outbox:
    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    async def send(self, topic: str, facts: Sequence[Event]) -> None:
        self._notes += [f"{type(fact).__name__} to {topic}" for fact in facts]

    send_what_fits = send

    async def forget(self, topic: str, keys: Iterable[str]) -> None:
        self._notes += [f"forget {key} on {topic}" for key in keys]

    async def reject(self, _record: Any, reason: str) -> None:
        self._notes.append(f"rejected: {reason}")


KEPT = ["keep", "RuleKept to rules.state", "RulesKept to rules.state", "forget rule|r2 on rules.state", "ack", "ack"]


@pytest.mark.parametrize(("kept_every_s", "ends"), [(AFTER_EACH, KEPT), (NEVER, [])])
def test_matched_then_told_then_kept_and_only_then_acknowledged(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, kept_every_s: float, ends: list[str]
) -> None:
    monkeypatch.setattr("streams.agents.match_rules.KEPT_EVERY_S", kept_every_s)
    notes: list[str] = []

    def match(
        facts: Sequence[object], _now_s: float, places: Sequence[Place], end_s: float | None
    ) -> list[AlertRaised]:
        notes.append(f"match {len(facts)} at {[place.offset for place in places]}, all until {end_s}")
        return [ALERT]

    def keep(now_s: float) -> Keeping:
        notes.append("keep")
        return Keeping([RuleKept("r1", now_s, b"state")], RulesKept(now_s, b"state"), ["r2"])

    app: Any = App()
    outbox: Any = Outbox(notes)
    match_rules(app, None, outbox, match, keep, topology.limits, lambda next_offsets: 1000.0 + next_offsets[0])
    asyncio.run(app.started(Stream(app, [NOT_FOR_RULES, SAID], notes)))
    assert notes == ["match 1 at [1], all until 1002.0", "AlertRaised to alerts", *ends]


def test_what_is_decided_of_rules_is_done_at_once_and_what_is_no_rule_is_rejected(topology: Topology) -> None:
    notes: list[str] = []

    def decide(events: Sequence[RuleSet | RuleRemoved]) -> Any:
        notes.extend(f"{type(event).__name__} {event.rule_id}" for event in events)
        return SimpleNamespace(alerts=[ALERT] if events else [], refused={1: "not a rule"} if events else {})

    app: Any = App()
    outbox: Any = Outbox(notes)
    watch_rules(app, None, outbox, decide, lambda: notes.append("warm"), topology.limits)
    facts: list[Event] = [SAID, RuleSet("r1", "{}", "q", 1.0), RuleSet("bad", "{}", "q", 1.0), RuleRemoved("r1", 2.0)]
    asyncio.run(app.started(Stream(app, facts, notes)))
    decided = [note for note in notes if note != "warm"]
    assert "does not belong on this topic" in decided[0]
    done = ["RuleSet r1", "RuleSet bad", "RuleRemoved r1", "AlertRaised to alerts", "rejected: not a rule"]
    assert decided[1:6] == done and decided[6:] == ["ack"] * 4
    assert notes.index("warm") > notes.index("rejected: not a rule") and notes.index("warm") < notes.index("ack")
