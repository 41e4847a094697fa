"""The `nowseen rules` commands. As in cli.py, each imports what it needs when it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from nowseen.rules_command import RulesCommand

rules = typer.Typer(
    name="rules",
    invoke_without_command=True,
    help="Say what is watched for; add, try, pause, resume and remove rules. RULE is a name or an id.",
)

_Rule = Annotated[str, typer.Argument(metavar="RULE", help="A name or an id.")]
_Query = Annotated[str, typer.Argument(help="What to watch for, as in `nowseen search`: docs/rules.md.")]
_DecidedBy = Literal["budget", "examples"]  # domain.rules.DecidedBy, which would import numpy
_Json = Annotated[bool, typer.Option("--json", help="Print the API's answer.")]


@rules.callback()
def show(context: typer.Context, as_json: _Json = False) -> None:
    if context.invoked_subcommand is None:
        _run(lambda command: command.show(json_output=as_json))


@rules.command()
def add(
    query: _Query,
    name: Annotated[str, typer.Option(help="What people call it; else the query.")] = "",
    hours: Annotated[str, typer.Option(help="When it listens: 'mon-fri 08:00-18:00 Europe/Berlin'; else always.")] = "",
    webhook: Annotated[list[str] | None, typer.Option(help="Who is told, by name; repeatable.")] = None,
    false_alarms_per_day: Annotated[float, typer.Option(help="How often it may trouble people for nothing.")] = 1.0,
    decided_by: Annotated[_DecidedBy, typer.Option(help="By that budget, or by examples people marked.")] = "budget",
) -> None:
    """Watch for something from now on."""
    _run(lambda command: command.add(query, name, hours, webhook or [], false_alarms_per_day, decided_by))


@rules.command()
def test(
    query: Annotated[str, typer.Argument(help="A query, or with --rule nothing.")] = "",
    rule: Annotated[str | None, typer.Option(help="One that there is.")] = None,
    days: Annotated[float, typer.Option(help="How many of the last days.")] = 7.0,
    hours: Annotated[str, typer.Option(help="When it listens; else always.")] = "",
    false_alarms_per_day: Annotated[float, typer.Option(help="How often it may trouble people for nothing.")] = 1.0,
    as_json: _Json = False,
) -> None:
    """Try a rule on what is stored: what it would have told."""
    _run(lambda command: command.test(query, rule, days, hours, false_alarms_per_day, json_output=as_json))


@rules.command()
def pause(rule: _Rule) -> None:
    """Tell nobody for now; what it would have told is listed."""
    _run(lambda command: command.change(rule, "paused"))


@rules.command()
def resume(rule: _Rule) -> None:
    """Tell people again."""
    _run(lambda command: command.change(rule, "active"))


@rules.command("rm")
def remove(rule: _Rule) -> None:
    """Watch for it no more. What it learnt is gone."""
    _run(lambda command: command.remove(rule))


@rules.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A YAML file of rules: docs/rules.md. Others stay as they are.")],
) -> None:
    """Add and change rules as a file says."""
    _run(lambda command: command.apply(file))


def _run(command: Callable[[RulesCommand], int]) -> None:
    from nowseen.rules_command import RulesCommand
    from nowseen.settings import load_settings

    raise typer.Exit(RulesCommand(load_settings().node_url).run(command))
