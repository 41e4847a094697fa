"""A media file or address as chunks in event time: opened, paced, and opened again when it was lost."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import av
from av.container import InputContainer

from domain.events import ChunkPublished
from domain.topology import ChunkRules
from streams.publish.chunker import Chunker, MediaChunk
from streams.publish.options import PublishOptions, SourceFailed
from streams.publish.packets import TICKS_PER_S
from streams.publish.sources import Source, SourceKind
from streams.publish.timeline import Timeline

_LONGEST_WAIT_S = 30.0
_FILE_GAP_S = 3600.0  # a file may pause for long: a motion-triggered camera, a screen recording
_LIVE_GAP_S = 10.0
_LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "srt", "tcp")


class MediaReader:
    """One source's chunks. `report` is told, in words, what a person should know; `clock` gives Unix seconds.

    A file's event time begins at `options.start_s`, or when its publishing begins, and follows its own time stamps.
    An address without an end (a camera, a live playlist) follows the clock: each time it is opened, its first packet is
    now. Setting `stop` ends the chunks after what was already read.
    """

    def __init__(
        self,
        source: Source,
        rules: ChunkRules,
        options: PublishOptions,
        *,
        stop: threading.Event,
        report: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._rules = rules
        self._options = options
        self._stop = stop
        self._report = report
        self._clock = clock
        self._end_s: float | None = None  # event time up to which chunks came out

    def chunks(self) -> Iterator[ChunkPublished]:
        """Raises SourceFailed when there is nothing to be had, or no more although it did not end."""
        if self._source.kind is SourceKind.MEDIA_FILE:
            return self._recording(self._open_file)
        return self._address()

    def _recording(self, opened: Callable[[], InputContainer]) -> Iterator[ChunkPublished]:
        """Something with an end: from its beginning to its end, again and again with `loop`."""
        began_s = self._clock()
        base_s = first_s = self._options.start_s if self._options.start_s is not None else began_s
        while True:
            with closing(opened()) as container:
                starts_at: int | None = container.start_time
                zero = round(starts_at * TICKS_PER_S / av.time_base) if starts_at is not None else None
                timeline = self._timeline(zero, _FILE_GAP_S)
                for chunk in self._pass(container, timeline, base_s, is_live=False):
                    if self._options.realtime and self._stop.wait(
                        max(0.0, began_s + chunk.end_s - first_s - self._clock())
                    ):
                        return
                    yield chunk
            if self._stop.is_set() or not self._options.loop:
                return
            if self._end_s is None or self._end_s <= base_s:
                raise SourceFailed("nothing in it could be read: the file is damaged or not media")
            base_s = self._end_s

    def _address(self) -> Iterator[ChunkPublished]:
        shift_s = self._options.start_s - self._clock() if self._options.start_s is not None else 0.0
        failures, was_open = 0, False
        while not self._stop.is_set():
            try:
                container = self._open_url()
            except av.HTTPClientError as error:
                if not was_open:
                    raise SourceFailed(f"the server refuses: {_say(error)}") from error
                why = _say(error)
            except (av.FFmpegError, OSError) as error:
                why = _say(error)
            else:
                if not self._is_live(container):
                    yield from self._recording(_first_then(container, self._open_url))
                    return
                base_s = max(self._clock() + shift_s, self._end_s or 0.0)
                with closing(container):
                    why = "it ended"
                    try:
                        timeline = self._timeline(None, _LIVE_GAP_S)
                        for chunk in self._pass(container, timeline, base_s, is_live=True, shift_s=shift_s):
                            failures, was_open = 0, True
                            yield chunk
                    except SourceFailed as error:
                        why = str(error)
            if self._stop.is_set():
                return
            if self._options.retries is not None and failures >= self._options.retries:
                raise SourceFailed(f"lost ({why}) and given up after {failures} tries to open it again")
            wait_s = min(_LONGEST_WAIT_S, 2.0**failures) * random.uniform(0.5, 1.0)
            failures += 1
            self._report(f"{'lost' if was_open else 'can not be opened'} ({why}): trying again in {wait_s:.1f} s")
            self._stop.wait(wait_s)

    def _pass(
        self, container: InputContainer, timeline: Timeline, base_s: float, *, is_live: bool, shift_s: float = 0.0
    ) -> Iterator[ChunkPublished]:
        chunker = Chunker(container, self._rules, timeline, is_live=is_live or self._options.realtime)
        if not chunker.streams:
            raise SourceFailed("it holds neither video nor sound")
        broken: Exception | None = None
        any_chunk = False
        try:
            for packet in container.demux(*chunker.streams):
                now = round((self._clock() + shift_s - base_s) * TICKS_PER_S) if is_live else None
                for chunk in chunker.push(packet, now):
                    any_chunk = True
                    yield self._placed(chunk, base_s)
                if self._stop.is_set():
                    break
        except (av.FFmpegError, OSError) as error:
            broken = error
        # A source that broke for good, or was read to its end, has nothing left to wait for.
        ended = not (is_live or self._options.loop or self._stop.is_set())
        for chunk in chunker.finish(ended=ended):
            any_chunk = True
            yield self._placed(chunk, base_s)
        if chunker.damaged:
            self._report(f"{chunker.damaged} damaged packets were left out")
        if broken is not None:
            raise SourceFailed(f"it broke off: {_say(broken)}") from broken
        if not any_chunk and not is_live and not self._stop.is_set():
            raise SourceFailed("nothing in it could be read: the file is damaged or not media")

    def _placed(self, chunk: MediaChunk, base_s: float) -> ChunkPublished:
        start_s = max(0.0, round(base_s + chunk.start_s, 3))
        placed = ChunkPublished(
            self._source.name, chunk.kind, start_s, chunk.duration_s, chunk.content_type, chunk.media,
            is_last=chunk.is_last,
        )  # fmt: skip
        self._end_s = max(placed.end_s, self._end_s or 0.0)
        return placed

    def _timeline(self, zero: int | None, max_gap_s: float) -> Timeline:
        return Timeline(zero=zero, max_gap_s=max_gap_s, on_jump=self._report)

    def _is_live(self, container: InputContainer) -> bool:
        scheme = self._source.location.partition("://")[0].lower()
        return scheme in _LIVE_SCHEMES or not container.duration

    def _open_file(self) -> InputContainer:
        path = Path(self._source.location)
        try:
            if path.stat().st_size == 0:
                raise SourceFailed("the file is empty")
            # With the protocol named, a colon in a file name is no protocol.
            return av.open(f"file:{path}", "r", metadata_errors="ignore", options={"fflags": "+genpts"})
        except (av.FFmpegError, OSError) as error:
            raise SourceFailed(f"the file can't be opened as media: {_say(error)}") from error

    def _open_url(self) -> InputContainer:
        scheme = self._source.location.partition("://")[0].lower()
        options = {"fflags": "+genpts"}
        if scheme in ("rtsp", "rtsps"):
            options["rtsp_transport"] = "tcp"  # over UDP a lost packet is a grey picture
        if scheme in ("http", "https"):
            options |= {"reconnect": "1", "reconnect_delay_max": "30"}  # a file's download goes on where it stopped
        timeout_s = self._options.timeout_s
        return av.open(
            self._source.location, "r", metadata_errors="ignore", options=options, timeout=(timeout_s, timeout_s)
        )


def _first_then(first: InputContainer, reopen: Callable[[], InputContainer]) -> Callable[[], InputContainer]:
    waiting = [first]

    def opened() -> InputContainer:
        try:
            return waiting.pop() if waiting else reopen()
        except (av.FFmpegError, OSError) as error:
            raise SourceFailed(f"it can't be opened again: {_say(error)}") from error

    return opened


def _say(error: Exception) -> str:
    """libav's words without its numbers, and without the address, which may hold a password."""
    return str(getattr(error, "strerror", None) or type(error).__name__)
