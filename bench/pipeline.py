"""The product, running: freshness of a live source, alerts of it, wall time at full speed, searches meanwhile, memory.

The last word of an utterance ends where its sound does, less the pad the cutter keeps behind speech.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field
from itertools import count

import httpx
import numpy as np
import psutil

from bench.alerts import Alerts, watching
from domain.utterances import UtteranceRules
from nowseen.sample_media import SampleSource
from nowseen.settings import Settings
from nowseen.up_command import nowseen

LIVE, OTHER = "live", "gallery"  # sources
LIVE_S = 75.0
COPIES = 4
READINGS = 3  # at once, as several live sources are; what starting a publisher takes is not transcription
QUERIES = (
    "a man talking about money", "rather selfish", "an animal in a meadow", "a cup of coffee", "somebody is amiable",
    "a rocket", "respectable", "mister john dashwood", "green grass", "ill disposed",
)  # fmt: skip


@dataclass(slots=True)
class Measured:
    freshness_scene_s: list[float] = field(default_factory=list)
    freshness_speech_s: list[float] = field(default_factory=list)
    speech_final_s: list[float] = field(default_factory=list)
    speech_provisional_s: list[float] = field(default_factory=list)
    search_ms: list[float] = field(default_factory=list)
    alerts: Alerts = field(default_factory=Alerts)
    transcribe_wall_s: float = 0.0
    wall_s: float = 0.0
    rss_gb: float = 0.0
    pss_gb: float = 0.0


@dataclass(frozen=True, slots=True)
class Played:
    """What is published."""

    spoken: SampleSource
    reading: SampleSource  # sound alone
    pictures: SampleSource  # of which nothing is in `spoken`


async def measure(settings: Settings, played: Played, receiver_port: int) -> Measured:
    """With everything up. Takes a few minutes."""
    measured, spoken, reading = Measured(), played.spoken, played.reading
    async with httpx.AsyncClient(base_url=settings.node_url, trust_env=False, timeout=30.0) as client:
        await asyncio.gather(_search(client, "warm up"), _wall_s(client, played.pictures, OTHER, 1))
        async with watching(client, receiver_port, LIVE, OTHER) as measured.alerts:
            await _live(client, spoken, measured)
        measured.transcribe_wall_s = await _wall_s(client, reading, "reading", READINGS) / READINGS
        searching = asyncio.create_task(_search_on(client, measured))
        try:
            measured.wall_s = await _wall_s(client, spoken, "bulk", COPIES)
            _memory(measured)
        finally:
            searching.cancel()
    return measured


async def _live(client: httpx.AsyncClient, spoken: SampleSource, measured: Measured) -> None:
    """Looks every 50 ms from outside: what counts is when a client could have found it."""
    live = await asyncio.create_subprocess_exec(
        *nowseen("publish", str(spoken.path), "--source", LIVE, "--realtime", "--loop"),
        stdout=asyncio.subprocess.DEVNULL,
    )
    ends = time.monotonic() + LIVE_S
    heard: set[tuple[float, float, bool]] = set()
    seen_until_s = 0.0
    try:
        while time.monotonic() < ends:
            watermarks = (await _watermarks(client)).get(LIVE, {})
            if (until_s := watermarks.get("scene", 0.0)) > seen_until_s:
                seen_until_s = until_s
                measured.freshness_scene_s.append(time.time() - until_s)
            newest = await client.get("/moments/newest", params={"source": LIVE, "kind": "speech", "limit": 5})
            for moment in newest.json()["moments"]:
                key = moment["start_s"], moment["end_s"], moment["is_final"]
                if key in heard:
                    continue
                heard.add(key)
                late_s = time.time() - moment["end_s"]
                if moment["is_final"]:
                    measured.freshness_speech_s.append(late_s)
                    measured.speech_final_s.append(late_s + UtteranceRules().pad_s)
                else:
                    measured.speech_provisional_s.append(late_s)
            await asyncio.sleep(0.05)
    finally:
        live.send_signal(signal.SIGINT)
        await live.wait()
    await asyncio.sleep(10.0)  # what is still on its way would be in the next measurement


async def _wall_s(client: httpx.AsyncClient, what: SampleSource, name: str, copies: int) -> float:
    """From the publisher's start until all copies, each a source of its own, are indexed."""
    start_s = float(int(time.time()) - 3600)
    sources = [name, *(f"{name}-{i}" for i in range(2, copies + 1))]
    wanted_s = start_s + what.duration_s - 0.5
    began = time.monotonic()
    publisher = await asyncio.create_subprocess_exec(
        *nowseen("publish", *[str(what.path)] * copies, "--source", name, "--start-time", str(start_s)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        while True:
            marks = await _watermarks(client)
            if all(marks.get(source, {}).get(kind, 0.0) >= wanted_s for source in sources for kind in what.modalities):
                return time.monotonic() - began
            await asyncio.sleep(0.1)  # often enough, and looking is no load worth measuring
    finally:
        await publisher.wait()


async def _search_on(client: httpx.AsyncClient, measured: Measured) -> None:
    for i in count():
        started = time.perf_counter()
        await _search(client, f"{QUERIES[i % len(QUERIES)]} {i}")  # never the same words twice: no cache helps
        measured.search_ms.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.2)


async def _search(client: httpx.AsyncClient, words: str) -> None:
    (await client.get("/search", params={"q": words, "limit": 10})).raise_for_status()


async def _watermarks(client: httpx.AsyncClient) -> dict[str, dict[str, float]]:
    """By source and modality."""
    return {
        entry["source"]: {kind: mark["until_s"] for kind, mark in entry["watermarks"].items()}
        for entry in (await client.get("/sources")).json()["sources"]
    }


def _memory(measured: Measured) -> None:
    processes = [psutil.Process(os.getpid()), *psutil.Process(os.getpid()).children(recursive=True)]
    usage = [process.memory_full_info() for process in processes]
    measured.rss_gb = sum(each.rss for each in usage) / 1e9
    measured.pss_gb = sum(getattr(each, "pss", each.rss) for each in usage) / 1e9


def p95(values: list[float]) -> float:
    return float(np.percentile(values, 95)) if values else float("nan")
