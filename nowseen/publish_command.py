"""`nowseen publish SOURCE...`: media and text to the broker, with what happens shown while it happens."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from domain.errors import BadEvent, ConfigError
from domain.ports import MediaArchive
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings, wait_until_reachable
from streams.publish import (
    Delivery,
    DeliveryOptions,
    Publication,
    PublishOptions,
    Report,
    SourceProgress,
    find_sources,
    parse_time,
)
from streams.topics import create_topics

_REACHABLE_S = 15.0
_STEP_S = 0.2
_PARTING_S = 10.0  # for the last answers of the broker after a stop
_SHOWN = 12  # sources with a line of their own


def publish_command(
    arguments: Sequence[str],
    *,
    kafka: KafkaSettings,
    topology: Topology,
    archive: MediaArchive | None,
    by_reference: bool,
    name: str | None = None,
    start_time: str | None = None,
    realtime: bool = False,
    loop: bool = False,
    retries: int | None = None,
    as_json: bool = False,
    replication_factor: int = 1,
) -> int:
    """Publishes until every source ended or somebody stops it; returns the exit code.

    0: every event of every source was acknowledged by the broker. 1: something was not, and the summary says what.
    `start_time` is Unix seconds or ISO 8601. Without it a source begins now, so a film published faster than it runs
    ends in the future. Raises ConfigError for arguments that can't be right.
    """
    sources = find_sources(arguments, name)
    options = PublishOptions(_start_s(start_time, topology), realtime, loop, retries)
    console = Console(stderr=True)
    try:
        wait_until_reachable(kafka, _REACHABLE_S)
        create_topics(kafka, topology, replication_factor)
    except ConnectionError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        return 1

    def say(who: str, what: str) -> None:
        console.print(f"{escape(who)}: {escape(what)}")

    delivery = Delivery(
        kafka,
        topology,
        archive,
        DeliveryOptions(by_reference=by_reference),
        on_trouble=lambda what: say("broker", what),
    )
    publication = Publication(sources, topology, delivery, options, report=say)
    with _stopped_by_signals(publication), _shown(publication, console) as refresh:
        publication.start()
        while publication.is_running or (delivery.waiting and not publication.is_stopping):
            publication.step(_STEP_S)
            refresh()
        report = publication.finish(_PARTING_S)
        refresh()
    if as_json:
        print(json.dumps(_summary(report), ensure_ascii=False))
    else:
        _print_summary(report, console)
    return 0 if report.ok else 1


def _start_s(start_time: str | None, topology: Topology) -> float | None:
    if start_time is None:
        return None
    try:
        start_s = parse_time(start_time)
    except BadEvent as error:
        raise ConfigError(f"--start-time: {error}") from error
    if start_s > time.time() + topology.limits.max_clock_skew_s:
        raise ConfigError(
            f"--start-time {start_time} is further in the future than limits.max_clock_skew_s "
            f"({topology.limits.max_clock_skew_s:.0f} s): nobody would take its events"
        )
    return start_s


@contextmanager
def _stopped_by_signals(publication: Publication) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets what was read be sent; the second interrupts."""

    def on_signal(number: int, _: FrameType | None) -> None:
        if publication.is_stopping:
            raise KeyboardInterrupt
        publication.stop()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shown(publication: Publication, console: Console) -> Iterator[Any]:
    """A line for each source; on no terminal, nothing."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TextColumn("{task.fields[told]}"),
        console=console,
        disable=not console.is_terminal,
    )
    lines: dict[TaskID, tuple[SourceProgress, ...]] = {}
    if len(publication.progress) <= _SHOWN:
        for one in publication.progress:
            lines[progress.add_task(escape(one.source.name), total=None, told="")] = (one,)
    else:
        title = f"{len(publication.progress)} sources"
        lines[progress.add_task(title, total=None, told="")] = publication.progress

    def refresh() -> None:
        for task, those in lines.items():
            done = all(one.is_done or one.failure for one in those)
            progress.update(
                task,
                told=_told(those, publication.wall_s, time.time()),
                total=1 if done else None,
                completed=1 if done else 0,
            )

    with progress:
        yield refresh


def _told(those: Sequence[SourceProgress], wall_s: float, now_s: float) -> str:
    events, media_s = sum(one.events for one in those), sum(one.media_s for one in those)
    told = f"{events} sent"
    if media_s:
        told += f", {media_s:.1f} s of media, {media_s / max(wall_s, 0.001):.1f}x real time"
    newest = [one.newest_s for one in those if one.newest_s is not None and not one.is_done]
    if newest:
        lag_s = now_s - min(newest)
        told += f", {lag_s:.1f} s behind" if lag_s >= 0 else f", {-lag_s:.1f} s ahead of the clock"
    failed = sum(one.failure is not None for one in those)
    return told + (f", {failed} failed" if failed else "")


def _summary(report: Report) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "delivered": report.delivered,
        "undelivered": report.undelivered,
        "delivered_bytes": report.delivered_bytes,
        "wall_s": round(report.wall_s, 3),
        "sources": [
            {
                "name": one.source.name,
                "location": one.source.label,
                "events": one.events,
                "media_s": round(one.media_s, 3),
                "until_s": one.newest_s,
                "done": one.is_done,
                "failure": one.failure,
                "left_out": one.left_out,
            }
            for one in report.sources
        ],
    }


def _print_summary(report: Report, console: Console) -> None:
    megabytes = report.delivered_bytes / 1e6
    console.print(f"{report.delivered} events ({megabytes:.1f} MB) delivered in {report.wall_s:.1f} s")
    if report.undelivered:
        console.print(f"[red]{report.undelivered} events were not delivered[/]")
    for one in report.sources:
        for why in [*([one.failure] if one.failure else []), *one.left_out]:
            console.print(f"[red]{escape(one.source.name)}: {escape(why)}[/]")
        if not (one.failure or one.left_out or one.is_done):
            console.print(f"[red]{escape(one.source.name)}: stopped before its end[/]")
