"""`nowseen search` in a terminal: asks a node's HTTP API and prints what it found, and what it can't know yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from domain.errors import ConfigError
from domain.query import LONGEST_QUERY
from nowseen.example_files import MEDIA, ExampleFile
from nowseen.node_client import FOUND, NOTHING_FOUND, NodeFailed, ask_node, print_failure

_LONGEST_TEXT = 240  # characters


def print_search(
    api_url: str,
    query: str,
    *,
    sources: Sequence[str] = (),
    kinds: Sequence[str] = (),
    speakers: Sequence[str] = (),
    moods: Sequence[str] = (),
    valence: str | None = None,
    arousal: str | None = None,
    languages: Sequence[str] = (),
    since: str | None = None,
    until: str | None = None,
    limit: int = 10,
    offset: int = 0,
    like: Sequence[str] = (),
    unlike: Sequence[str] = (),
    weak: bool = False,
    example: ExampleFile | None = None,
    json_output: bool = False,
    console: Console | None = None,
    errors: Console | None = None,
    transport: httpx.BaseTransport | None = None,
) -> int:
    """Prints the moments that fit, best first, and up to when the index is complete. Returns the exit code.

    0: something was found. 1: nothing was. 2: the node refused the question or can't be reached; why goes to `errors`.
    `json_output` prints the API's answer as it is. `like` and `unlike` are ids of moments. `valence` and `arousal` are
    "MIN:MAX", either of which may be left out. Raises ConfigError when they are not, and for a file that can't be read.
    """
    console = console or Console()
    errors = errors or Console(stderr=True)
    if len(query) > LONGEST_QUERY:  # a much longer one is no address any more
        return print_failure(errors, f"the query has {len(query)} characters; {LONGEST_QUERY} are the most")
    asked: dict[str, Any] = {"q": query, "source": list(sources), "kind": list(kinds), "limit": limit}
    asked |= {"speaker": list(speakers), "mood": list(moods), "language": list(languages)}
    asked |= {name: value for name, value in (("since", since), ("until", until)) if value is not None}
    asked |= _range("valence", valence) | _range("arousal", arousal)
    asked |= {"like": list(like), "unlike": list(unlike)} | ({"offset": offset} if offset else {})
    asked |= {"weak": "true"} if weak else {}
    try:
        if example is None:
            answer = ask_node(api_url, "GET", "/search", holds="moments", transport=transport, params=asked)
        else:
            if like or unlike or offset or weak:
                raise ConfigError("--like, --unlike, --offset and --weak do not go together with a file to search by")
            answer = ask_node(
                api_url, "POST", "/search/by-example", holds="moments", transport=transport,
                params=asked | {"by": example.by}, content=example.read(), headers=MEDIA,
            )  # fmt: skip
    except NodeFailed as failure:
        if failure.at is not None:
            errors.print(_pointed_at(query, *failure.at))
        return print_failure(errors, str(failure))
    if json_output:
        console.print_json(json.dumps(answer))
    else:
        _print(console, query, answer)
        if query and not answer["moments"] and not weak:
            console.print("[dim]--weak shows what is nearest to it, though it is likely something else.[/dim]")
    return FOUND if answer["moments"] else NOTHING_FOUND


def _pointed_at(query: str, start: int, end: int) -> Text:
    """The query with the mistake marked, also where there are no colours."""
    shown = Text(query.replace("\n", " "))
    shown.stylize("bold red", start, end)
    return shown.append("\n" + " " * start + "^" * max(1, end - start), style="red")


def _range(name: str, given: str | None) -> dict[str, float]:
    """The API's bounds."""
    if given is None:
        return {}
    low, colon, high = (part.strip() for part in given.partition(":"))
    try:
        found = {f"{name}_{which}": float(bound) for which, bound in (("min", low), ("max", high)) if bound}
    except ValueError:
        found = {}
    if not colon or not found or not all(-1 <= bound <= 1 for bound in found.values()):
        raise ConfigError(f"--{name} is MIN:MAX, each from -1 to 1, or one of them left out, not {given!r}")
    return found


