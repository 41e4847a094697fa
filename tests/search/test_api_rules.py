"""The endpoints about rules and incidents, over a real store and the packaged encoders."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from domain.alerts import AlertRaised
from domain.conditions import Voice
from domain.endpoints import Endpoint
from domain.errors import BadRequest
from domain.events import RuleRemoved, RuleSet, Vector
from domain.moments import moment_id
from domain.rule_drafts import RuleDraft, rule_of
from domain.rule_json import encode_rule
from nowseen.example_media import ExampleReader
from search.api import ApiParts, create_api
from search.api_parts import RuleParts
from search.clips import ClipOptions
from search.metrics import NodeMetrics
from search.watermarks import Watermarks
from streams.archive import FsspecArchive
from tests.search.rules_setting import T0_S, VOICE_SIZE, Node


class Webhooks:
    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("team", "https://example.org/hook")]


class Examples:
    """Reads a picture as what its bytes say unless they are a real one, and a voice as one that its bytes number."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def picture(self, media: bytes) -> Vector:
        if media == b"damaged":
            raise BadRequest("the picture can't be read")
        if media.startswith(b"\x89PNG"):
            nobody: Any = None
            return ExampleReader(self._node.encoders.pictures, nobody, nobody).picture(media)
        return self._node.encoders.picture(media.decode())

    def voice(self, media: bytes) -> Vector:
        return tuple(np.eye(VOICE_SIZE)[int(media)].tolist())

    def clip(self, media: bytes) -> Vector:
        raise NotImplementedError

    def speech(self, media: bytes) -> str:
        raise NotImplementedError


