from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.rule_query import read_rule_query
from nowseen import demo_watch
from nowseen.demo_questions import QUESTIONS
from nowseen.demo_rules import RULES, DemoRule, incident_line, judge_rule, watchable
from nowseen.demo_watch import new_incidents, watch_for
from nowseen.newswire import HEADLINES
from nowseen.sample_media import SampleSource
from nowseen.sample_speech import BOOKCLUB, Span

WIRE = SampleSource("wire", Path("w.vtt"), 9.0, ("text",), (Span("calm", 0.0, 3.0), Span("a flood", 3.0, 6.0)))
FLOOD = DemoRule("Flood", '"a flood"', "words as they are written", "wire", "a flood")


def incident(start_s: float, source: str = "wire", rule: str = "Flood", id: str = "one") -> dict[str, Any]:
    span = {"start_s": start_s, "end_s": start_s + 3.0}
    return {"id": id, "rule": rule, "sources": [source], "text": "a flood", **span, "best": span}


@pytest.mark.parametrize(
    ("found", "told", "is_right", "got"),
    [
        ([incident(1003.0)], ["one"], True, "wire 3.0-6.0 s, told by a signed webhook: a flood"),
        ([incident(1003.0)], [], False, "wire 3.0-6.0 s, not told by a signed webhook: a flood"),
        ([incident(1000.0)], ["one"], False, "wire 0.0-3.0 s, told by a signed webhook: a flood"),
        ([incident(1003.0, "hall")], ["one"], False, "hall 0.0-3.0 s, told by a signed webhook: a flood"),
        ([incident(1003.0, rule="Fire")], ["one"], False, "nothing"),
        # The latest come first; the first one counts, which a second time round does not undo.
        ([incident(1100.0, id="two"), incident(1003.0)], ["one"], True, "wire 3.0-6.0 s, told by a signed webhook: "),
    ],
)
def test_a_rule_is_right_when_its_first_incident_is_and_was_told(
    found: list[dict[str, Any]], told: list[str], is_right: bool, got: str
) -> None:
    verdict = judge_rule(FLOOD, found, told, [WIRE], {"wire": 1000.0})
    assert verdict.is_right is is_right
    assert verdict.expected == "wire 3.0-6.0 s, told by a signed webhook"
    assert verdict.got.startswith(got)


def test_what_is_watched_for_can_be_watched_for_and_is_in_the_samples() -> None:
    said = {*HEADLINES, *(turn.text for turn in BOOKCLUB)}
    for rule in RULES:
        assert rule.what in said
        assert read_rule_query(rule.query, lambda who: (who,)).sources in ((), (rule.source,))
    assert {rule.source for rule in RULES} <= {question.source for question in QUESTIONS}


def test_only_what_is_there_is_watched_for() -> None:
    newswire = SampleSource("newswire", Path("n.vtt"), 9.0, ("text",))
    assert [rule.source for rule in watchable([newswire])] == ["newswire"]


def test_a_rule_says_how_it_is_set() -> None:
    assert FLOOD.asked == '\'"a flood"\' --name "Flood"'


def test_an_incident_is_a_line() -> None:
    assert incident_line(incident(1003.0)).endswith("  rule 'Flood'  wire  \"a flood\"")


def node(*answers: httpx.Response) -> tuple[httpx.AsyncClient, list[httpx.Request]]:
    """One that gives these answers, one after the other, and the last one for ever."""
    left, asked = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return left.pop(0) if len(left) > 1 else left[0]

    return httpx.AsyncClient(base_url="http://node", transport=httpx.MockTransport(answer)), asked


async def test_rules_that_are_there_stay_as_they_are() -> None:
    client, asked = node(httpx.Response(200, json={"rules": [{"name": RULES[0].name}]}), httpx.Response(201, json={}))
    async with client:
        assert await watch_for(client, RULES, ["demo"]) is None
    assert [request.method for request in asked] == ["GET", *["POST"] * (len(RULES) - 1)]
    assert b'"webhooks":["demo"]' in asked[-1].content


async def test_a_rule_that_is_refused_is_told_with_the_reason() -> None:
    client, _ = node(httpx.Response(200, json={"rules": []}), httpx.Response(422, json={"error": "too many"}))
    async with client:
        assert await watch_for(client, [FLOOD]) == "the rule 'Flood' could not be set: too many"


async def test_each_incident_is_told_once_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_watch, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(demo_watch, "_ANSWER_WITHIN_S", 0.0)
    old, first, second, third = (incident(1000.0 + at, id=str(at)) for at in range(4))
    client, _ = node(
        httpx.Response(200, json={"incidents": [old]}),
        httpx.Response(503, text="restarting"),
        httpx.Response(200, json={"incidents": [second, first, old]}),
        httpx.Response(200, json={"incidents": [third, second, first, old]}),
    )
    async with client:
        told = new_incidents(client, ["0"])
        assert [(await anext(told))["id"] for _ in range(3)] == ["1", "2", "3"]
        await told.aclose()
