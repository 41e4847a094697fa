"""`nowseen webhooks` in a terminal: who is told of incidents, and what could not be told, over a node's HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from nowseen.node_client import FAILED, FOUND, NOTHING_FOUND, NodeFailed, ask_node, print_failure

_MEANT = {"Content-Type": "application/json"}  # nothing to say but that it is meant: see search/api_guards.py


@dataclass(frozen=True, slots=True)
class WebhooksCommand:
    """What is asked of the node at `api_url`; each method prints and returns an exit code, or raises NodeFailed."""

    api_url: str
    console: Console = field(default_factory=Console)
    errors: Console = field(default_factory=lambda: Console(stderr=True))
    transport: httpx.BaseTransport | None = None

    def run(self, command: Callable[[WebhooksCommand], int]) -> int:
        """The command's exit code. 0: done. 1: nothing to list. 2: refused, not delivered, or no node; why goes to
        `errors`."""
        try:
            return command(self)
        except NodeFailed as failure:
            return print_failure(self.errors, str(failure))

    def show(self, *, json_output: bool = False) -> int:
        answer = self._ask("GET", holds="webhooks")
        if json_output:
            self.console.print_json(data=answer)
        elif answer["webhooks"]:
            self.console.print(_endpoints(answer["webhooks"]))
        else:
            self.console.print("There are no webhooks yet: [bold]nowseen webhooks add NAME URL[/bold]")
        return FOUND if answer["webhooks"] else NOTHING_FOUND

    def add(self, name: str, url: str, preset: str, secret_variable: str | None) -> int:
        fields = {"name": name, "url": url, "preset": preset, "secret_variable": secret_variable}
        made = self._ask("POST", holds="secret", json=fields)
        self.console.print(f"[bold]{escape(made['name'])}[/bold] is added.")
        self._print_secret(made["secret"])
        return FOUND

    def remove(self, name: str) -> int:
        self._ask("DELETE", name, holds=None)
        self.console.print(f"{escape(name)} is removed.")
        return FOUND

    def enable(self, name: str) -> int:
        self._ask("POST", name, "enable", holds=None, headers=_MEANT)
        self.console.print(f"{escape(name)} is enabled: what happens from now on is sent to it.")
        return FOUND

    def replace_secret(self, name: str) -> int:
        made = self._ask("POST", name, "secret", holds="secret", headers=_MEANT)
        self._print_secret(made["secret"])
        self.console.print("The old one signs beside it for a day.")
        return FOUND

    def test(self, name: str) -> int:
        return self._print_outcome(self._ask("POST", name, "test", holds="is_delivered", headers=_MEANT))

    def test_address(self, url: str) -> int:
        """Of a webhook that there is, or might be."""
        return self._print_outcome(self._ask("POST", "test", holds="is_delivered", json={"url": url}))

    def _print_outcome(self, told: Mapping[str, Any]) -> int:
        if told["is_delivered"]:
            self.console.print(f"It arrived: {escape(told['answer'])}")
            return FOUND
        self.errors.print(f"[red]It did not arrive:[/red] {escape(told['answer'])}")
        return FAILED

    def failed(self, *, json_output: bool = False) -> int:
        answer = self._ask("GET", "failed", holds="failed")
        if json_output:
            self.console.print_json(data=answer)
        elif answer["failed"]:
            self.console.print(_failures(answer["failed"]))
        else:
            self.console.print("Nothing was given up on.")
        return FOUND if answer["failed"] else NOTHING_FOUND

    def replay(self, ids: Sequence[str]) -> int:
        for id in ids:
            self._ask("POST", "failed", id, "replay", holds=None, headers=_MEANT)
        self.console.print(f"{len(ids)} sent again: [bold]nowseen webhooks[/bold] says what waits.")
        return FOUND

    def _print_secret(self, secret: str | None) -> None:
        if secret is not None:
            self.console.print("Its receiver verifies with this secret, which is not shown again:")
            self.console.print(secret, markup=False, highlight=False, soft_wrap=True)

    def _ask(self, method: str, *steps: str, holds: str | None, **more: Any) -> Any:
        path = "/".join(["/webhooks", *(quote(step, safe="") for step in steps)])
        return ask_node(self.api_url, method, path, holds=holds, transport=self.transport, **more)


def _endpoints(webhooks: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(expand=True)
    for text in ("webhook", "host", "preset"):
        table.add_column(text, overflow="fold")
    table.add_column("waiting", justify="right", no_wrap=True)
    table.add_column("state", overflow="fold")
    for each in webhooks:
        table.add_row(
            Text(each["name"], style="bold"), Text(each["host"]), each["preset"], str(each["pending"]), _state(each)
        )
    return table


def _state(webhook: Mapping[str, Any]) -> Text:
    if webhook["disabled_because"] is not None:
        return Text(f"disabled: {webhook['disabled_because']}", style="red")
    if webhook["failures"]:
        return Text(f"fails, {webhook['failures']} in a row: {webhook['last_failure']}", style="yellow")
    return Text("good", style="green")


def _failures(failed: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(expand=True)
    table.add_column("given up (UTC)", no_wrap=True)
    table.add_column("webhook", overflow="fold")
    table.add_column("attempts", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    table.add_column("id", overflow="fold", min_width=36)
    for each in failed:
        when = datetime.fromtimestamp(each["failed_s"], UTC)
        table.add_row(
            f"{when:%Y-%m-%d %H:%M:%S}",
            Text(each["webhook"], style="bold"),
            str(each["attempts"]),
            Text(each["reason"]),
            each["id"],
        )
    return table
