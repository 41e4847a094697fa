"""The `nowseen search` command. As in cli.py, it imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def search(
    query: Annotated[
        str,
        typer.Argument(
            help='Words, "exact phrases", OR, -not, without ..., filters such as speaker:Ana since:2h, and while.'
        ),
    ] = "",
    picture: Annotated[Path | None, typer.Option(help="Find what looks like this picture.")] = None,
    clip: Annotated[Path | None, typer.Option(help="Find what looks like this clip, at most 60 s.")] = None,
    voice: Annotated[Path | None, typer.Option(help="Find the voice in this recording.")] = None,
    speech: Annotated[Path | None, typer.Option(help="Find what is said in this recording, at most 30 s.")] = None,
    like: Annotated[list[str] | None, typer.Option(help="A moment's id (--json shows it): more like it.")] = None,
    unlike: Annotated[list[str] | None, typer.Option(help="A moment's id: but not like this.")] = None,
    source: Annotated[list[str] | None, typer.Option("--source", "-s", help="Only in this source; repeatable.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", "-k", help="scene, speech or text; repeatable.")] = None,
    speaker: Annotated[
        list[str] | None, typer.Option(help='A name, or "speaker 7": one of these is heard; repeatable.')
    ] = None,
    mood: Annotated[list[str] | None, typer.Option(help="Such as angry or calm; repeatable.")] = None,
    valence: Annotated[
        str | None,
        typer.Option(help="MIN:MAX of how pleasant it is, -1 to 1: --valence=-1:-0.3, or 0.3: for more."),
    ] = None,
    arousal: Annotated[str | None, typer.Option(help="MIN:MAX of how stirred it is, likewise.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Such as en or fr; repeatable.")] = None,
    since: Annotated[str | None, typer.Option(help="10m, 2h, 3d ago, ISO 8601 or Unix seconds.")] = None,
    until: Annotated[str | None, typer.Option(help="10m, 2h, 3d ago, ISO 8601 or Unix seconds.")] = None,
    weak: Annotated[bool, typer.Option("--weak", help="Also what is too weak to be evidence, by words alone.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many moments at most.")] = 10,
    offset: Annotated[int, typer.Option(help="How many moments to pass over: the pages before.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
) -> None:
    """Ask what was seen, said or written. Exit code 0: found; 1: nothing found; 2: could not ask."""
    from nowseen.example_files import one_example
    from nowseen.search_command import print_search
    from nowseen.settings import load_settings

    code = print_search(
        load_settings().node_url,
        query,
        sources=source or (),
        kinds=kind or (),
        speakers=speaker or (),
        moods=mood or (),
        valence=valence,
        arousal=arousal,
        languages=language or (),
        since=since,
        until=until,
        limit=limit,
        offset=offset,
        like=like or (),
        unlike=unlike or (),
        weak=weak,
        example=one_example(picture=picture, clip=clip, voice=voice, speech=speech),
        json_output=as_json,
    )
    raise typer.Exit(code)
