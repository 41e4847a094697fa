from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from nowseen.node_client import FAILED, FOUND, NOTHING_FOUND
from nowseen.speakers_command import SpeakersCommand
from search.api_forgetting import ForgottenModel, RuleOfSpeakerModel, RulesOfSpeakerModel
from search.api_speakers import SpeakerModel, SpeakersModel

ANA = SpeakerModel(
    id="id-1", label="Ana [red]", name="Ana [red]", number=1, utterances=12, spoken_s=61.5, first_heard_s=1.79e9,
    last_heard_s=1_790_000_000.0, sources=["desk", "stage"], is_enrolled=True, consent="by mail",
)  # fmt: skip
SECOND = ANA.model_copy(
    update={"id": "id-2", "label": "speaker 2", "name": None, "number": 2, "is_enrolled": False, "consent": None}
)
BOTH = SpeakersModel(speakers=[ANA, SECOND]).model_dump()


class Terminal:
    def __init__(self) -> None:
        self.out, self.errors = io.StringIO(), io.StringIO()
        self.asked: list[httpx.Request] = []

    def run(self, reply: httpx.Response | Exception, command: Callable[[SpeakersCommand], int], url: str = "") -> int:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            if isinstance(reply, Exception):
                raise reply
            return reply

        return SpeakersCommand(
            url or "http://127.0.0.1:8000",
            console=Console(file=self.out, width=140),
            errors=Console(file=self.errors, width=300),
            transport=httpx.MockTransport(answer),
        ).run(command)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_everybody_is_listed(terminal: Terminal) -> None:
    assert terminal.run(httpx.Response(200, json=BOTH), lambda command: command.show()) == FOUND
    page = terminal.out.getvalue()
    for shown in ("Ana [red]", "speaker 2", "12", "62 s", "2026-09-21 14:13:20", "desk, stage", "yes: by mail"):
        assert shown in page


def test_the_list_as_json(terminal: Terminal) -> None:
    terminal.run(httpx.Response(200, json=BOTH), lambda command: command.show(json_output=True))
    assert json.loads(terminal.out.getvalue()) == BOTH


def test_nobody_was_heard(terminal: Terminal) -> None:
    reply = httpx.Response(200, json={"speakers": []})
    assert terminal.run(reply, lambda command: command.show()) == NOTHING_FOUND
    assert "Nobody has been heard yet" in terminal.out.getvalue()


def test_a_recording_is_sent_with_who_agreed(terminal: Terminal, tmp_path: Path) -> None:
    clip = tmp_path / "ana.wav"
    clip.write_bytes(b"RIFF")
    reply = httpx.Response(201, json=ANA.model_dump())
    assert terminal.run(reply, lambda command: command.enrol("Ana [red]", clip, "by mail")) == FOUND
    [asked] = terminal.asked
    assert (asked.method, asked.url.path) == ("POST", "/speakers")
    assert dict(asked.url.params) == {"name": "Ana [red]", "consent": "by mail"}
    assert asked.headers["content-type"] == "application/octet-stream"
    assert asked.content == b"RIFF"
    assert "Ana [red] is enrolled, heard in 12 utterances before" in terminal.out.getvalue()


def test_a_recording_that_is_not_there(terminal: Terminal, tmp_path: Path) -> None:
    clip = tmp_path / "none.wav"
    assert terminal.run(httpx.Response(500), lambda command: command.enrol("Ana", clip, "by mail")) == FAILED
    assert "none.wav can't be read: No such file" in terminal.errors.getvalue()
    assert terminal.asked == []


@pytest.mark.parametrize(
    ("command", "reply", "method", "path", "body"),
    [
        (lambda c: c.name("speaker 2", "Ana"), ANA, "PATCH", "/speakers/speaker%202", {"name": "Ana"}),
        (lambda c: c.merge("a/b", "Ana"), ANA, "POST", "/speakers/a%2Fb/merge", {"into": "Ana"}),
        (lambda c: c.split("Ana"), BOTH, "POST", "/speakers/Ana/split", None),
    ],
)
def test_what_is_decided_of_a_speaker_is_sent(
    terminal: Terminal, command: Callable[[SpeakersCommand], int], reply: Any, method: str, path: str, body: Any
) -> None:
    data = reply.model_dump() if isinstance(reply, SpeakerModel) else reply
    assert terminal.run(httpx.Response(200, json=data), command) == FOUND
    [asked] = terminal.asked
    assert (asked.method, asked.url.raw_path.decode()) == (method, path)
    assert (json.loads(asked.content) if asked.content else None) == body
    assert method != "POST" or asked.headers["content-type"] == "application/json"
    assert "Ana" in terminal.out.getvalue()


HER_VOICE = RuleOfSpeakerModel(id="r1", name="Her voice [1]", query="", why="voice", likeness=0.934)
HER_NAME = RuleOfSpeakerModel(id="r2", name="Her name", query="speaker:Ana", why="speaker", likeness=None)
WITHOUT = RuleOfSpeakerModel(id="r3", name="Without her", query="-speaker:Ana", why="excluded", likeness=None)


