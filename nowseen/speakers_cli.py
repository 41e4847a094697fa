"""The `nowseen speakers` commands. As in cli.py, each imports what it needs when it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nowseen.speakers_command import SpeakersCommand

speakers = typer.Typer(
    name="speakers",
    invoke_without_command=True,
    help="Say who has been heard; name, merge, split, enrol and forget voices. WHO is an id, a name or a label.",
)

_Who = Annotated[str, typer.Argument(help='An id, a name or a label such as "speaker 7".')]


@speakers.callback()
def show(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print the API's answer.")] = False
) -> None:
    if context.invoked_subcommand is None:
        _run(lambda command: command.show(json_output=as_json))


@speakers.command()
def enrol(
    name: Annotated[str, typer.Argument(help="What the person is called.")],
    clip: Annotated[Path, typer.Argument(help="A recording of that person alone: 3 to 60 s of speech.")],
    consent: Annotated[str, typer.Option(help="Who agreed to this use of the recording, and when.")],
) -> None:
    """Name a voice from a recording."""
    _run(lambda command: command.enrol(name, clip, consent))


@speakers.command()
def name(who: _Who, new: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Give a voice a name, also for all it said before."""
    _run(lambda command: command.name(who, new))


@speakers.command()
def merge(who: _Who, into: Annotated[str, typer.Argument(help="The one that stays.")]) -> None:
    """Make two one: they are the same voice."""
    _run(lambda command: command.merge(who, into))


@speakers.command()
def split(who: _Who) -> None:
    """Make one two: different voices were taken for one."""
    _run(lambda command: command.split(who))


@speakers.command()
def forget(
    who: _Who,
    rules: Annotated[bool, typer.Option("--rules", help="Remove the rules that know this speaker, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a voice for good: name, voice vectors and labels. The words stay."""

    def is_sure(question: str) -> bool:
        return yes or typer.confirm(question, abort=True)

    _run(lambda command: command.forget(who, rules=rules, is_sure=is_sure))


def _run(command: Callable[[SpeakersCommand], int]) -> None:
    from nowseen.settings import load_settings
    from nowseen.speakers_command import SpeakersCommand

    raise typer.Exit(SpeakersCommand(load_settings().node_url).run(command))
