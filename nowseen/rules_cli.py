"""The `nowseen rules` commands. As in cli.py, each imports what it needs when it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from nowseen.rules_command import RulesCommand

rules = typer.Typer(
    name="rules",
    invoke_without_command=True,
    help="Say what is watched for; add, try, pause, resume and remove rules. RULE is a name or an id.",
)

_Rule = Annotated[str, typer.Argument(metavar="RULE", help="A name or an id.")]
_DecidedBy = Literal["budget", "examples"]  # domain.rules.DecidedBy, which would import numpy
_Picture = Annotated[Path | None, typer.Option(help="Watch for what looks like this picture.")]
_Voice = Annotated[Path | None, typer.Option(help="Watch for the voice in this recording.")]
_Like = Annotated[
    str | None, typer.Option(help="A moment's id (`nowseen search --json` shows it): watch for its like.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print the API's answer.")]


@rules.callback()
def show(context: typer.Context, as_json: _Json = False) -> None:
    if context.invoked_subcommand is None:
        list_rules(as_json)


@rules.command("list")
def list_rules(as_json: _Json = False) -> None:
    """Say what is watched for, as `nowseen rules` alone does."""
    _run(lambda command: command.show(json_output=as_json))


@rules.command()
def add(
    query: Annotated[str, typer.Argument(help="What to watch for, as in `nowseen search`: docs/rules.md.")] = "",
    picture: _Picture = None,
    voice: _Voice = None,
    like: _Like = None,
    name: Annotated[str, typer.Option(help="What people call it; else what it watches for.")] = "",
    hours: Annotated[str, typer.Option(help="When it listens: 'mon-fri 08:00-18:00 Europe/Berlin'; else always.")] = "",
    webhook: Annotated[list[str] | None, typer.Option(help="Who is told, by name; repeatable.")] = None,
    false_alarms_per_day: Annotated[float, typer.Option(help="How often it may trouble people for nothing.")] = 1.0,
    decided_by: Annotated[_DecidedBy, typer.Option(help="By that budget, or by examples people marked.")] = "budget",
) -> None:
    """Watch for something from now on."""
    from nowseen.example_files import one_example

    example = one_example(picture=picture, voice=voice)
    asked = {
        "query": query,
        "name": name,
        "hours": hours,
        "webhooks": webhook or [],
        "decided_by": decided_by,
        "false_alarms_per_day": false_alarms_per_day,
    }
    _run(lambda command: command.add(asked, example, like))


@rules.command()
def test(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(help="A query; with --rule nothing; or the address of a webhook, to be sent a sample.")
    ] = "",
    picture: _Picture = None,
    voice: _Voice = None,
    like: _Like = None,
    rule: Annotated[str | None, typer.Option(help="One that there is.")] = None,
    days: Annotated[float, typer.Option(help="How many of the last days.")] = 7.0,
    replay: Annotated[bool, typer.Option("--replay", help="Not on what is stored: on what Kafka still holds.")] = False,
    hours: Annotated[str, typer.Option(help="When it listens; else always.")] = "",
    false_alarms_per_day: Annotated[float, typer.Option(help="How often it may trouble people for nothing.")] = 1.0,
    as_json: _Json = False,
) -> None:
    """Try a rule on what was: what it would have told. Or say whether a webhook arrives."""
    from nowseen.example_files import one_example

    if query.startswith(("https://", "http://")):
        _takes_only(context, "the address of a webhook", "query")
        _send_sample(query)
    if rule is not None:
        _takes_only(context, "--rule", "rule", "days", "replay", "as_json")
    example = one_example(picture=picture, voice=voice)
    asked = {"query": query, "days": days, "hours": hours, "false_alarms_per_day": false_alarms_per_day}
    asked |= {} if rule is None else {"rule": rule}
    asked |= {"over": "replay"} if replay else {}
    _run(lambda command: command.test(asked, example, like, json_output=as_json))


@rules.command()
def pause(rule: _Rule) -> None:
    """Tell nobody for now; what it would have told is listed."""
    _run(lambda command: command.change(rule, "paused"))


@rules.command()
def resume(rule: _Rule) -> None:
    """Tell people again."""
    _run(lambda command: command.change(rule, "active"))


@rules.command()
def marks(
    rule: _Rule,
    right: Annotated[list[str] | None, typer.Option(metavar="MOMENT", help="People should be told of it.")] = None,
    wrong: Annotated[list[str] | None, typer.Option(metavar="MOMENT", help="They should not.")] = None,
    take_back: Annotated[list[str] | None, typer.Option(metavar="MOMENT", help="Say nothing of it again.")] = None,
    as_json: _Json = False,
) -> None:
    """Show which of its matches were marked right or wrong; mark more by their moments' ids."""
    said: dict[str, bool | None] = {}
    for moments, is_right in ((right, True), (wrong, False), (take_back, None)):
        for moment in moments or ():
            if said.setdefault(moment, is_right) is not is_right:
                raise typer.BadParameter(f"{moment} can be marked right or wrong, or the mark taken back: choose one")
    if said:
        _run(lambda command: command.mark(rule, said, json_output=as_json))
    else:
        _run(lambda command: command.marks(rule, json_output=as_json))


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


def _takes_only(context: typer.Context, what: str, *names: str) -> None:
    """Raises BadParameter when others were given too, which would do nothing."""
    given = [each for each in context.command.params if each.name not in names and _is_given(context, each.name)]
    if given:
        raise typer.BadParameter(f"{', '.join(each.opts[0] for each in given)} does nothing with {what}: leave it out")


def _is_given(context: typer.Context, name: str | None) -> bool:
    source = context.get_parameter_source(name or "")
    return source is not None and source.name == "COMMANDLINE"


def _send_sample(url: str) -> NoReturn:
    from nowseen.settings import load_settings
    from nowseen.webhooks_command import WebhooksCommand

    raise typer.Exit(WebhooksCommand(load_settings().node_url).run(lambda command: command.test_address(url)))


def _run(command: Callable[[RulesCommand], int]) -> None:
    from nowseen.rules_command import RulesCommand
    from nowseen.settings import load_settings

    raise typer.Exit(RulesCommand(load_settings().node_url).run(command))
