"""`nowseen webhooks` against what the API answers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import httpx
import pytest
from rich.console import Console

from nowseen.node_client import FAILED, FOUND, NOTHING_FOUND
from nowseen.webhooks_command import WebhooksCommand
from search.api_webhooks import FailedModel, FailuresModel, OutcomeModel, SecretModel, WebhookModel, WebhooksModel

OPS = WebhookModel(
    name="ops", host="hooks.example", preset="slack", pending=3, failures=0, last_failure="", disabled_because=None
)
FAILING = OPS.model_copy(update={"name": "busy", "failures": 2, "last_failure": "answered 503: [red]"})
GONE = OPS.model_copy(update={"name": "gone", "disabled_because": "answered 410"})
ALL = WebhooksModel(webhooks=[OPS, FAILING, GONE]).model_dump()
LETTER = FailedModel(
    id="0b9f2c9e-6a54-5a53-8b64-7c1f0f5d9b1e", webhook="ops", incident="i", update=0, attempts=9,
    failed_s=1_790_000_000.0, reason="answered 500", body="{}",
)  # fmt: skip
FAILURES = FailuresModel(failed=[LETTER]).model_dump()
SECRET = "whsec_" + "A" * 43 + "="


class Terminal:
    def __init__(self) -> None:
        self.out, self.errors = io.StringIO(), io.StringIO()
        self.asked: list[httpx.Request] = []

    def run(self, reply: httpx.Response, command: Callable[[WebhooksCommand], int]) -> int:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            return reply

        return WebhooksCommand(
            "http://127.0.0.1:8000",
            console=Console(file=self.out, width=160),
            errors=Console(file=self.errors, width=300),
            transport=httpx.MockTransport(answer),
        ).run(command)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_everybody_is_listed_and_how_they_do(terminal: Terminal) -> None:
    assert terminal.run(httpx.Response(200, json=ALL), lambda command: command.show()) == FOUND
    page = terminal.out.getvalue()
    for shown in (
        "hooks.example",
        "slack",
        "3",
        "good",
        "fails, 2 in a row: answered 503: [red]",
        "disabled: answered",
    ):
        assert shown in page


def test_the_lists_as_json(terminal: Terminal) -> None:
    terminal.run(httpx.Response(200, json=ALL), lambda command: command.show(json_output=True))
    assert json.loads(terminal.out.getvalue()) == ALL


def test_nobody_is_said(terminal: Terminal) -> None:
    none = httpx.Response(200, json={"webhooks": []})
    assert terminal.run(none, lambda command: command.show()) == NOTHING_FOUND
    assert "nowseen webhooks add NAME URL" in terminal.out.getvalue()


def test_one_is_added_and_its_secret_shown_whole(terminal: Terminal) -> None:
    made = httpx.Response(201, json=SecretModel(name="ops", secret=SECRET).model_dump())
    assert terminal.run(made, lambda command: command.add("ops", "https://x.example/", "plain", None)) == FOUND
    assert SECRET in terminal.out.getvalue().splitlines()
    (asked,) = terminal.asked
    assert (asked.method, asked.url.path) == ("POST", "/webhooks")
    assert json.loads(asked.content) == {
        "name": "ops", "url": "https://x.example/", "preset": "plain", "secret_variable": None,
    }  # fmt: skip


def test_a_secret_of_the_environment_is_not_spoken_of(terminal: Terminal) -> None:
    made = httpx.Response(201, json=SecretModel(name="ops", secret=None).model_dump())
    terminal.run(made, lambda command: command.add("ops", "https://x.example/", "plain", "OPS_SECRET"))
    assert "secret" not in terminal.out.getvalue()


@pytest.mark.parametrize(
    ("is_delivered", "answer", "code"), [(True, "answered 204", FOUND), (False, "timeout: no answer", FAILED)]
)
def test_a_test_tells_what_was_answered(terminal: Terminal, is_delivered: bool, answer: str, code: int) -> None:
    told = httpx.Response(200, json=OutcomeModel(is_delivered=is_delivered, answer=answer).model_dump())
    assert terminal.run(told, lambda command: command.test("a/b")) == code
    assert answer in terminal.out.getvalue() + terminal.errors.getvalue()
    (asked,) = terminal.asked
    assert asked.url.raw_path == b"/webhooks/a%2Fb/test"
    assert asked.headers["content-type"] == "application/json"


def test_an_address_is_sent_a_sample_too(terminal: Terminal) -> None:
    told = httpx.Response(200, json=OutcomeModel(is_delivered=True, answer="answered 204").model_dump())
    assert terminal.run(told, lambda command: command.test_address("https://x.example/hook")) == FOUND
    (asked,) = terminal.asked
    assert (asked.url.path, json.loads(asked.content)) == ("/webhooks/test", {"url": "https://x.example/hook"})


def test_what_was_given_up_on_is_listed_and_sent_again(terminal: Terminal) -> None:
    assert terminal.run(httpx.Response(200, json=FAILURES), lambda command: command.failed()) == FOUND
    for shown in (LETTER.id, "2026-09-21 14:13:20", "answered 500", "9"):
        assert shown in terminal.out.getvalue()
    assert terminal.run(httpx.Response(204), lambda command: command.replay([LETTER.id, LETTER.id])) == FOUND
    assert [asked.url.path for asked in terminal.asked[1:]] == [f"/webhooks/failed/{LETTER.id}/replay"] * 2


@pytest.mark.parametrize(
    ("command", "method", "path"),
    [
        (lambda command: command.remove("ops"), "DELETE", "/webhooks/ops"),
        (lambda command: command.enable("ops"), "POST", "/webhooks/ops/enable"),
    ],
)
def test_what_is_done_is_said(
    terminal: Terminal, command: Callable[[WebhooksCommand], int], method: str, path: str
) -> None:
    assert terminal.run(httpx.Response(204), command) == FOUND
    (asked,) = terminal.asked
    assert (asked.method, asked.url.path) == (method, path)
    assert "ops is" in terminal.out.getvalue()


def test_a_refusal_is_told(terminal: Terminal) -> None:
    refused = httpx.Response(404, json={"error": "there is no endpoint 'ops'"})
    assert terminal.run(refused, lambda command: command.enable("ops")) == FAILED
    assert "there is no endpoint 'ops'" in terminal.errors.getvalue()