@pytest.fixture
async def ask(node: Node, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    watermarks = Watermarks()
    nobody: Any = None
    webhooks: Any = Webhooks()
    parts = ApiParts(
        nobody, node.stores.moments, FsspecArchive(str(tmp_path / "archive")), watermarks,
        NodeMetrics(watermarks, lambda: T0_S), speakers=node.speakers, examples=Examples(node), encoders=(), lag=dict,
        clips=ClipOptions(tmp_path / "clips"), ready=lambda: (True, ""), clock=lambda: T0_S + 1000, webhooks=webhooks,
        rules=RuleParts(node.at_work, node.encoders.rules, node.history, node.publish, node.log),
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
        "id": "drill", "name": "Drill", "query": 'source:gate "fire drill"', "like": "", "sources": ["gate"],
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
    assert (await ask.get("/rules")).json() == {"rules": [], "left_out": []}
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
        ({}, "the query is empty"),
        ({"like": str(UUID(int=1))}, "there is no moment 0"),
        ({"like": "x"}, "like: Input should be a valid UUID"),
        ({"query": "fire OR"}, "OR stands between"),
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


async def test_what_was_marked_is_listed(ask: httpx.AsyncClient, node: Node) -> None:
    texts = ("call an ambulance", "nice weather")
    moments = [node.moment("speech", 20.0 * n, text) for n, text in enumerate(texts)]
    node.store(*moments)
    await add(ask, "somebody asks for an ambulance", name="Help")
    assert (await ask.get("/rules/Help/marks")).json() == {"marks": []}
    for moment, is_right in zip(moments, (True, False), strict=True):
        await ask.post("/rules/Help/marks", json={"moment_id": moment_id(moment), "is_right": is_right})
    wrong, right = (await ask.get("/rules/help/marks")).json()["marks"]
    assert (right["moment_id"], right["is_right"], right["is_used"]) == (moment_id(moments[0]), True, True)
    assert (wrong["text"], wrong["is_right"], wrong["source"]) == ("nice weather", False, "gate")
    assert right["start_s"] == T0_S
    assert right["score"] > wrong["score"]

    await ask.patch("/rules/Help", json={"query": "somebody asks for a doctor"})
    node.stores.moments.delete("speech", [moment_id(moments[0])])
    wrong, right = (await ask.get("/rules/Help/marks")).json()["marks"]
    assert (right["is_used"], right["text"], wrong["text"]) == (False, "", "nice weather")
    await ask.post("/rules/Help/marks", json={"moment_id": right["moment_id"], "is_right": None})
    assert [each["text"] for each in (await ask.get("/rules/Help/marks")).json()["marks"]] == ["nice weather"]
    assert (await ask.get("/rules/nobody/marks")).status_code == 404


async def test_a_draft_is_tried_on_what_is_stored_and_not_kept(ask: httpx.AsyncClient, node: Node) -> None:
    node.store(*(node.moment("text", 700.0 * n, "a drill" if n % 2 else "nothing") for n in range(10)))
    tried = (await ask.post("/rules/backtest", json={"query": '"drill"', "days": 30})).json()
    assert [each["start_s"] for each in tried["incidents"]] == [T0_S + 700.0 * n for n in (1, 3, 5, 7, 9)]
    assert (tried["moments"], tried["learnt_from"], tried["suppressed"]) == (10, "same", {})
    assert tried["per_day"] > 5
    assert (await ask.get("/rules")).json() == {"rules": [], "left_out": []}


async def test_a_rule_that_is_there_is_tried_on_the_last_days_and_learns_from_those_before(
    ask: httpx.AsyncClient, node: Node
) -> None:
    node.store(*(node.moment("text", 43_200.0 * n, "a drill") for n in range(20)))
    await add(ask, '"drill"', name="Drill")
    tried = (await ask.post("/rules/backtest", json={"rule": "Drill", "days": 2})).json()
    assert (len(tried["incidents"]), tried["learnt_from"]) == (5, "before")


async def test_there_must_be_something_to_try_it_on(ask: httpx.AsyncClient) -> None:
    refused = await ask.post("/rules/backtest", json={"query": '"drill"'})
    assert (refused.status_code, "there is nothing" in refused.json()["error"]) == (400, True)
    unknown = await ask.post("/rules/backtest", json={"rule": "Drill"})
    assert unknown.status_code == 404


async def test_a_draft_is_tried_on_a_replay_of_kafka(ask: httpx.AsyncClient, node: Node) -> None:
    node.log.write(None, *(node.moment("text", 700.0 * n, "a drill" if n % 2 else "nothing") for n in range(10)))
    tried = (await ask.post("/rules/backtest", json={"query": '"drill"', "days": 30, "over": "replay"})).json()
    assert [each["start_s"] for each in tried["incidents"]] == [T0_S + 700.0 * n for n in (1, 3, 5, 7, 9)]
    assert (tried["moments"], tried["over"]) == (10, "replay")
    assert tried["replay"] == {"left_out": 1, "is_out_of_time": False, "not_stored": None}
    refused = await ask.post("/rules/backtest", json={"query": '"drill"'})
    assert refused.status_code == 400  # nothing of it is stored


async def test_a_rule_by_a_picture_is_tried_on_a_replay(ask: httpx.AsyncClient, node: Node) -> None:
    node.log.write(*(node.moment("scene", 700.0 * n, "a forklift") for n in range(10)))
    params = {"by": "picture", "over": "replay"}
    answer = await ask.post(
        "/rules/backtest/by-example", params=params, content=b"a forklift", headers={"content-type": "image/png"}
    )
    assert (answer.json()["over"], answer.json()["moments"]) == ("replay", 10)


async def test_without_kafka_a_replay_is_refused_with_what_to_do(ask: httpx.AsyncClient, node: Node) -> None:
    node.log.is_down = True
    refused = await ask.post("/rules/backtest", json={"query": '"drill"', "over": "replay"})
    assert refused.status_code == 503
    assert "nobody answers. Over what is stored the rule can be tried" in refused.json()["error"]


async def test_what_is_stored_is_no_way_out_where_that_cant_be_read(
    ask: httpx.AsyncClient, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise ConnectionError("the Qdrant server does not answer")

    node.log.write(node.moment("speech", 0.0, "a drill"))
    monkeypatch.setattr(node.stores.moments, "get", fail)
    refused = await ask.post("/rules/backtest", json={"query": '"drill" -mood:angry', "over": "replay"})
    assert refused.status_code == 503
    assert "the Qdrant server does not answer" in refused.json()["error"]
    assert "Over what is stored" not in refused.json()["error"]


async def test_a_source_nobody_has_seen_is_no_mistake_and_is_said(ask: httpx.AsyncClient) -> None:
    made = await add(ask, 'source:attic "drill"')
    assert made["warnings"] == ["nothing is indexed of source 'attic' yet"]


MEDIA = {"Content-Type": "application/octet-stream"}


async def by_example(ask: httpx.AsyncClient, media: bytes, by: str, **more: Any) -> dict[str, Any]:
    answer = await ask.post("/rules/by-example", params={"by": by, **more}, content=media, headers=MEDIA)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_picture_that_is_shown_is_watched_for(ask: httpx.AsyncClient, node: Node) -> None:
    seen = ("a cat", "a bus", "a rocket", "a teapot")
    node.store(*(node.moment("scene", 300.0 * n, seen[n % 4]) for n in range(300)))
    made = await by_example(ask, b"a violin", "picture", query="source:gate", webhooks=["team"])
    assert (made["name"], made["like"], made["query"]) == ("like a picture, source:gate", "a picture", "source:gate")
    assert (made["sources"], made["webhooks"]) == (["gate"], ["team"])
    assert not made["thresholds"]["gate"]["is_warming_up"]
    assert node.see(node.moment("scene", 91_000.0, "a rocket")) == []
    shown = node.moment("scene", 91_700.0, "a violin")
    assert [alert.facts.state for alert in node.see(shown)] == ["opened"]
    (incident,) = (await ask.get("/incidents")).json()["incidents"]
    assert [each["what"] for each in incident["best"]["evidence"]] == ["picture"]
    tried = await ask.post(
        "/rules/backtest/by-example", params={"by": "picture", "days": 30}, content=b"a violin", headers=MEDIA
    )
    assert [each["best"]["moment_id"] for each in tried.json()["incidents"]] == [moment_id(shown)]


async def test_a_voice_that_is_played_is_watched_for(ask: httpx.AsyncClient, node: Node) -> None:
    node.store(*(node.moment("speech", 300.0 * n, "the weather is nice", voice=n % 4) for n in range(300)))
    made = await by_example(ask, b"5", "voice", name="Her")
    assert (made["name"], made["like"], made["query"]) == ("Her", "a voice", "")
    assert node.see(node.moment("speech", 91_000.0, "the weather is nice", voice=3)) == []
    (alert,) = node.see(node.moment("speech", 91_700.0, "the weather is nice", voice=5))
    assert alert.facts.rule == "Her"


async def test_what_is_like_a_moment_is_watched_for(ask: httpx.AsyncClient, node: Node) -> None:
    scene, said = node.moment("scene", 0.0, "a violin"), node.moment("speech", 50.0, "call an ambulance")
    node.store(scene, said)
    seen = await add(ask, "", like=moment_id(scene))
    assert (seen["name"], seen["like"]) == ("like a picture", "a picture")
    heard = await add(ask, "source:gate", like=moment_id(said))
    assert (heard["name"], heard["like"]) == ('like "call an ambulance", source:gate', '"call an ambulance"')
    tried = (await ask.post("/rules/backtest", json={"like": moment_id(scene), "days": 1})).json()
    assert tried["moments"] == 1


async def test_an_example_stays_until_it_is_changed_or_taken_away(ask: httpx.AsyncClient) -> None:
    made = await by_example(ask, b"a violin", "picture", query="kind:scene", name="Lift")
    paused = (await ask.patch("/rules/Lift", json={"state": "paused", "query": "source:hall"})).json()
    assert (paused["like"], paused["query"], paused["state"]) == ("a picture", "source:hall", "paused")
    changed = await ask.patch(
        "/rules/Lift/by-example", params={"by": "voice", "query": ""}, content=b"2", headers=MEDIA
    )
    assert (changed.json()["like"], changed.json()["query"]) == ("a voice", "")
    assert changed.json()["id"] == made["id"]
    bare = await ask.patch("/rules/Lift", json={"like": ""})
    assert (bare.status_code, "the query is empty" in bare.json()["error"]) == (400, True)
    words = (await ask.patch("/rules/Lift", json={"like": "", "query": "fire"})).json()
    assert (words["like"], words["query"]) == ("", "fire")


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("media", "params", "says"),
    [
        (png(9000, 9000), {"by": "picture"}, "million pixels"),
        (b"damaged", {"by": "picture"}, "can't be read"),
        (b"", {"by": "picture"}, "the picture is missing"),
        (b"x" * 20_000_001, {"by": "picture"}, "larger than 20 MB"),
        (b"a violin", {}, "by: Field required"),
        (b"a violin", {"by": "smell"}, "by: Input should be"),
        (b"a violin", {"by": "picture", "like": str(UUID(int=1))}, "one example at a time"),
        (b"a violin", {"by": "picture", "query": "kind:text"}, "not of kind:"),
        (b"a violin", {"by": "picture", "query": '"fire drill"'}, "a scene has no words"),
        (b"a violin", {"by": "picture", "webhooks": ["nobody"]}, "there is no webhook nobody"),
        (b"1", {"by": "voice", "hours": "never"}, "are no hours"),
    ],
)
async def test_an_example_that_will_not_do_is_explained(
    ask: httpx.AsyncClient, media: bytes, params: dict[str, Any], says: str
) -> None:
    refused = await ask.post("/rules/by-example", params=params, content=media, headers=MEDIA)
    assert (refused.status_code, says in refused.json()["error"]) == (400, True), refused.text
    assert (await ask.get("/rules")).json()["rules"] == []


async def test_a_rule_that_is_left_out_is_listed_and_can_be_removed(ask: httpx.AsyncClient, node: Node) -> None:
    lift = replace(node.encoders.rules.picture(node.encoders.picture("a violin")), encoder="another")
    definition = encode_rule(rule_of(RuleDraft("", "Lift", example=lift), "lift", node.speakers.resolve)).decode()
    node.at_work.start([RuleSet("lift", definition, "", 1.0)])
    (left_out,) = (await ask.get("/rules")).json()["left_out"]
    assert (left_out["id"], "read by the encoder another" in left_out["why"]) == ("lift", True)
    assert (await by_example(ask, b"a violin", "picture", name="Lift"))["id"] == "lift-2"
    assert (await ask.delete("/rules/lift")).status_code == 204
    assert (await ask.get("/rules")).json()["left_out"] == []


async def test_many_are_set_at_once_by_name_or_not_at_all(ask: httpx.AsyncClient, node: Node) -> None:
    before = await add(ask, '"drill"', name="Drill", hours="08:00-18:00")
    drafts = [{"query": '"alarm"', "name": "drill"}, {"query": '"fire"'}, {"query": "kind:scene a tripod"}]
    bad = await ask.post("/rules/batch", json={"rules": [*drafts, {"query": "since:2h", "name": "Bad"}]})
    assert (bad.status_code, "'Bad': " in bad.json()["error"]) == (400, True)
    twice = await ask.post("/rules/batch", json={"rules": [*drafts, drafts[1]]})
    assert (twice.status_code, "two rules have this name" in twice.json()["error"]) == (400, True)
    assert (await ask.get("/rules")).json()["rules"] == [before]
    done = (await ask.post("/rules/batch", json={"rules": drafts})).json()
    assert [(each["id"], each["done"]) for each in done["rules"]][:2] == [("drill", "set"), ("fire", "added")]
    assert done["warnings"] == []
    drill = (await ask.get("/rules/drill")).json()
    assert (drill["query"], drill["hours"], drill["name"]) == ('"alarm"', "", "drill")
    assert [alert.facts.rule for alert in node.see(node.moment("text", 0.0, "fire"))] == ['"fire"']


async def test_ten_thousand_rules_are_the_most(ask: httpx.AsyncClient, node: Node) -> None:
    for first in range(0, 10_000, 1000):
        drafts = [{"query": f'"word{at}"', "name": f"Rule {at}"} for at in range(first, first + 1000)]
        done = await ask.post("/rules/batch", json={"rules": drafts})
        assert done.status_code == 200, done.text
    refused = await ask.post("/rules", json={"query": '"drill"'})
    assert (refused.status_code, "there are 10000 rules" in refused.json()["error"]) == (400, True)
    refused = await ask.post("/rules/batch", json={"rules": [{"query": '"drill"'}]})
    assert (refused.status_code, "there are 10000 rules" in refused.json()["error"]) == (400, True)
    again = await ask.post("/rules/batch", json={"rules": [{"query": '"other"', "name": "Rule 7"}]})
    assert again.json()["rules"] == [{"id": "rule-7", "name": "Rule 7", "done": "set"}]
    assert len((await ask.get("/rules")).json()["rules"]) == 10_000
    (alert,) = node.see(node.moment("text", 0.0, "here is word4711"))
    assert alert.facts.rule == "Rule 4711"


async def heard(node: Node, ask: httpx.AsyncClient) -> None:
    """Ana and a stranger, and rules that know them: by a voice, by a name, and by neither."""
    for person in (2, 5):
        node.store(node.moment("speech", -50.0 * person, "hello it is me again today", voice=person))
    ana, _ = sorted(node.speakers.all(), key=lambda each: -each.first_heard_s)
    node.speakers.rename(ana.id, "Ana")
    for name, voice in (("Her voice", b"2"), ("Another's", b"5")):
        params = {"by": "voice", "name": name}
        assert (await ask.post("/rules/by-example", params=params, content=voice, headers=MEDIA)).status_code == 201
    await add(ask, "speaker:Ana budget", name="Her name")
    await add(ask, '"fire alarm" -speaker:Ana', name="Without her")
    await add(ask, '"budget"', name="Neither")


async def names(ask: httpx.AsyncClient) -> list[str]:
    return [each["name"] for each in (await ask.get("/rules")).json()["rules"]]


async def test_a_voice_that_is_forgotten_leaves_the_rules_too_when_that_is_asked_for(
    ask: httpx.AsyncClient, node: Node
) -> None:
    await heard(node, ask)
    known = (await ask.get("/speakers/Ana/rules")).json()["rules"]
    assert [(each["name"], each["why"], each["likeness"]) for each in known] == [
        ("Her name", "speaker", None), ("Her voice", "voice", 1.0), ("Without her", "excluded", None),
    ]  # fmt: skip
    gone = await ask.delete("/speakers/Ana", params={"rules": "true"})
    assert gone.json() == {
        "label": "Ana", "rules_removed": known[:2], "rules_left": known[2:], "not_looked_into": 0
    }  # fmt: skip
    assert await names(ask) == ["Another's", "Neither", "Without her"]
    assert [each.label for each in node.speakers.all()] == ["speaker 2"]


async def test_else_the_rules_that_know_a_forgotten_voice_are_named(ask: httpx.AsyncClient, node: Node) -> None:
    await heard(node, ask)
    gone = (await ask.delete("/speakers/Ana")).json()
    assert [each["name"] for each in gone["rules_left"]] == ["Her name", "Her voice", "Without her"]
    assert gone["rules_removed"] == []
    rules = {each["name"]: each["warnings"] for each in (await ask.get("/rules")).json()["rules"]}
    assert len(rules) == 5
    warned = {name: why for name, warnings in rules.items() for why in warnings if why.startswith("a speaker that it")}
    assert {name: why.split(":")[0] for name, why in warned.items()} == {
        "Her name": "a speaker that it names was forgotten and is heard no more",
        "Without her": "a speaker that it leaves out was forgotten",
    }
    (alert,) = node.see(node.moment("speech", 0.0, "the budget is done", voice=2))  # nobody's name is on her voice now
    assert alert.facts.rule == "Neither"
    (alert,) = node.see(node.moment("speech", 10.0, "the fire alarm is on", voice=2))
    assert alert.facts.rule == "Without her"  # who leaves nobody out any more


async def test_when_the_voice_can_t_be_forgotten_its_rules_stay_to_be_found_again(
    ask: httpx.AsyncClient, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await heard(node, ask)
    known = (await ask.get("/speakers/Ana/rules")).json()
    before = await names(ask)

    def down(_: object) -> None:
        raise ConnectionError("the store is down")

    with monkeypatch.context() as broken:
        broken.setattr(node.speakers, "forget", down)
        assert (await ask.delete("/speakers/Ana", params={"rules": "true"})).status_code == 503
    assert await names(ask) == before
    assert (await ask.get("/speakers/Ana/rules")).json() == known


async def test_rules_of_a_forgotten_voice_that_can_t_be_removed_are_named(
    ask: httpx.AsyncClient, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await heard(node, ask)
    removed = node.at_work.remove

    def one_only(event: RuleRemoved) -> list[AlertRaised]:
        if event.rule_id != "her-name":
            raise ConnectionError("Kafka is down")
        return removed(event)

    monkeypatch.setattr(node.at_work, "remove", one_only)
    gone = (await ask.delete("/speakers/Ana", params={"rules": "true"})).json()
    assert [each["name"] for each in gone["rules_removed"]] == ["Her name"]
    assert [each["name"] for each in gone["rules_left"]] == ["Her voice", "Without her"]
    assert (await ask.get("/speakers/Ana/rules")).status_code == 404


async def test_rules_that_are_left_out_may_hold_a_forgotten_voice_too(ask: httpx.AsyncClient, node: Node) -> None:
    await heard(node, ask)
    (old,) = [known for known in node.at_work.all() if known.rule.name == "Her voice"]
    rule = replace(old.rule, id="old", condition=Voice(vector=(1.0, 0.0), encoder="another"))
    node.at_work.start([RuleSet("old", encode_rule(rule).decode(), "", 1.0)])
    assert (await ask.get("/speakers/Ana/rules")).json()["not_looked_into"] == 1
    assert (await ask.delete("/speakers/Ana", params={"rules": "true"})).json()["not_looked_into"] == 1


async def test_the_voices_of_all_rules_are_compared_at_once(
    ask: httpx.AsyncClient, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await heard(node, ask)
    compared, likeness = list[int](), node.speakers.likeness

    def counted(id: str, voices: Sequence[Vector]) -> list[float | None]:
        compared.append(len(voices))
        return likeness(id, voices)

    monkeypatch.setattr(node.speakers, "likeness", counted)
    assert len((await ask.get("/speakers/Ana/rules")).json()["rules"]) == 3
    assert compared == [2]


async def test_to_list_rules_nobody_is_searched_for_by_name(
    ask: httpx.AsyncClient, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await heard(node, ask)

    def searched(who: str) -> None:
        raise AssertionError(who)

    monkeypatch.setattr(node.speakers, "resolve", searched)
    assert [each["warnings"] for each in (await ask.get("/rules")).json()["rules"] if each["name"] == "Her name"] == [
        []
    ]