def forgetting(
    terminal: Terminal, command: Callable[[SpeakersCommand], int], *, not_looked_into: int = 0, **made: Any
) -> int:
    rules, nothing = (
        [HER_VOICE, HER_NAME, WITHOUT],
        ForgottenModel(label="Ana", rules_removed=[], rules_left=[], not_looked_into=not_looked_into),
    )
    replies = {
        "GET": RulesOfSpeakerModel(rules=rules, not_looked_into=not_looked_into),
        "DELETE": nothing.model_copy(update=made),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        terminal.asked.append(request)
        return httpx.Response(200, json=replies[request.method].model_dump())

    console = Console(file=terminal.out, width=140)
    return SpeakersCommand("http://127.0.0.1:8000", console, transport=httpx.MockTransport(answer)).run(command)


def test_before_a_voice_is_forgotten_the_rules_that_know_it_are_told(terminal: Terminal) -> None:
    def is_sure(question: str) -> bool:
        assert question.startswith("Forget Ana? The name, the voice vectors and the labels can't")
        assert "Her voice [1] holds a voice 0.93 like it" in terminal.out.getvalue()
        return False

    assert forgetting(terminal, lambda c: c.forget("Ana", is_sure=is_sure)) == NOTHING_FOUND
    assert [(asked.method, asked.url.path) for asked in terminal.asked] == [("GET", "/speakers/Ana/rules")]


def test_rules_that_are_left_are_named_once_with_what_to_do(terminal: Terminal) -> None:
    added = HER_NAME.model_copy(update={"id": "r9", "name": "Meanwhile"})
    left = [HER_VOICE, HER_NAME, added, WITHOUT]
    assert forgetting(terminal, lambda c: c.forget("Ana"), rules_left=left) == FOUND
    assert terminal.out.getvalue().splitlines() == [
        "These rules know this speaker, and stay unless --rules is given:",
        "  Her voice [1] holds a voice 0.93 like it",
        "  Her name names the speaker",
        "These rules leave this speaker out, and no longer will:",
        "  Without her leaves the speaker out",
        "Ana is forgotten: the name, the voice vectors and the labels. The words stay.",
        "3 rules left: `nowseen rules rm RULE` removes one",
        "Set meanwhile:",
        "  Meanwhile names the speaker",
    ]
    assert dict(terminal.asked[-1].url.params) == {}


def test_rules_go_too_when_that_is_asked_for_and_those_that_went_are_named(terminal: Terminal) -> None:
    def is_sure(question: str) -> bool:
        assert question == "Forget Ana? The name, the voice vectors and the labels and 2 rules can't be had back"
        return True

    made: dict[str, Any] = {
        "rules_removed": [HER_VOICE],
        "rules_left": [WITHOUT],
    }  # the other was removed while the question waited
    assert forgetting(terminal, lambda c: c.forget("Ana", rules=True, is_sure=is_sure), **made) == FOUND
    assert dict(terminal.asked[-1].url.params) == {"rules": "true"}
    assert terminal.out.getvalue().splitlines()[-2:] == [
        "Ana is forgotten: the name, the voice vectors and the labels. The words stay.",
        "1 rule removed: Her voice [1]",
    ]


def test_rules_that_were_to_go_and_did_not_are_told(terminal: Terminal) -> None:
    made: dict[str, Any] = {"rules_removed": [HER_NAME], "rules_left": [HER_VOICE, WITHOUT]}
    assert forgetting(terminal, lambda c: c.forget("Ana", rules=True), **made) == FAILED
    assert terminal.out.getvalue().splitlines()[-3:] == [
        "1 rule removed: Her name",
        "1 rule could not be removed: `nowseen rules rm RULE` tries again",
        "  Her voice [1] holds a voice 0.93 like it",
    ]


def test_rules_that_could_not_be_looked_into_are_told(terminal: Terminal) -> None:
    forgetting(terminal, lambda c: c.forget("Ana", is_sure=lambda _: False), not_looked_into=2)
    assert "Rules that are left out could not be looked into (2): `nowseen rules` lists them" in terminal.out.getvalue()


@pytest.mark.parametrize(
    ("replied", "said"),
    [
        (lambda: httpx.Response(404, json={"error": "there is no speaker 'Eve'; there is [Ana]"}), "there is [Ana]"),
        (lambda: httpx.ConnectError("connection refused"), "is `nowseen up` running?"),
        (lambda: httpx.ReadTimeout("slow"), "did not answer within"),
        (lambda: httpx.Response(200, text="<html>"), "no Nowseen node"),
        (lambda: httpx.Response(200, json={"hello": "world"}), "no Nowseen node"),
    ],
)
def test_failures_say_what_to_do(terminal: Terminal, replied: Callable[[], Any], said: str) -> None:
    assert terminal.run(replied(), lambda command: command.name("Eve", "Ana")) == FAILED
    assert said in terminal.errors.getvalue()
    assert terminal.out.getvalue() == ""


def test_an_address_that_is_none(terminal: Terminal) -> None:
    code = terminal.run(httpx.UnsupportedProtocol("no"), lambda command: command.show(), url="127.0.0.1:8000")
    assert code == FAILED
    assert "http://127.0.0.1:8600" in terminal.errors.getvalue()
