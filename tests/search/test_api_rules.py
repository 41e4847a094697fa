"""The endpoints about rules and incidents, over a real store and the packaged encoders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.endpoints import Endpoint
from domain.moments import moment_id
from search.api import ApiParts, create_api
from search.api_parts import RuleParts
from search.clips import ClipOptions
from search.metrics import NodeMetrics
from search.watermarks import Watermarks
from streams.archive import FsspecArchive
from tests.search.rules_setting import T0_S, Node


class Webhooks:
    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("team", "https://example.org/hook")]


@pytest.fixture
async def ask(node: Node, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    watermarks = Watermarks()
    nobody: Any = None
    webhooks: Any = Webhooks()
    parts = ApiParts(
        nobody, node.stores.moments, FsspecArchive(str(tmp_path / "archive")), watermarks,
        NodeMetrics(watermarks, lambda: T0_S), speakers=node.speakers, examples=nobody, encoders=(), lag=dict,
        clips=ClipOptions(tmp_path / "clips"), ready=lambda: (True, ""), clock=lambda: T0_S + 1000, webhooks=webhooks,
        rules=RuleParts(node.at_work, node.encoders.rules, node.history, node.publish),
    )  # fmt: skip
    transport = httpx.ASGITransport(create_api(parts), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as opened:
        yield opened


async def add(ask: httpx.AsyncClient, query: str, **more: Any) -> dict[str, Any]:
    answer = await ask.post("/rules", json={"query": query, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_rule_that_is_added_is_at_work_and_listed(ask: httpx.AsyncClient, node: Node) -> None:
    node.store(node.moment("text", 0.0, "hello"))
    made = await add(
        ask, 'source:gate "fire drill"', name="Drill", hours="mon-fri 08:00-18:00 Europe/Berlin", webhooks=["team"],
        false_alarms_per_day=0.5,
    )  # fmt: skip
    assert made == {
        "id": "drill", "name": "Drill", "query": 'source:gate "fire drill"', "sources": ["gate"],
        "hours": "mon,tue,wed,thu,fri 08:00-18:00 Europe/Berlin", "webhooks": ["team"], "state": "active",
        "decided_by": "budget", "false_alarms_per_day": 0.5, "marked_right": 0, "marked_wrong": 0,
        "changed_s": T0_S + 1000, "thresholds": made["thresholds"], "open_incidents": 0, "suppressed": {},
        "warnings": [],
    }  # fmt: skip
    assert made["thresholds"]["gate"]["is_warming_up"]
    assert (await ask.get("/rules")).json()["rules"] == [made]
    assert (await ask.get("/rules/drill")).json() == (await ask.get("/rules/Drill")).json() == made


async def test_what_is_changed_is_changed_and_the_rest_stays(ask: httpx.AsyncClient, node: Node) -> None:
    made = await add(ask, '"drill"', name="Drill", hours="08:00-18:00")
    paused = (await ask.patch("/rules/Drill", json={"state": "paused", "name": "Drills"})).json()
    assert paused == {**made, "state": "paused", "name": "Drills", "changed_s": T0_S + 1000.001}
    always = (await ask.patch("/rules/drill", json={"hours": ""})).json()
    assert (always["hours"], always["state"], always["query"]) == ("", "paused", '"drill"')


async def test_a_rule_that_is_removed_is_gone_and_its_name_free(ask: httpx.AsyncClient) -> None:
    await add(ask, '"drill"')
    assert (await ask.delete("/rules/drill")).status_code == 204
    assert (await ask.get("/rules")).json() == {"rules": []}
    gone = await ask.get("/rules/drill")
    assert (gone.status_code, gone.json()["error"]) == (404, "there is no rule 'drill'; there is none yet")
    again = await add(ask, '"drill"')
    assert (again["id"], again["changed_s"]) == ("drill", T0_S + 1000.002)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"query": "source:gate"}, "it matches everything"),
        ({"query": '"fire" -"fire"'}, "it can never match: the same is asked for and excluded"),
        ({"query": "speaker:Ana"}, "there is no speaker 'Ana': nobody has been heard yet"),
        ({"query": "fire since:2h"}, "a rule has no time"),
        ({"query": "fire", "hours": "at night"}, "are no hours"),
        ({"query": "fire", "false_alarms_per_day": 500}, "false alarms a day go from"),
        ({"query": "fire", "webhooks": ["nobody"]}, "there is no webhook nobody"),
        ({"query": "fire", "state": "asleep"}, "state: Input should be 'active' or 'paused'"),
        ({"query": "smoke", "name": "DRILL"}, "there is a rule named 'DRILL'"),
        ({}, "query: Field required"),
    ],
)
async def test_what_can_t_be_a_rule_is_refused_with_the_reason(
    ask: httpx.AsyncClient, body: dict[str, Any], says: str
) -> None:
    await add(ask, '"drill"', name="Drill")
    refused = await ask.post("/rules", json=body)
    assert refused.status_code == 400
    assert says in refused.json()["error"]
    assert len((await ask.get("/rules")).json()["rules"]) == 1


async def test_a_mistake_in_the_query_says_where(ask: httpx.AsyncClient) -> None:
    refused = await ask.post("/rules", json={"query": "fire mood:bored"})
    assert refused.json()["at"] == {"start": 5, "end": 15}


async def test_incidents_with_their_evidence(ask: httpx.AsyncClient, node: Node) -> None:
    await add(ask, '"drill"', name="Drill")
    said = node.moment("text", 0.0, "a drill at noon")
    node.see(said)
    (incident,) = (await ask.get("/incidents")).json()["incidents"]
    assert (await ask.get("/incidents", params={"rule": "Drill"})).json()["incidents"] == [incident]
    assert (incident["rule"], incident["is_open"], incident["text"]) == ("Drill", True, "a drill at noon")
    best = incident["best"]
    assert (best["moment_id"], best["score"], best["threshold"]) == (moment_id(said), 1.0, None)
    assert best["evidence"] == [{"what": "words", "text": '"drill"', "score": 1.0}]
    assert (await ask.get("/rules/drill")).json()["open_incidents"] == 1
    await ask.delete("/rules/drill")
    (after,) = (await ask.get("/incidents")).json()["incidents"]
    assert (after["rule"], after["is_open"]) == ("drill", False)


async def test_what_was_said_has_a_picture_of_what_was_seen_meanwhile(ask: httpx.AsyncClient, node: Node) -> None:
    await add(ask, '"drill"')
    node.see(node.moment("scene", 98.0, "a hall"), node.moment("speech", 100.0, "a drill at noon"))
    node.see(node.moment("scene", 900.0, "a hall"), node.moment("speech", 1000.0, "the next drill"))
    later, first = (await ask.get("/incidents")).json()["incidents"]
    picture = f"http://127.0.0.1:8000/thumbnails/gate/thumbnails/{round((T0_S + 98.0) * 1000)}.jpg"
    assert (first["best"]["thumbnail_url"], later["best"]["thumbnail_url"]) == (picture, None)


async def test_what_nobody_was_told_and_why(ask: httpx.AsyncClient, node: Node) -> None:
    await add(ask, '"drill"', state="paused")
    node.see(node.moment("text", 0.0, "a drill"), node.moment("text", 5.0, "drill again"))
    answer = (await ask.get("/rules/drill/suppressed")).json()
    assert answer["counts"] == {"paused": 2}
    assert [(each["reason"], each["match"]["text"]) for each in answer["suppressed"]] == [
        ("paused", "drill again"), ("paused", "a drill"),
    ]  # fmt: skip


async def test_a_rule_learns_from_what_is_marked(ask: httpx.AsyncClient, node: Node) -> None:
    right = [node.moment("speech", 20.0 * n, text) for n, text in enumerate(("call an ambulance", "get a doctor now"))]
    wrong = [node.moment("speech", 20.0 * n + 50, text) for n, text in enumerate(("nice weather", "lunch was soup"))]
    node.store(*right, *wrong)
    await add(ask, "somebody asks for an ambulance", name="Help", decided_by="examples")
    for moment, is_right in [*((each, True) for each in right), *((each, False) for each in wrong)]:
        marked = await ask.post("/rules/Help/marks", json={"moment_id": moment_id(moment), "is_right": is_right})
        assert marked.status_code == 200, marked.text
    answer = marked.json()
    assert (answer["marked_right"], answer["marked_wrong"]) == (2, 2)
    assert answer["thresholds"]["gate"]["basis"] == "examples"
    assert [a.facts.text for a in node.see(node.moment("speech", 900.0, "please call an ambulance"))] != []
    taken_back = await ask.post("/rules/Help/marks", json={"moment_id": moment_id(right[0]), "is_right": None})
    assert taken_back.json()["marked_right"] == 1
    unknown = await ask.post("/rules/Help/marks", json={"moment_id": str(UUID(int=1)), "is_right": True})
    assert (unknown.status_code, "there is no moment 0" in unknown.json()["error"]) == (400, True)


async def test_a_draft_is_tried_on_what_is_stored_and_not_kept(ask: httpx.AsyncClient, node: Node) -> None:
    node.store(*(node.moment("text", 700.0 * n, "a drill" if n % 2 else "nothing") for n in range(10)))
    tried = (await ask.post("/rules/backtest", json={"query": '"drill"', "days": 30})).json()
    assert [each["start_s"] for each in tried["incidents"]] == [T0_S + 700.0 * n for n in (1, 3, 5, 7, 9)]
    assert (tried["moments"], tried["learnt_from"], tried["suppressed"]) == (10, "same", {})
    assert tried["per_day"] > 5
    assert (await ask.get("/rules")).json() == {"rules": []}


async def test_a_rule_that_is_there_is_tried_on_the_last_days_and_learns_from_those_before(
    ask: httpx.AsyncClient, node: Node
) -> None:
    node.store(*(node.moment("text", 43_200.0 * n, "a drill") for n in range(20)))
    await add(ask, '"drill"', name="Drill")
    tried = (await ask.post("/rules/backtest", json={"rule": "Drill", "days": 2})).json()
    assert (len(tried["incidents"]), tried["learnt_from"]) == (5, "before")


async def test_there_must_be_something_to_try_it_on(ask: httpx.AsyncClient) -> None:
    refused = await ask.post("/rules/backtest", json={"query": '"drill"'})
    assert (refused.status_code, "nothing is stored" in refused.json()["error"]) == (400, True)
    unknown = await ask.post("/rules/backtest", json={"rule": "Drill"})
    assert unknown.status_code == 404


async def test_a_source_nobody_has_seen_is_no_mistake_and_is_said(ask: httpx.AsyncClient) -> None:
    made = await add(ask, 'source:attic "drill"')
    assert made["warnings"] == ["nothing is indexed of source 'attic' yet"]
