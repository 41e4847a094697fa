"""`nowseen speakers` in a terminal: who has been heard, and what people decide of them, over a node's HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from nowseen.node_client import FOUND, NOTHING_FOUND, NodeFailed, ask_node, print_failure


@dataclass(frozen=True, slots=True)
class SpeakersCommand:
    """What is asked of the node at `api_url`; each method prints and returns an exit code, or raises NodeFailed.

    A speaker is meant by id, name or label ("speaker 7").
    """

    api_url: str
    console: Console = field(default_factory=Console)
    errors: Console = field(default_factory=lambda: Console(stderr=True))
    transport: httpx.BaseTransport | None = None

    def run(self, command: Callable[[SpeakersCommand], int]) -> int:
        """The command's exit code. 0: done. 1: nobody to list. 2: refused, or no node; why goes to `errors`."""
        try:
            return command(self)
        except NodeFailed as failure:
            return print_failure(self.errors, str(failure))

    def show(self, *, json_output: bool = False) -> int:
        answer = self._ask("GET", "", holds="speakers")
        speakers = answer["speakers"]
        if json_output:
            self.console.print_json(data=answer)
        elif speakers:
            self.console.print(_table(speakers))
        else:
            self.console.print("Nobody has been heard yet, or nobody long enough to be told apart.")
        return FOUND if speakers else NOTHING_FOUND

    def enrol(self, name: str, clip: Path, consent: str) -> int:
        try:
            recording = clip.read_bytes()
        except OSError as error:
            raise NodeFailed(f"{clip} can't be read: {error.strerror or error}") from error
        made = self._ask(
            "POST", "", holds="label", params={"name": name, "consent": consent}, content=recording,
            headers={"Content-Type": "application/octet-stream"},
        )  # fmt: skip
        heard = made["utterances"]
        before = f", heard in {heard} utterances before" if heard else ""
        self.console.print(f"[bold]{escape(made['label'])}[/bold] is enrolled{before}.")
        return FOUND

    def name(self, who: str, name: str) -> int:
        made = self._ask("PATCH", who, holds="label", json={"name": name})
        self.console.print(f"[bold]{escape(made['label'])}[/bold] it is, in {made['utterances']} utterances.")
        return FOUND

    def merge(self, who: str, into: str) -> int:
        made = self._ask("POST", who, "merge", holds="label", json={"into": into})
        self.console.print(f"One voice now: [bold]{escape(made['label'])}[/bold], {made['utterances']} utterances.")
        return FOUND

    def split(self, who: str) -> int:
        # Nothing to say but that it is meant: see search/api_guards.py.
        made = self._ask("POST", who, "split", holds="speakers", headers={"Content-Type": "application/json"})
        self.console.print(_table(made["speakers"]))
        return FOUND

    def forget(self, who: str, *, rules: bool = False, is_sure: Callable[[str], bool] = lambda _: True) -> int:
        """`rules`: rules that know the speaker go too. `is_sure` is asked what will be gone, before anything is."""
        known = self._ask("GET", who, "rules", holds="rules")["rules"]
        if known and not rules:
            self.console.print("[yellow]These rules know this speaker, and stay unless --rules is given:[/yellow]")
        elif known:
            self.console.print("[yellow]These rules know this speaker, and go too:[/yellow]")
        self._list(known)
        gone = "the name, the voice vectors and the labels" + (f" and {len(known)} rules" if known and rules else "")
        if not is_sure(f"Forget {who}? {gone[0].upper()}{gone[1:]} can't be had back"):
            return NOTHING_FOUND
        made = self._ask("DELETE", who, holds="rules_left", params={"rules": "true"} if rules else {})
        self.console.print(f"{escape(made['label'])} is forgotten: {gone}. The words stay.")
        if made["rules_left"]:
            self.console.print("[yellow]Left: nowseen rules rm RULE removes[/yellow]")
            self._list(made["rules_left"])
        return FOUND

    def _list(self, rules: Sequence[Mapping[str, Any]]) -> None:
        for each in rules:
            why = "names the speaker" if each["why"] == "speaker" else f"holds a voice {each['likeness']:.2f} like it"
            self.console.print(f"  [bold]{escape(each['name'])}[/bold] {why}", highlight=False)

    def _ask(self, method: str, *steps: str, holds: str | None, **more: Any) -> Any:
        path = "/".join(["/speakers", *(quote(step, safe="") for step in steps if step)])
        return ask_node(self.api_url, method, path, holds=holds, transport=self.transport, **more)


def _table(speakers: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(expand=True)
    table.add_column("speaker", overflow="fold")
    for number in ("utterances", "spoken"):
        table.add_column(number, justify="right", no_wrap=True)
    table.add_column("last heard (UTC)", no_wrap=True)
    for text in ("sources", "enrolled"):
        table.add_column(text, overflow="fold")
    for each in speakers:
        table.add_row(
            Text(each["label"], style="bold" if each["name"] else ""),
            str(each["utterances"]),
            f"{each['spoken_s']:.0f} s",
            f"{datetime.fromtimestamp(each['last_heard_s'], UTC):%Y-%m-%d %H:%M:%S}" if each["utterances"] else "never",
            Text(", ".join(each["sources"])),
            Text(f"yes: {each['consent']}" if each["is_enrolled"] else "no"),
        )
    return table
