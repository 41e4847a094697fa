"""`nowseen demo`: everything runs, sample media play as if live, and some questions are asked and answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import httpx

from nowseen.demo_questions import askable
from nowseen.part_log import PartLog
from nowseen.parts import AtOnce, Part
from nowseen.sample_media import SampleSource, make_sources
from nowseen.samples import fetch_samples
from nowseen.settings import Settings
from nowseen.up_command import dashboard_url, nowseen, run_parts, up_parts

_INDEXED_WITHIN_S = 60.0  # after the sources have played once


def demo_command(settings: Settings, *, verbose: bool = False) -> int:
    """Blocks until it is told to stop. Returns the exit code. Raises ConfigError before anything is started."""
    print("Fetching sample video, speech and photographs (a few megabytes, once) ...", flush=True)
    samples = fetch_samples(settings.cache)
    sources, not_made = make_sources(samples, settings.cache)
    for reason in (*samples.missing, *not_made):
        print(f"  {reason}", flush=True)
    up = up_parts(settings)
    players = [_player(source, up) for source in sources]

    async def show(_: Mapping[str, PartLog]) -> None:
        await _show(settings, sources)

    return run_parts(settings, [*up, *players], show, verbose=verbose)


def _player(source: SampleSource, up: Sequence[Part]) -> Part:
    """Publishes the source again and again, at the speed it was recorded at."""
    return Part(
        source.name,
        nowseen("publish", str(source.path), "--source", source.name, "--realtime", "--loop"),
        AtOnce(),
        depends_on=tuple(part.name for part in up),
    )


async def _show(settings: Settings, sources: Sequence[SampleSource]) -> None:
    from nowseen.search_command import print_search

    plays_s = max(source.duration_s for source in sources)
    print(
        "",
        f"Dashboard: {dashboard_url(settings)}",
        f"{', '.join(source.name for source in sources)} play now, again and again; their first {plays_s:.0f} s are "
        "watched before the questions.",
        "",
        sep="\n",
        flush=True,
    )
    async with httpx.AsyncClient(base_url=settings.node_url, trust_env=False, timeout=30.0) as client:
        await _until_watched(client, sources, time.time() + plays_s)
        warnings = (await client.get("/health")).json()["warnings"]
    for warning in warnings:
        print(f"Note: {warning}", flush=True)
    for question in askable(sources):
        print(f'\n$ nowseen search "{question.query}"    # {question.kind}', flush=True)
        await asyncio.to_thread(print_search, settings.node_url, question.query, limit=2)
    print(f"\nAsk your own at {dashboard_url(settings)} or with `nowseen search`. Ctrl-C ends it.\n", flush=True)


async def _until_watched(client: httpx.AsyncClient, sources: Sequence[SampleSource], at_s: float) -> None:
    """Returns when each source is indexed up to this time, or a while after it: the questions are asked anyway."""
    names = {source.name for source in sources}
    while time.time() < at_s + _INDEXED_WITHIN_S:
        known = (await client.get("/sources")).json()["sources"]
        marks = {source["source"]: [mark["until_s"] for mark in source["watermarks"].values()] for source in known}
        if all(min(marks.get(name) or [0.0]) >= at_s for name in names):
            return
        await asyncio.sleep(1.0)
