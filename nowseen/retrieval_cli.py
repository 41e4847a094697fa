"""`nowseen evaluate retrieval` and `rules`. As in cli.py, each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from domain.errors import ConfigError

_HELP = ("-h", "--help")


class RetrievalByDefault(TyperGroup):
    """A group in which what begins with no command of it is for `retrieval`: `nowseen evaluate shipped`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *_HELP):
            args = ["retrieval", *args]
        return super().parse_args(ctx, args)


def retrieval(
    what: Annotated[
        list[str],
        typer.Argument(help="A folder, or `shipped`; with --compare two results or more.", show_default=False),
    ],
    compare: Annotated[
        bool, typer.Option("--compare", help="Print results side by side with the differences.")
    ] = False,
    pictures: Annotated[str | None, typer.Option(help="Picture encoder, in place of the settings'.")] = None,
    sentences: Annotated[str | None, typer.Option(help="Sentence encoder, likewise.")] = None,
    voices: Annotated[str | None, typer.Option(help="Voice encoder, likewise.")] = None,
    speech: Annotated[str | None, typer.Option(help="Speech encoder, likewise.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to keep the result in; else one in the data folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """How well what is looked for is found: Recall, MRR and nDCG with their intervals (docs/evaluation.md)."""
    from nowseen.retrieval.command import compare_command, retrieval_command
    from nowseen.settings import load_settings

    if compare:
        compare_command([Path(each) for each in what], as_json=as_json)
        return
    if len(what) > 1:
        raise ConfigError(f"one data set at a time, not {len(what)}; --compare is for results")
    chosen = {"pictures": pictures, "sentences": sentences, "voices": voices, "speech": speech}
    retrieval_command(load_settings(), what[0], chosen, output, as_json=as_json)


def rules(
    what: Annotated[str, typer.Argument(help="A folder, or `shipped`.")] = "shipped",
    pictures: Annotated[str | None, typer.Option(help="Picture encoder, in place of the settings'.")] = None,
    sentences: Annotated[str | None, typer.Option(help="Sentence encoder, likewise.")] = None,
    speech: Annotated[str | None, typer.Option(help="Speech encoder, likewise.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """How often rules tell what they should, and how often they are right: against one threshold for all
    (docs/evaluation.md)."""
    from nowseen.retrieval.rule_command import rules_command
    from nowseen.settings import load_settings

    chosen = {"pictures": pictures, "sentences": sentences, "speech": speech}
    rules_command(load_settings(), what, chosen, as_json=as_json)
