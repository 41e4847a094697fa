"""`nowseen demo`: everything runs, sample media play as if live, and some questions are asked and answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from nowseen.asking import ask
from nowseen.demo_questions import askable
from nowseen.demo_rules import incident_line, watchable
from nowseen.demo_voice import enrol
from nowseen.demo_watch import latest, new_incidents, watch_for
from nowseen.part_log import PartLog
from nowseen.parts import AtOnce, Part
from nowseen.sample_media import SampleSource, SampleVoice, enrolment, make_sources
from nowseen.samples import fetch_samples
from nowseen.settings import Settings
from nowseen.up_command import dashboard_url, nowseen, run_parts, up_parts

_INDEXED_WITHIN_S = 60.0  # after the sources have played once
_ANSWER_WITHIN_S = 60.0


def demo_command(settings: Settings, *, verbose: bool = False) -> int:
    """Blocks until it is told to stop. Returns the exit code. Raises ConfigError before anything is started."""
    print("Fetching sample video, speech and photographs (a few megabytes, once) ...", flush=True)
    samples = fetch_samples(settings.cache)
    sources, not_made = make_sources(samples, settings.cache)
    for reason in (*samples.missing, *not_made):
        print(f"  {reason}", flush=True)
    up = up_parts(settings)
    players = [_player(source, up, settings) for source in sources]

    voice = enrolment(samples, settings.cache)

    async def show(_: Mapping[str, PartLog]) -> None:
        await _show(settings, sources, voice)

    return run_parts(settings, [*up, *players], show, verbose=verbose)


def _player(source: SampleSource, up: Sequence[Part], settings: Settings) -> Part:
    """Publishes the source again and again, at the speed it was recorded at."""
    return Part(
        source.name,
        nowseen("publish", str(source.path), "--source", source.name, "--realtime", "--loop"),
        AtOnce(),
        depends_on=tuple(part.name for part in up),
    )


async def _show(settings: Settings, sources: Sequence[SampleSource], voice: SampleVoice | None) -> None:
    plays_s = max(source.duration_s for source in sources)
    print(
        "",
        f"Dashboard: {dashboard_url(settings)}",
        f"{', '.join(source.name for source in sources)} play now, again and again; their first {plays_s:.0f} s are "
        "watched before the questions.",
        sep="\n",
        flush=True,
    )
    at_s = time.time() + plays_s
    async with (
        httpx.AsyncClient(base_url=settings.node_url, trust_env=False, timeout=60.0) as client,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(_tell(client, sources))
        try:
            await _ask_all(client, sources, voice, at_s)
        except ConnectionError as error:  # everything goes on: the node may come back
            print(f"The questions could not be asked: {error}", flush=True)
        print(f"\nAsk your own at {dashboard_url(settings)} or with `nowseen search`. Ctrl-C ends it.\n", flush=True)


async def _tell(client: httpx.AsyncClient, sources: Sequence[SampleSource]) -> None:
    """Sets the rules, and says what they find for as long as the demo runs."""
    rules = watchable(sources)
    try:
        known = [incident["id"] for incident in await latest(client)]
        problem = await watch_for(client, rules)
    except ConnectionError as error:
        problem = f"no rule could be set: {error}"
    if problem:
        print(f"Note: {problem}", flush=True)
        return
    print("", flush=True)
    for rule in rules:
        print(f"$ nowseen rules add {rule.asked}    # told of {rule.kind}", flush=True)
    print("", flush=True)
    async for incident in new_incidents(client, known):
        print(incident_line(incident), flush=True)


async def _ask_all(
    client: httpx.AsyncClient, sources: Sequence[SampleSource], voice: SampleVoice | None, at_s: float
) -> None:
    await _until_watched(client, sources, at_s)
    for warning in (await ask(client, "/health", within_s=_ANSWER_WITHIN_S))["warnings"]:
        print(f"Note: {warning}", flush=True)
    if voice is not None and (reason := await enrol(client, voice)):
        print(f"Note: {reason}", flush=True)
        voice = None
    if voice is not None:
        print(f'\n$ nowseen speakers enrol {voice.name} {voice.path} --consent "{voice.consent}"', flush=True)
    for question in askable(sources, () if voice is None else (voice.name,)):
        answer = await ask(client, "/search", {**question.parameters, "limit": 2}, within_s=_ANSWER_WITHIN_S)
        print(f"\n$ nowseen search {question.asked}    # {question.kind}", flush=True)
        for line in _lines(answer):
            print(f"  {line}", flush=True)


def _lines(answer: Mapping[str, Any]) -> list[str]:
    """One line a moment: when (the viewer's clock), where, why, and the words."""
    if "error" in answer:
        return [answer["error"]]
    if not answer["moments"]:
        return ["nothing: no source showed or said it"]
    lines = []
    for moment in answer["moments"]:
        clock = time.strftime("%H:%M:%S", time.localtime(moment["start_s"]))
        why = ", ".join(f"{evidence['why']} {evidence['score']:.2f}" for evidence in moment["evidence"][:1])
        words = f'  "{moment["text"]}"' if moment["text"] else ""
        who = "".join(f"  {speaker['label']}" for speaker in moment["speakers"])
        lines.append(f"{clock}  {moment['source']:<8}  {why}{who}{words}")
    return lines


async def _until_watched(client: httpx.AsyncClient, sources: Sequence[SampleSource], at_s: float) -> None:
    """Returns when each source is indexed up to this time, or a while after it: the questions are asked anyway."""
    names = {source.name for source in sources}
    while (left_s := at_s + _INDEXED_WITHIN_S - time.time()) > 0:
        known = (await ask(client, "/sources", within_s=left_s))["sources"]
        marks = {source["source"]: [mark["until_s"] for mark in source["watermarks"].values()] for source in known}
        if all(min(marks.get(name) or [0.0]) >= at_s for name in names):
            return
        await asyncio.sleep(1.0)
