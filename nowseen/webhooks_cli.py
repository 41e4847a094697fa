"""The `nowseen webhooks` commands. As in cli.py, each imports what it needs when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from domain.endpoints import Preset

if TYPE_CHECKING:
    from nowseen.webhooks_command import WebhooksCommand

webhooks = typer.Typer(
    name="webhooks",
    invoke_without_command=True,
    help="Say who is told of incidents; add, test, enable and remove them; see and send again what was given up on.",
)

_Json = Annotated[bool, typer.Option("--json", help="Print the API's answer.")]
_Name = Annotated[str, typer.Argument(help="What rules call it.")]


@webhooks.callback()
def show(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        _run(lambda command: command.show())


@webhooks.command("list")
def list_all(as_json: _Json = False) -> None:
    """Say who is told, and whether they can be reached."""
    _run(lambda command: command.show(json_output=as_json))


@webhooks.command()
def add(
    name: _Name,
    url: Annotated[str, typer.Argument(help="https://host/path")],
    preset: Annotated[Preset, typer.Option(help="JSON, a message for a chat, or plain text.")] = "standard",
    secret_variable: Annotated[
        str | None, typer.Option(help="A variable of the node's environment that holds its secret; else one is made.")
    ] = None,
) -> None:
    """Add an endpoint and show its signing secret, once."""
    _run(lambda command: command.add(name, url, preset, secret_variable))


@webhooks.command("rm")
def remove(name: _Name) -> None:
    """Remove an endpoint: what waits for it is given up on."""
    _run(lambda command: command.remove(name))


@webhooks.command()
def enable(name: _Name) -> None:
    """Send to an endpoint again that asked to be left alone."""
    _run(lambda command: command.enable(name))


@webhooks.command()
def secret(name: _Name) -> None:
    """Replace an endpoint's secret; the old one signs beside it for a day."""
    _run(lambda command: command.replace_secret(name))


@webhooks.command()
def test(name: _Name) -> None:
    """Send a sample and say what the receiver answered."""
    _run(lambda command: command.test(name))


@webhooks.command()
def failed(as_json: _Json = False) -> None:
    """List what was given up on."""
    _run(lambda command: command.failed(json_output=as_json))


@webhooks.command()
def replay(ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As `failed` lists them.")]) -> None:
    """Send again what was given up on."""
    _run(lambda command: command.replay(ids))


def _run(command: Callable[[WebhooksCommand], int]) -> None:
    from nowseen.settings import load_settings
    from nowseen.webhooks_command import WebhooksCommand

    raise typer.Exit(WebhooksCommand(load_settings().node_url).run(command))
