"""What `nowseen rules` asks and prints; the node's answers are played, in the API's own models."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from domain.errors import ConfigError
from nowseen.example_files import ExampleFile, one_example
from nowseen.node_client import FAILED, FOUND, NOTHING_FOUND
from nowseen.rules_cli import rules
from nowseen.rules_command import RulesCommand
from search.api_incident_models import IncidentModel, MatchModel
from search.api_rule_batches import BatchDoneModel, DoneModel
from search.api_rule_models import (
    BacktestModel,
    LeftOutModel,
    MarkedModel,
    MarksModel,
    ReplayModel,
    RuleModel,
    RulesModel,
    ThresholdModel,
)

WARM = ThresholdModel(
    is_warming_up=False, likelihood=0.7, standard_score=4.2, basis="counted", expected_per_day=0.9, incidents_seen=9,
    hours_watched=240.0, hours_missing=0.0, note="counted in 10.0 days",
)  # fmt: skip
COLD = WARM.model_copy(update={"is_warming_up": True, "note": "warming up: about 5.0 more hours"})
RULE = RuleModel(
    id="drill", name="Drill [red]", query="a drill", like="", sources=[], hours="08:00-18:00 UTC", webhooks=["team"],
    state="active", decided_by="budget", false_alarms_per_day=1.0, marked_right=0, marked_wrong=0, changed_s=1.79e9,
    thresholds={"gate": WARM, "hall": COLD}, open_incidents=3, suppressed={"paused": 2}, warnings=["a warning"],
)  # fmt: skip
PAUSED = RULE.model_copy(update={"id": "r2", "name": "Other", "state": "paused", "webhooks": [], "thresholds": {}})
DRILL = {"query": '"drill"', "name": "Drill", "webhooks": ["team"], "false_alarms_per_day": 2.0}
INCIDENT = IncidentModel(
    id="i1", rule_id="drill", rule="Drill", is_open=False, sources=["gate"], start_s=1.79e9, end_s=1.79e9, matches=1,
    is_digest=False, incidents=1, text="a drill [at noon]",
    best=MatchModel(
        moment_id="m1", source="gate", modality="text", start_s=1.79e9, end_s=1.79e9, text="a drill", score=0.875,
        threshold=None, evidence=[], thumbnail_url=None, clip_url=None,
    ),
)  # fmt: skip
TRIED = BacktestModel(
    incidents=[INCIDENT], per_day=1.5, days_watched=0.66, since_s=1.79e9, until_s=1.79e9 + 600, moments=42,
    learnt_from="same", suppressed={"cooldown": 4}, thresholds={"gate": WARM},
)  # fmt: skip


class Terminal:
    def __init__(self) -> None:
        self.out, self.errors = io.StringIO(), io.StringIO()
        self.asked: list[tuple[str, str, Any]] = []
        self.params: list[dict[str, str]] = []

    def run(self, replies: list[httpx.Response], command: Callable[[RulesCommand], int]) -> int:
        waiting = iter(replies)

        def answer(request: httpx.Request) -> httpx.Response:
            is_json = request.headers.get("content-type") == "application/json"
            body = json.loads(request.content) if is_json else request.content or None
            self.asked.append((request.method, request.url.path, body))
            self.params.append(dict(request.url.params.multi_items()))
            return next(waiting)

        return RulesCommand(
            "http://127.0.0.1:8000",
            console=Console(file=self.out, width=200),
            errors=Console(file=self.errors, width=300),
            transport=httpx.MockTransport(answer),
        ).run(command)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def says(model: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=model.model_dump())


def test_rules_are_listed(terminal: Terminal) -> None:
    assert terminal.run([says(RulesModel(rules=[RULE, PAUSED]))], lambda command: command.show()) == FOUND
    page = terminal.out.getvalue()
    for shown in ("Drill [red]", "a drill", "08:00-18:00 UTC", "team", "3", "gate: about 0.9 a day (counted)", "paused",
                  "nobody", "nothing watched yet", "hall: warming up: about 5.0 more hours"):  # fmt: skip
        assert shown in page, page


def test_no_rule_is_said_as_json_and_in_words(terminal: Terminal) -> None:
    none = RulesModel(rules=[])
    assert terminal.run([says(none)], lambda command: command.show(json_output=True)) == NOTHING_FOUND
    assert json.loads(terminal.out.getvalue()) == {"rules": [], "left_out": []}
    assert terminal.run([says(none)], lambda command: command.show()) == NOTHING_FOUND
    assert "Nothing is watched for yet" in terminal.out.getvalue()


def test_a_rule_is_added_with_what_to_expect_of_it(terminal: Terminal) -> None:
    code = terminal.run([says(RULE, 201)], lambda command: command.add(DRILL))
    assert code == FOUND
    assert terminal.asked == [("POST", "/rules", DRILL)]
    for shown in ("Drill [red] is watched for", "gate: about 0.9 a day", "a warning"):
        assert shown in terminal.out.getvalue()


def test_what_is_refused_says_why(terminal: Terminal) -> None:
    refused = httpx.Response(400, json={"error": "it matches everything"})
    assert terminal.run([refused], lambda command: command.add({"query": ""})) == FAILED
    assert "it matches everything" in terminal.errors.getvalue()


def test_what_it_would_have_told_is_printed(terminal: Terminal) -> None:
    code = terminal.run([says(TRIED)], lambda command: command.test({"query": "x", "days": 3.0}))
    assert code == FOUND
    page = terminal.out.getvalue()
    for shown in ("2026-09-21 14:13:20", "gate", "a drill [at noon]", "(0.88)", "told 1 incident in 15.8 hours watched",
                  "about 2 a day", "42 moments", "not told: 4 cooldown", "learnt from the same moments",
                  "gate: about 0.9 a day (counted)"):  # fmt: skip
        assert shown in page, page


def test_what_a_replay_lacks_is_printed(terminal: Terminal) -> None:
    replay = ReplayModel(left_out=3, is_out_of_time=True, not_stored=12)
    tried = TRIED.model_copy(update={"over": "replay", "replay": replay})
    assert terminal.run([says(tried)], lambda command: command.test({"query": "x", "over": "replay"})) == FOUND
    page = terminal.out.getvalue()
    for shown in ("Tried on a replay of 42 moments", "no time to read what Kafka holds", "3 records were left",
                  "12 moments are not stored"):  # fmt: skip
        assert shown in page, page
    whole = tried.model_copy(update={"replay": ReplayModel(left_out=0, is_out_of_time=False, not_stored=0)})
    terminal.out.truncate(0)
    terminal.run([says(whole)], lambda command: command.test({"query": "x", "over": "replay"}))
    assert "a replay of 42" in terminal.out.getvalue()
    for absent in ("no time", "left out", "not stored"):
        assert absent not in terminal.out.getvalue()


def test_a_replay_is_asked_for_by_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def ask(_: RulesCommand, rule: dict[str, Any], *__: object, **___: object) -> int:
        asked.append(rule)
        return FOUND

    monkeypatch.setattr(RulesCommand, "test", ask)
    for switch in ([], ["--replay"]):
        assert CliRunner().invoke(rules, ["test", "fire", *switch]).exit_code == FOUND
    assert [each.get("over") for each in asked] == [None, "replay"]


def test_it_pauses_resumes_and_removes(terminal: Terminal) -> None:
    assert terminal.run([says(PAUSED)], lambda command: command.change("My rule/2", "paused")) == FOUND
    assert "Other is paused" in terminal.out.getvalue()
    assert terminal.run([httpx.Response(204)], lambda command: command.remove("Other")) == FOUND
    assert [each[:2] for each in terminal.asked] == [("PATCH", "/rules/My rule/2"), ("DELETE", "/rules/Other")]


LIKE = RULE.model_copy(update={"like": "a picture", "query": "source:gate"})


def test_what_a_rule_is_to_be_like_is_sent_and_listed(terminal: Terminal, tmp_path: Path) -> None:
    shown = ExampleFile("picture", tmp_path / "lift.jpg")
    shown.path.write_bytes(b"a forklift")
    rule = {"query": "source:gate", "webhooks": []}
    assert terminal.run([says(LIKE, 201)], lambda command: command.add(rule, shown)) == FOUND
    assert terminal.run([says(TRIED)], lambda command: command.test({"days": 3.0}, shown)) == FOUND
    assert terminal.asked == [
        ("POST", "/rules/by-example", b"a forklift"), ("POST", "/rules/backtest/by-example", b"a forklift"),
    ]  # fmt: skip
    assert terminal.params == [
        {"query": "source:gate", "webhooks": "", "by": "picture"}, {"days": "3.0", "by": "picture"},
    ]  # fmt: skip
    assert terminal.run([says(RulesModel(rules=[LIKE]))], lambda command: command.show()) == FOUND
    assert "like a picture, source:gate" in terminal.out.getvalue()


def test_a_rule_like_a_moment_names_it(terminal: Terminal) -> None:
    assert terminal.run([says(LIKE, 201)], lambda command: command.add({"query": ""}, like="m1")) == FOUND
    assert terminal.asked == [("POST", "/rules", {"query": "", "like": "m1"})]


def test_two_examples_or_a_file_that_is_not_there_are_not_sent(terminal: Terminal, tmp_path: Path) -> None:
    gone = ExampleFile("voice", tmp_path / "gone.wav")
    assert terminal.run([], lambda command: command.add({}, gone, "m1")) == FAILED
    assert "one example at a time" in terminal.errors.getvalue()
    with pytest.raises(ConfigError, match="can't be read"):
        terminal.run([], lambda command: command.add({}, gone))
    with pytest.raises(ConfigError, match="--picture or --voice"):
        one_example(picture=gone.path, voice=gone.path)


def test_rules_that_are_left_out_are_told(terminal: Terminal) -> None:
    left_out = LeftOutModel(id="lift", query="", why="its example was read by the encoder [old]")
    terminal.run([says(RulesModel(rules=[RULE], left_out=[left_out]))], lambda command: command.show())
    assert "lift is not watched for: its example was read by the encoder [old]" in terminal.out.getvalue()


def test_a_file_names_examples_beside_itself(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "rules:\n  other: {picture: lifts/lift.jpg, query: source:gate}\n  Ana: {voice: ana.wav}\n  Third: {like: m1}\n"
    )
    replies = [says(RulesModel(rules=[PAUSED])), says(PAUSED), says(RULE, 201), says(RULE, 201)]
    assert terminal.run(replies, lambda command: command.apply(file)) == FAILED
    assert "lift.jpg can't be read" in terminal.errors.getvalue()
    assert terminal.asked == []
    (tmp_path / "lifts").mkdir()
    (tmp_path / "lifts" / "lift.jpg").write_bytes(b"a forklift")
    (tmp_path / "ana.wav").write_bytes(b"Ana")
    assert terminal.run(replies, lambda command: command.apply(file)) == FOUND
    assert terminal.asked[1:3] == [
        ("PATCH", "/rules/r2/by-example", b"a forklift"), ("POST", "/rules/by-example", b"Ana"),
    ]  # fmt: skip
    assert [each.get("by") for each in terminal.params] == [None, "picture", "voice", None]
    assert terminal.asked[3][2]["like"] == "m1"


def test_a_file_is_applied_by_name(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  other: {query: fire}\n  New: {query: smoke, state: paused}\n")
    done = [DoneModel(id="r2", name="other", done="set"), DoneModel(id="new", name="New", done="added")]
    replies = [says(BatchDoneModel(rules=done, warnings=["2 of them learn [still]"]))]
    assert terminal.run(replies, lambda command: command.apply(file)) == FOUND
    ((method, path, body),) = terminal.asked
    assert (method, path) == ("POST", "/rules/batch")
    assert [(each["name"], each["query"], each["state"]) for each in body["rules"]] == [
        ("other", "fire", "active"), ("New", "smoke", "paused"),
    ]  # fmt: skip
    assert "other is set." in terminal.out.getvalue() and "2 of them learn [still]" in terminal.out.getvalue()


def test_a_file_of_ten_thousand_rules_is_sent_in_some_parts(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n" + "".join(f"  R{at}: {{query: 'fire {at}'}}\n" for at in range(10_000)))
    replies = [says(BatchDoneModel(rules=[]))] * 20
    assert terminal.run(replies, lambda command: command.apply(file)) == FOUND
    assert [len(body["rules"]) for _, _, body in terminal.asked] == [500] * 20


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rules:\n  One: {query: 'fire since:2h'}\n  Two: {hours: '8'}\n", ("line 2", "line 3")),
        (None, ("can't be read",)),
    ],
)
def test_a_file_that_is_wrong_changes_nothing(
    terminal: Terminal, tmp_path: Path, text: str | None, why: tuple[str, ...]
) -> None:
    file = tmp_path / "rules.yaml"
    if text is not None:
        file.write_text(text)
    assert terminal.run([], lambda command: command.apply(file)) == FAILED
    for each in why:
        assert each in terminal.errors.getvalue()
    assert terminal.asked == []


def test_an_address_is_sent_a_sample_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def answered(_: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        asked.append((method, path, more["json"]))
        return {"is_delivered": True, "answer": "answered 204"}

    monkeypatch.setattr("nowseen.webhooks_command.ask_node", answered)
    done = CliRunner().invoke(rules, ["test", "https://x.example/hook"])
    assert (done.exit_code, "answered 204" in done.output) == (FOUND, True)
    assert asked == [("POST", "/webhooks/test", {"url": "https://x.example/hook"})]


@pytest.mark.parametrize(
    ("given", "idle"),
    [
        (["https://x.example/hook", "--replay", "--rule", "R"], ("--rule, --replay", "the address of a webhook")),
        (["https://x.example/hook", "--days", "7"], ("--days", "the address of a webhook")),
        (["https://x.example/hook", "--json"], ("--json", "the address of a webhook")),
        (["fire", "--rule", "R"], ("query", "--rule")),
        (["--rule", "R", "--like", "m1", "--hours", "mon"], ("--like, --hours", "--rule")),
    ],
)
def test_what_would_do_nothing_is_refused(
    given: list[str], idle: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RulesCommand, "test", lambda *_, **__: FOUND)
    done = CliRunner().invoke(rules, ["test", *given], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert done.exit_code == 2
    assert f"{idle[0]} does nothing with {idle[1]}: leave it out" in done.output
    kept = ["--rule", "R", "--replay", "--days", "3", "--json"]
    assert CliRunner().invoke(rules, ["test", *kept]).exit_code == FOUND


def test_marks_are_listed(terminal: Terminal) -> None:
    right = MarkedModel(
        moment_id="m1", is_right=True, is_used=True, source="gate", start_s=1.79e9, end_s=1.79e9, score=0.875,
        text="a drill [at noon]", thumbnail_url=None, clip_url=None,
    )  # fmt: skip
    wrong = right.model_copy(update={"moment_id": "m2", "is_right": False, "is_used": False, "text": "lunch"})
    assert terminal.run([says(MarksModel(marks=[right, wrong]))], lambda c: c.marks("Drill")) == FOUND
    first, second = terminal.out.getvalue().splitlines()
    assert first == "right  2026-09-21 14:13:20 UTC  gate  a drill [at noon]  (0.88)  m1"
    assert second == "wrong  2026-09-21 14:13:20 UTC  gate  lunch  (0.88, of what it watched for before)  m2"
    assert terminal.run([says(MarksModel(marks=[]))], lambda c: c.marks("Drill")) == NOTHING_FOUND
    assert "Nobody has marked" in terminal.out.getvalue()
    assert [asked[:2] for asked in terminal.asked] == [("GET", "/rules/Drill/marks")] * 2


def test_moments_are_marked_and_what_was_said_is_taken_back(terminal: Terminal) -> None:
    made = RULE.model_copy(update={"marked_right": 1})
    assert terminal.run([says(made), says(made)], lambda c: c.mark("Drill", {"m1": True, "m2": None})) == FOUND
    assert terminal.asked == [
        ("POST", "/rules/Drill/marks", {"moment_id": "m1", "is_right": True}),
        ("POST", "/rules/Drill/marks", {"moment_id": "m2", "is_right": None}),
    ]
    assert terminal.out.getvalue().splitlines()[-1] == "Drill [red]: 1 marked right, 0 wrong."


def test_who_asks_for_json_gets_the_rule_as_the_marks_left_it(terminal: Terminal) -> None:
    first, last = (RULE.model_copy(update={"marked_right": count}) for count in (1, 2))
    replies = [says(first), says(last)]
    assert terminal.run(replies, lambda c: c.mark("Drill", {"m1": True, "m2": True}, json_output=True)) == FOUND
    assert json.loads(terminal.out.getvalue()) == last.model_dump()


@pytest.mark.parametrize("switches", [("--right", "--wrong"), ("--wrong", "--take-back"), ("--take-back", "--right")])
def test_a_moment_is_marked_one_thing_at_a_time(switches: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nowseen.rules_cli._run", lambda _: pytest.fail("it was sent"))
    one, other = switches
    done = CliRunner().invoke(rules, ["marks", "Drill", one, "m2", one, "m1", other, "m1"])
    assert done.exit_code == 2
    assert "m1 can be marked right or wrong" in done.output


@pytest.mark.parametrize("json_output", [True, False])
def test_marking_says_whether_json_is_asked_for(json_output: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[object]()

    class Played:
        def mark(self, *args: object, **more: object) -> int:
            asked.append((args, more))
            return FOUND

    def run(command: Callable[[Any], int]) -> None:
        raise typer.Exit(command(Played()))

    monkeypatch.setattr("nowseen.rules_cli._run", run)
    switch = ["--json"] if json_output else []
    assert CliRunner().invoke(rules, ["marks", "Drill", "--right", "m1", *switch]).exit_code == FOUND
    assert asked == [(("Drill", {"m1": True}), {"json_output": json_output})]


@pytest.mark.parametrize("given", [[], ["list"]])
def test_rules_are_listed_with_and_without_the_word(monkeypatch: pytest.MonkeyPatch, given: list[str]) -> None:
    asked: list[bool] = []

    def show(command: RulesCommand, *, json_output: bool = False) -> int:
        asked.append(json_output)
        return FOUND

    monkeypatch.setattr(RulesCommand, "show", show)
    assert CliRunner().invoke(rules, given).exit_code == FOUND
    assert CliRunner().invoke(rules, [*given, "--json"]).exit_code == FOUND
    assert asked == [False, True]


def test_a_rule_to_the_letter_has_no_warming_up(terminal: Terminal) -> None:
    exact = RULE.model_copy(update={"query": '"drill"'})
    for answer, command in (
        (says(exact), lambda each: each.add(DRILL)),
        (says(RulesModel(rules=[exact], left_out=[])), lambda each: each.show()),
    ):
        assert terminal.run([answer], command) == FOUND
        page = terminal.out.getvalue()
        assert "tells at once" in page
        assert "warming up" not in page
