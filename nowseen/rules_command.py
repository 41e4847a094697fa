"""`nowseen rules` in a terminal: what is watched for, and what it would have found, over a node's HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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

from dashboards.rates import how_often, told_words
from dashboards.rule_words import is_to_the_letter
from domain.errors import ConfigError
from domain.rule_drafts import RuleDraft
from domain.rules_yaml import WrittenRule, parse_rules
from nowseen.example_files import MEDIA, ExampleFile, one_example
from nowseen.node_client import FOUND, NOTHING_FOUND, NodeFailed, ask_node, print_failure

_SENT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RulesCommand:
    """What is asked of the node at `api_url`; each method prints and returns an exit code, or raises NodeFailed.

    A rule is meant by name or id.
    """

    api_url: str
    console: Console = field(default_factory=Console)
    errors: Console = field(default_factory=lambda: Console(stderr=True))
    transport: httpx.BaseTransport | None = None

    def run(self, command: Callable[[RulesCommand], int]) -> int:
        """The command's exit code. 0: done. 1: nothing to list, or nothing that a rule would have told. 2: refused, or
        no node; why goes to `errors`."""
        try:
            return command(self)
        except NodeFailed as failure:
            return print_failure(self.errors, str(failure))

    def show(self, *, json_output: bool = False) -> int:
        answer = self._ask("GET", holds="rules")
        if json_output:
            self.console.print_json(data=answer)
        elif answer["rules"]:
            self.console.print(_table(answer["rules"]))
        else:
            self.console.print("Nothing is watched for yet: [bold]nowseen rules add QUERY[/bold]")
        for each in [] if json_output else answer.get("left_out", []):
            self.console.print(f"[yellow]{escape(each['id'])} is not watched for:[/yellow] {escape(each['why'])}")
        return FOUND if answer["rules"] else NOTHING_FOUND

    def add(self, rule: Mapping[str, Any], example: ExampleFile | None = None, like: str | None = None) -> int:
        """`rule`: as the API takes it. `example`: something it is to be like; so is the moment `like`."""
        made = self._say("POST", holds="thresholds", rule=rule, example=example, like=like)
        self.console.print(f"[bold]{escape(made['name'])}[/bold] is watched for.")
        for line in _expected(made):
            self.console.print(f"  {escape(line)}", highlight=False)
        for warning in made["warnings"]:
            self.console.print(f"[yellow]{escape(warning)}[/yellow]")
        return FOUND

    def test(
        self,
        rule: Mapping[str, Any],
        example: ExampleFile | None = None,
        like: str | None = None,
        *,
        json_output: bool = False,
    ) -> int:
        tried = self._say("POST", "backtest", holds="incidents", rule=rule, example=example, like=like)
        if json_output:
            self.console.print_json(data=tried)
        else:
            self._print_tried(tried)
        return FOUND if tried["incidents"] else NOTHING_FOUND

    def change(self, rule: str, state: str) -> int:
        made = self._ask("PATCH", rule, holds="state", json={"state": state})
        self.console.print(f"[bold]{escape(made['name'])}[/bold] is {made['state']}.")
        return FOUND

    def remove(self, rule: str) -> int:
        self._ask("DELETE", rule, holds=None)
        self.console.print(f"{escape(rule)} is removed.")
        return FOUND

    def marks(self, rule: str, *, json_output: bool = False) -> int:
        """What people said of its matches."""
        answer = self._ask("GET", rule, "marks", holds="marks")
        if json_output:
            self.console.print_json(data=answer)
        for each in [] if json_output else answer["marks"]:
            said = "right" if each["is_right"] else "wrong"
            unused = "" if each["is_used"] else ", of what it watched for before"
            what = f"  {each['source']}  {each['text']}  ({each['score']:.2f}{unused})  {each['moment_id']}"
            self.console.print(Text.assemble((f"{said}  {_time(each['start_s'])} UTC", "bold"), what))
        if not answer["marks"] and not json_output:
            self.console.print("Nobody has marked any of its matches yet.")
        return FOUND if answer["marks"] else NOTHING_FOUND

    def mark(self, rule: str, said: Mapping[str, bool | None], *, json_output: bool = False) -> int:
        """`said` of moments by id: right, wrong, or None to take back what was said."""
        made = {}
        for moment_id, is_right in said.items():
            body = {"moment_id": moment_id, "is_right": is_right}
            made = self._ask("POST", rule, "marks", holds="marked_right", json=body)
            right, wrong = made["marked_right"], made["marked_wrong"]
            if not json_output:
                self.console.print(f"[bold]{escape(made['name'])}[/bold]: {right} marked right, {wrong} wrong.")
        if json_output:
            self.console.print_json(data=made)  # the rule, as it is after the last of them
        return FOUND

    def apply(self, file: Path) -> int:
        """Every mistake in the file is told before anything is changed."""
        try:
            written = parse_rules(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise NodeFailed(f"{file} can't be read: {error}") from error
        except ConfigError as error:
            raise NodeFailed("\n".join(f"{file}, {mistake}" for mistake in error.mistakes)) from error
        examples = [_example(rule, file.parent) for rule in written]
        plain = [rule for rule, example in zip(written, examples, strict=True) if example is None and not rule.like]
        for start in range(0, len(plain), _SENT_AT_ONCE):
            bodies = [_body(rule.draft) for rule in plain[start : start + _SENT_AT_ONCE]]
            answer = self._ask("POST", "batch", holds="rules", json={"rules": bodies})
            for each in answer["rules"]:
                self.console.print(f"[bold]{escape(each['name'])}[/bold] is {each['done']}.")
            for warning in answer["warnings"]:
                self.console.print(f"[yellow]{escape(warning)}[/yellow]")
        if len(plain) < len(written):
            self._apply_examples(written, examples)
        return FOUND

    def _apply_examples(self, written: Sequence[WrittenRule], examples: Sequence[ExampleFile | None]) -> None:
        known = {rule["name"].casefold(): rule["id"] for rule in self._ask("GET", holds="rules")["rules"]}
        for rule, example in zip(written, examples, strict=True):
            draft = rule.draft
            if example is None and not rule.like:
                continue
            id = known.get(draft.name.casefold())
            if id is None:
                self._say("POST", holds="id", rule=_body(draft), example=example, like=rule.like or None)
            else:
                self._say("PATCH", id, holds="id", rule=_body(draft), example=example, like=rule.like)
            done = "added" if id is None else "set"
            self.console.print(f"[bold]{escape(draft.name)}[/bold] is {done}.")

    def _print_tried(self, tried: Mapping[str, Any]) -> None:
        for each in tried["incidents"]:
            where = ", ".join(each["sources"])
            self.console.print(
                Text.assemble(
                    (_time(each["start_s"]), "bold"), f"  {where}  {each['text']}  ({each['best']['score']:.2f})"
                )
            )
        replay = tried.get("replay")
        per_day = "" if tried["per_day"] is None else how_often(tried["per_day"])
        held_back = ", ".join(f"{count} {reason}" for reason, count in tried["suppressed"].items())
        self.console.print(
            f"{told_words(len(tried['incidents']), tried['days_watched'], per_day)} "
            f"Tried on {'a replay of ' if replay else ''}{tried['moments']} moments from {_time(tried['since_s'])} to "
            f"{_time(tried['until_s'])} (UTC)" + (f"; not told: {held_back}." if held_back else "."),
            highlight=False,
        )
        for lack in _lacks(replay) if replay else ():
            self.console.print(lack, highlight=False)
        if tried["learnt_from"] == "same":
            self.console.print("It learnt from the same moments, so the rate looks a little better than it will be.")
        for source, threshold in tried["thresholds"].items():
            self.console.print(f"  {escape(source)}: {escape(_rate(threshold))}", highlight=False)

    def _say(
        self,
        method: str,
        *steps: str,
        holds: str,
        rule: Mapping[str, Any],
        example: ExampleFile | None,
        like: str | None,
    ) -> Any:
        """A rule, with what it is to be like."""
        if example is None:
            return self._ask(method, *steps, holds=holds, json={**rule, **({} if like is None else {"like": like})})
        if like:
            raise NodeFailed(f"one example at a time: --{example.by} or --like")
        media = example.read()
        # An empty list can't be said in an address: none but a nameless one.
        params = {name: value if value != [] else "" for name, value in {**rule, "by": example.by}.items()}
        return self._ask(method, *steps, "by-example", holds=holds, params=params, content=media, headers=MEDIA)

    def _ask(self, method: str, *steps: str, holds: str | None, **more: Any) -> Any:
        path = "/".join(["/rules", *(quote(step, safe="") for step in steps)])
        return ask_node(self.api_url, method, path, holds=holds, transport=self.transport, **more)


def _lacks(replay: Mapping[str, Any]) -> Iterator[str]:
    if replay["is_out_of_time"]:
        yield "There was no time to read what Kafka holds from before that."
    if replay["left_out"]:
        yield f"{replay['left_out']} records were left out: they are damaged, or the store would refuse them."
    if replay["not_stored"]:
        yield (
            f"{replay['not_stored']} moments are not stored: no speaker, mood or voice is known of them, and what asks "
            "for one, or for one that is not there, can't match them."
        )


def _example(rule: WrittenRule, folder: Path) -> ExampleFile | None:
    """Raises NodeFailed when there is no such file."""
    found = {by: folder / path for by, path in (("picture", rule.picture), ("voice", rule.voice)) if path}
    for path in found.values():
        if not path.is_file():
            raise NodeFailed(f"{path} can't be read: there is no such file, which the rule {rule.draft.name!r} is by")
    return one_example(**found)


def _body(draft: RuleDraft) -> dict[str, Any]:
    return {
        "query": draft.query, "name": draft.name, "hours": draft.hours, "webhooks": list(draft.webhooks),
        "state": draft.state, "decided_by": draft.decided_by, "false_alarms_per_day": draft.false_alarms_per_day,
    }  # fmt: skip


def _table(rules: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(expand=True)
    for name in ("rule", "query", "when", "tells"):
        table.add_column(name, overflow="fold")
    table.add_column("open", justify="right", no_wrap=True)
    table.add_column("expected", overflow="fold")
    for rule in rules:
        expected = _expected(rule)
        table.add_row(
            Text(rule["name"], style="bold" if rule["state"] == "active" else "dim"),
            Text(", ".join(filter(None, [f"like {rule['like']}" if rule["like"] else "", rule["query"]]))),
            Text("paused" if rule["state"] == "paused" else rule["hours"] or "always"),
            Text(", ".join(rule["webhooks"]) or "nobody"),
            str(rule["open_incidents"]),
            Text("\n".join(expected) or "nothing watched yet"),
        )
    return table


def _expected(rule: Mapping[str, Any]) -> list[str]:
    if not rule["like"] and is_to_the_letter(rule["query"]):
        return ["to the letter: it tells at once"]
    return [f"{source}: {_rate(threshold)}" for source, threshold in rule["thresholds"].items()]


def _rate(threshold: Mapping[str, Any]) -> str:
    if threshold["is_warming_up"]:
        return str(threshold["note"])
    return f"about {threshold['expected_per_day'] or 0.0:.2g} a day ({threshold['basis']})"


def _time(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}"
