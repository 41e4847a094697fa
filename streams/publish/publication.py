"""Several sources published at once: a thread each, one producer, one report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from domain.errors import BadEvent
from domain.events import ChunkPublished, TextPublished
from domain.topology import Topology
from streams.publish.delivery import Delivery, Stopped
from streams.publish.media import MediaReader
from streams.publish.options import PublishOptions, SourceFailed
from streams.publish.sources import Source, SourceKind
from streams.publish.text_events import TextReader

_FILES_AT_ONCE = 8
_TEXT_KINDS = (SourceKind.JSON_LINES, SourceKind.PLAIN_LINES, SourceKind.SUBTITLES, SourceKind.STANDARD_INPUT)


@dataclass(slots=True)
class SourceProgress:
    """What became of one source so far. Written by its thread only."""

    source: Source
    events: int = 0  # handed to the broker's client
    media_s: float = 0.0  # of the longest stream
    newest_s: float | None = None  # event time up to which it was published
    left_out: list[str] = field(default_factory=list)  # events and lines that were not sent, and why
    failure: str | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """`ok` only when every event of every source was sent and acknowledged."""

    sources: tuple[SourceProgress, ...]
    delivered: int
    undelivered: int
    delivered_bytes: int
    wall_s: float

    @property
    def ok(self) -> bool:
        return not self.undelivered and not any(s.failure or s.left_out or not s.is_done for s in self.sources)


class Publication:
    """`start`, then `step` until `is_running` is false or you have had enough, then `finish`.

    `report(source name, what happened)` is called from several threads.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        topology: Topology,
        delivery: Delivery,
        options: PublishOptions,
        *,
        report: Callable[[str, str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.progress = tuple(SourceProgress(source) for source in sources)
        self._topology = topology
        self._delivery = delivery
        self._options = options
        self._report = report
        self._clock = clock
        self._stop = threading.Event()  # for the readers; what they have read is still sent
        self._began_s = time.monotonic()
        # What lasts (addresses, files at the speed of life) must not wait for a turn; other files take turns.
        self._turns = threading.Semaphore(len(sources) if options.realtime or options.loop else _FILES_AT_ONCE)
        self._threads = [
            threading.Thread(target=self._publish, args=(progress,), name=progress.source.name, daemon=True)
            for progress in self.progress
        ]

    def start(self) -> None:
        self._began_s = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def is_running(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    @property
    def wall_s(self) -> float:
        return time.monotonic() - self._began_s

    def step(self, timeout_s: float) -> None:
        """Takes in the broker's answers for up to about `timeout_s`."""
        self._delivery.poll(timeout_s)

    def stop(self) -> None:
        """Asks the sources to stop. What they have read is still sent, unless `finish` runs out of patience."""
        self._stop.set()

    def finish(self, timeout_s: float) -> Report:
        """Waits for the sources to come to rest and for the broker's last answers, `timeout_s` each at most."""
        self._stop.set()
        deadline = time.monotonic() + timeout_s
        while self.is_running and time.monotonic() < deadline:
            self._delivery.poll(0.1)
        self._delivery.stop.set()
        self._delivery.flush(timeout_s)
        delivered = self._delivery.delivered.total()
        undelivered = self._delivery.accepted.total() - delivered
        return Report(self.progress, delivered, undelivered, self._delivery.delivered_bytes, self.wall_s)

    def _publish(self, progress: SourceProgress) -> None:
        if progress.source.kind in (SourceKind.MEDIA_URL, SourceKind.STANDARD_INPUT):
            self._run(progress)
        else:
            with self._turns:
                self._run(progress)

    def _run(self, progress: SourceProgress) -> None:
        try:
            for event in self._events(progress):
                self._send(event, progress)
            progress.is_done = not self._stop.is_set() or self._has_no_end(progress.source)
        except Stopped:
            progress.left_out.append("stopped while an event waited to be sent")
        except SourceFailed as error:
            progress.failure = str(error)
            self._report(progress.source.name, f"failed: {error}")
        except Exception as error:  # a thread that dies unheard would look like success
            progress.failure = f"{type(error).__name__}: {error}"
            self._report(progress.source.name, f"failed: {progress.failure}")

    def _events(self, progress: SourceProgress) -> Iterator[ChunkPublished | TextPublished]:
        source = progress.source

        def report(words: str) -> None:
            self._report(source.name, words)

        if source.kind not in _TEXT_KINDS:
            yield from MediaReader(
                source, self._topology.chunks, self._options,
                stop=self._stop, report=report, clock=self._clock,
            ).chunks()  # fmt: skip
            return
        reader = TextReader(
            source, self._topology.limits.max_text_characters, self._options,
            stop=self._stop, report=report, clock=self._clock,
        )  # fmt: skip
        yield from reader.texts()
        if reader.bad_lines:
            progress.left_out.append(f"{reader.bad_lines} lines")

    def _send(self, event: ChunkPublished | TextPublished, progress: SourceProgress) -> None:
        try:
            self._delivery.send(event)
        except BadEvent as error:
            progress.left_out.append(str(error))
            self._report(progress.source.name, f"left out: {error}")
            return
        progress.events += 1
        if isinstance(event, TextPublished):
            progress.newest_s = event.start_s
        elif progress.newest_s is None or event.end_s > progress.newest_s:
            progress.media_s += event.end_s - (progress.newest_s if progress.newest_s is not None else event.start_s)
            progress.newest_s = event.end_s

    def _has_no_end(self, source: Source) -> bool:
        """Stopping it is how it ends."""
        return self._options.loop or source.kind in (SourceKind.MEDIA_URL, SourceKind.STANDARD_INPUT)