def _print(console: Console, query: str, answer: Mapping[str, Any]) -> None:
    for warning in answer["warnings"]:
        console.print(f"[yellow]Note:[/yellow] {escape(warning)}")
    for report in answer["reranked"]:
        if report["state"] not in ("absent", "done"):
            console.print(
                f"[dim]A closer look by {report['stage']}: {report['state']} ({report['took_ms']:.0f} ms).[/dim]"
            )
    moments = answer["moments"]
    if moments:
        console.print(_table(query, moments, console.width))
    else:
        console.print(f"Nothing found for [bold]{escape(query)}[/bold]." if query else "Nothing found.")
    complete = answer["complete_until"]
    if not any(complete.values()):
        console.print("Nothing is indexed there yet: events may still be on their way.")
        return
    console.print("Complete up to (anything later is not indexed yet, so it may still turn up):")
    for source, until in complete.items():
        times = ", ".join(f"{modality} {_clock(until_s)}" for modality, until_s in until.items())
        console.print(f"  [cyan]{escape(source)}[/cyan]  {times or 'nothing indexed yet'}")


def _table(query: str, moments: Sequence[Mapping[str, Any]], width: int) -> Table:
    table = Table(
        title=f"{len(moments)} {f'for {escape(query)}' if query else 'found'}",
        title_justify="left",
        expand=True,
    )
    # Whatever the terminal's width, most of it is for what was found: 80 columns are common.
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("source", style="cyan", overflow="fold", max_width=width // 6)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what, and why", ratio=1, min_width=24, overflow="fold")
    table.add_column("who, how", overflow="fold", max_width=width // 6)
    for moment in moments:
        table.add_row(
            _span(moment["start_s"], moment["end_s"]),
            Text(moment["source"]),
            "" if moment["score"] is None else f"{moment['score']:.2f}",
            _what(moment),
            _who_and_how(moment),
        )
    return table


def _what(moment: Mapping[str, Any]) -> Text:
    text: str = moment["text"]
    words = sorted({word for evidence in moment["evidence"] for word in evidence["matched_words"]})
    what = Text(text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rstrip() + "…")
    what.highlight_words(words, "bold yellow", case_sensitive=False)
    if not moment["is_final"]:
        what.stylize("italic")
        what.append(" (provisional)", style="dim italic")
    what.append("\n" if text else "").append(_why(moment["evidence"]), style="dim")
    if moment["clip_url"]:
        what.append("  ").append("clip", style=f"underline blue link {moment['clip_url']}")
    return what


def _who_and_how(moment: Mapping[str, Any]) -> Text:
    """Who is heard and, line by line, each mood with how sure it is: "Ana", "angry 0.72"."""
    sure: dict[str, float] = {}
    for mood in moment["moods"]:
        if mood["label"] != "unknown":
            sure[mood["label"]] = max(sure.get(mood["label"], 0.0), mood["confidence"])
    lines = [", ".join(speaker["label"] for speaker in moment["speakers"])]
    lines += [f"{label} {confidence:.2f}" for label, confidence in sure.items()]
    return Text("\n".join(line for line in lines if line))


def _why(evidence: Sequence[Mapping[str, Any]]) -> str:
    """The best score of each reason: "picture 0.82, words 0.40"."""
    best: dict[str, float] = {}
    for each in evidence:
        if each["why"] == "filter":  # nothing was compared
            continue
        best[each["why"]] = max(best.get(each["why"], 0.0), each["score"])
    return ", ".join(f"{why} {score:.2f}" for why, score in sorted(best.items(), key=lambda item: -item[1]))


def _span(start_s: float, end_s: float) -> str:
    return _clock(start_s).replace(" ", "\n") + f"\n{end_s - start_s:.1f} s"


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
