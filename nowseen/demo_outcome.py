"""What came of `nowseen demo --check`, for people and for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from nowseen.demo_questions import Verdict
from nowseen.demo_rules import RuleVerdict


@dataclass(frozen=True, slots=True)
class Outcome:
    verdicts: tuple[Verdict, ...]
    rules: tuple[RuleVerdict, ...]
    warnings: tuple[str, ...]  # models that stand in for others
    missing: tuple[str, ...]  # samples that could not be had
    seconds: Mapping[str, float]
    failure: str | None = None

    @property
    def is_right(self) -> bool:
        return self.failure is None and all(each.is_right for each in self.every)

    @property
    def every(self) -> tuple[Verdict | RuleVerdict, ...]:
        return (*self.verdicts, *self.rules)


def to_json(outcome: Outcome) -> str:
    return json.dumps(
        {
            "right": outcome.is_right,
            "failure": outcome.failure,
            "questions": [
                {
                    "query": verdict.question.query,
                    "speaker": verdict.question.speaker,
                    "kind": verdict.question.kind,
                    "expected": verdict.expected,
                    "got": verdict.got,
                    "right": verdict.is_right,
                }
                for verdict in outcome.verdicts
            ],
            "rules": [
                {
                    "rule": verdict.rule.name,
                    "query": verdict.rule.query,
                    "kind": verdict.rule.kind,
                    "expected": verdict.expected,
                    "got": verdict.got,
                    "right": verdict.is_right,
                }
                for verdict in outcome.rules
            ],
            "seconds": {name: round(value, 2) for name, value in outcome.seconds.items()},
            "stand_ins": list(outcome.warnings),
            "missing": list(outcome.missing),
        },
        ensure_ascii=False,
        indent=2,
    )


def print_table(outcome: Outcome) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table("asked", "by", "expected", "got", "", title="nowseen demo --check")
    for verdict in outcome.every:
        mark = "[green]right[/]" if verdict.is_right else "[bold red]wrong[/]"
        asked, kind = (
            (verdict.question.asked, verdict.question.kind)
            if isinstance(verdict, Verdict)
            else (f"rule {verdict.rule.asked}", verdict.rule.kind)
        )
        row = [asked, kind, verdict.expected, verdict.got]
        table.add_row(*(text.replace("[", "\\[") for text in row), mark)
    console.print(table)
    console.print(", ".join(f"{name} {value:.1f} s" for name, value in outcome.seconds.items()))
    for line in (*outcome.missing, *outcome.warnings):
        console.print(f"note: {line}", markup=False)
    if outcome.failure:
        console.print(f"failed: {outcome.failure}", style="bold red", markup=False)
