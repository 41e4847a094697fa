"""Lines of text as events: times placed, limits kept, at the speed they were written when asked to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from domain.events import TextPublished
from streams.publish.options import PublishOptions, SourceFailed
from streams.publish.sources import Source, SourceKind
from streams.publish.texts import BadLine, TextLine, read_json_lines, read_mixed, read_plain, read_subtitles


class TextReader:
    """One source's texts. `report` is told of every line left out; `bad_lines` counts them."""

    def __init__(
        self,
        source: Source,
        max_characters: int,
        options: PublishOptions,
        *,
        stop: threading.Event,
        report: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._max_characters = max_characters
        self._options = options
        self._stop = stop
        self._report = report
        self._clock = clock
        self.bad_lines = 0

    def texts(self) -> Iterator[TextPublished]:
        """Raises SourceFailed when the file can't be read."""
        began_s = self._clock()
        base_s = self._options.start_s if self._options.start_s is not None else began_s
        first_s: float | None = None
        end_s = base_s
        while True:
            any_line = False
            for line in self._lines():
                if self._stop.is_set():
                    return
                if isinstance(line, TextLine) and len(line.text) > self._max_characters:
                    line = BadLine(
                        line.number,
                        f"{len(line.text)} characters; limits.max_text_characters is {self._max_characters}",
                    )
                if isinstance(line, BadLine):
                    self.bad_lines += 1
                    self._report(f"line {line.number} left out: {line.reason}")
                    continue
                any_line = True
                event = self._event(line, base_s)
                first_s = event.start_s if first_s is None else first_s
                if self._options.realtime and self._stop.wait(
                    max(0.0, began_s + event.start_s - first_s - self._clock())
                ):
                    return
                end_s = max(end_s, event.end_s or event.start_s)
                yield event
            if not self._options.loop or not any_line or self._source.kind is SourceKind.STANDARD_INPUT:
                return
            base_s = max(end_s, base_s)

    def _event(self, line: TextLine, base_s: float) -> TextPublished:
        start_s = line.start_s
        if start_s is None and line.offset_s is not None:
            start_s = base_s + line.offset_s
        if start_s is None:
            start_s = self._options.start_s if self._options.start_s is not None else self._clock()
        start_s = round(start_s, 3)
        end_s = round(start_s + line.length_s, 3) if line.length_s is not None else None
        return TextPublished(self._source.name, start_s, line.text, end_s, line.author, line.language)

    def _lines(self) -> Iterator[TextLine | BadLine]:
        if self._source.kind is SourceKind.STANDARD_INPUT:
            yield from read_mixed(sys.stdin)
            return
        path = Path(self._source.location)
        try:
            # Bytes that are no UTF-8 become question marks in boxes: one of them should not cost the file.
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                yield from self._parsed(file, path)
        except OSError as error:
            raise SourceFailed(f"the file can't be read: {error.strerror}") from error

    def _parsed(self, file: TextIO, path: Path) -> Iterable[TextLine | BadLine]:
        match self._source.kind:
            case SourceKind.JSON_LINES:
                return read_json_lines(file)
            case SourceKind.SUBTITLES:
                return read_subtitles(file.read(), path.suffix.lower())
        return read_plain(file)
