"""`nowseen speakers` in a terminal: who has been heard, and what people decide of them, over a node's HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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

from nowseen.node_client import FAILED, FOUND, NOTHING_FOUND, NodeFailed, ask_node, print_failure


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
        """The command's exit code. 0: done. 1: nobody to list. 2: refused, done in part, or no node; why is
        said."""
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
        """`rules`: rules that know the speaker go too, except those that leave the speaker out. `is_sure` is asked what
        will be gone, before anything is."""
        known = self._ask("GET", who, "rules", holds="rules")
        knowing, without = _parted(known["rules"])
        go = "go too" if rules else "stay unless --rules is given"
        self._list(f"These rules know this speaker, and {go}:", knowing)
        self._list("These rules leave this speaker out, and no longer will:", without)
        if not_looked_into := known.get("not_looked_into", 0):
            self.console.print(
                f"[yellow]Rules that are left out could not be looked into ({not_looked_into}): `nowseen rules` lists "
                "them[/yellow]"
            )
        gone = "The name, the voice vectors and the labels" + (f" and {_count(knowing)}" if knowing and rules else "")
        if not is_sure(f"Forget {who}? {gone} can't be had back"):
            return NOTHING_FOUND
        made = self._ask("DELETE", who, holds="rules_left", params={"rules": "true"} if rules else {})
        label = escape(made["label"])
        self.console.print(f"{label} is forgotten: the name, the voice vectors and the labels. The words stay.")
        if removed := made["rules_removed"]:
            names = ", ".join(escape(each["name"]) for each in removed)
            self.console.print(f"{_count(removed)} removed: {names}", highlight=False)
        return self._say_left(made["rules_left"], told={each["id"] for each in known["rules"]}, was_asked=rules)

    def _say_left(self, rules: Sequence[Mapping[str, Any]], told: Collection[str], *, was_asked: bool) -> int:
        """Those that were `told` before need not be listed again, unless they were to go."""
        knowing, without = _parted(rules)
        if was_asked:
            self._list(f"{_count(knowing)} could not be removed: `nowseen rules rm RULE` tries again", knowing)
        elif knowing:
            self.console.print(f"[yellow]{_count(knowing)} left: `nowseen rules rm RULE` removes one[/yellow]")
            self._list("Set meanwhile:", [each for each in knowing if each["id"] not in told])
        self._list("Leave this speaker out no longer:", [each for each in without if each["id"] not in told])
        return FAILED if was_asked and knowing else FOUND

    def _list(self, heading: str, rules: Sequence[Mapping[str, Any]]) -> None:
        if rules:
            self.console.print(f"[yellow]{heading}[/yellow]")
        for each in rules:
            why = {"speaker": "names the speaker", "excluded": "leaves the speaker out"}.get(each["why"])
            why = why or f"holds a voice {each['likeness']:.2f} like it"
            self.console.print(f"  [bold]{escape(each['name'])}[/bold] {why}", highlight=False)

    def _ask(self, method: str, *steps: str, holds: str | None, **more: Any) -> Any:
        path = "/".join(["/speakers", *(quote(step, safe="") for step in steps if step)])
        return ask_node(self.api_url, method, path, holds=holds, transport=self.transport, **more)


def _parted(
    rules: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Those that know a speaker, and those that only leave the speaker out."""
    without = [each for each in rules if each["why"] == "excluded"]
    return [each for each in rules if each not in without], without


def _count(rules: Sequence[Mapping[str, Any]]) -> str:
    return f"{len(rules)} rule{'' if len(rules) == 1 else 's'}"


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
