"""One readable log of many programs: their lines side by side on the terminal, everything in a file per part.

The terminal shows what a person can use: the part's name, one time, and no line of a library that only tells what it
is doing. Nothing is lost by that: DATA/logs/<part>.log holds every line as it came, in 3 files of at most 5 MB.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

from rich.console import Console
from rich.text import Text

_FILE_BYTES = 5_000_000
_OLD_FILES = 2
_LONGEST_LINE = 2_000  # characters on the terminal
_FLOOD_LINES = 60
_FLOOD_ALIKE = 3
_FLOOD_WINDOW_S = 30.0
_NUMBERS = re.compile(r"\d+")
_KIND_CHARACTERS = 60  # lines that begin alike, numbers apart, are of one kind
_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STAMP = re.compile(
    r"\s*\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?\]?[\s:|-]*"
)
_LEVEL = re.compile(
    r"(?:\[\d+\]\s*)?\[?(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b\]?:?\s*", re.IGNORECASE
)
_LIBRDKAFKA = re.compile(r"%(?P<syslog>[0-7])\|\d+\.\d+\|")
_LOUD = {"WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"}
_CHATTER = re.compile(
    r"\[\^|\bfaust\b|\bmode\.|\baiokafka\b|\borg\.apache\b|\(kafka\.|\[[A-Z]\w+ ?(?:id=|listener|\d)|\btansu|"
    r"\bkafka\.\w+\b|\"(?:GET|HEAD|OPTIONS) [^\"]*\" (?:2|3)\d\d|\bhttpx?\b: HTTP Request|"
    r"^(?:Started server process|Waiting for application|Application startup complete|Uvicorn running|"
    r"Shutting down|Waiting for connections|Application shutdown|Finished server process)|"
    r"\bsentence_transformers\b"
)
_BANNER = re.compile(
    r"tansu broker |listening on: tcp://|storage: |ready in \d| *You can now view your Streamlit app| *URL: http|"
    r" *Stopping\.\.\.$|Uvicorn server started"
)
# Warnings of a library in its normal course, about nothing that anybody could do.
_HARMLESS = re.compile(
    r"Coordinator load in progress: retrying|Performing controller activation|"
    r"Attempting to close NetworkClient"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a program, without its own time stamp and level."""

    text: str
    level: str | None  # None: the program said none
    is_chatter: bool  # a library tells what it is doing

    @property
    def is_loud(self) -> bool:
        return self.level in _LOUD


def read_line(raw: str) -> Line:
    # Of a progress bar that draws over itself, the last state.
    text = _CONTROLS.sub("", raw.rstrip("\r\n").rpartition("\r")[2]).rstrip()
    if found := _LIBRDKAFKA.match(text):
        loud = int(found["syslog"]) <= 4
        return Line(text[found.end() :], "WARNING" if loud else "INFO", not loud or _is_harmless(text))
    stamped = _STAMP.match(text)
    rest = text[stamped.end() :] if stamped else text
    if not (found := _LEVEL.match(rest)) or (not stamped and not re.match(r"\[?[A-Z]+\]?:|\[\d+\]", rest)):
        return Line(rest, None, bool(_BANNER.match(rest) or (stamped and _CHATTER.search(rest)) or _is_harmless(rest)))
    level, rest = found["level"].upper(), rest[found.end() :]
    if _is_harmless(rest):
        return Line(rest, level, True)
    quiet = level in {"TRACE", "DEBUG"}
    return Line(rest, level, quiet or (level not in _LOUD and bool(_CHATTER.search(rest))))


def _is_harmless(text: str) -> bool:
    return bool(_HARMLESS.search(text))


class Flood:
    """Lets a few lines of a kind through in a while and counts the rest: one part must not bury the others."""

    def __init__(self, lines: int = _FLOOD_LINES, alike: int = _FLOOD_ALIKE, window_s: float = _FLOOD_WINDOW_S) -> None:
        self._lines, self._alike, self._window_s = lines, alike, window_s
        self._since_s = float("-inf")
        self._seen: Counter[str] = Counter()
        self._shown = self._hidden = 0

    def push(self, text: str, now_s: float) -> tuple[bool, int]:
        """Whether this line is shown, and how many were not since the last window (told once)."""
        hidden = 0
        if now_s - self._since_s >= self._window_s:
            hidden, self._hidden, self._shown = self._hidden, 0, 0
            self._seen.clear()
            self._since_s = now_s
        kind = _NUMBERS.sub("", text)[:_KIND_CHARACTERS]
        self._seen[kind] += 1
        if self._shown < self._lines and self._seen[kind] <= self._alike:
            self._shown += 1
            return True, hidden
        self._hidden += 1
        return False, hidden


class PartLog:
    """Lines of one part: to its file, to the terminal, and the last ones kept for when it crashes."""

    def __init__(self, name: str, colour: str, terminal: Terminal, folder: Path) -> None:
        self.path = folder / f"{name}.log"
        self.last: deque[str] = deque(maxlen=12)
        self._name, self._colour, self._terminal = name, colour, terminal
        self._file = _File(self.path, terminal)
        self._flood = Flood()
        self._was_shown = True

    def push(self, raw: str) -> None:
        """One line the part printed."""
        self._file.write(raw)
        line = read_line(raw)
        if not line.text:
            return
        self.last.append(line.text)
        # Indented lines belong to the one before them: a traceback is shown or hidden as a whole.
        belongs = line.level is None and not line.is_chatter and line.text[0] in " \t"
        shown = self._was_shown if belongs else not line.is_chatter
        self._was_shown = shown
        if not shown and not self._terminal.verbose:
            return
        allowed, hidden = self._flood.push(line.text, time.monotonic())
        if hidden:
            self.tell(f"({hidden} more lines in {self.path})", style="dim")
        if allowed or self._terminal.verbose:
            style = {"WARN": "yellow", "WARNING": "yellow"}.get(line.level or "", "red" if line.is_loud else "")
            self._terminal.write(self._name, self._colour, line.text, style)

    def tell(self, text: str, style: str = "bold") -> None:
        """Something about the part, said by the supervisor."""
        self._file.write(f"-- {text}")
        self._terminal.write(self._name, self._colour, text, style)

    def close(self) -> None:
        self._file.close()


class Terminal:
    """Aligned, coloured lines; plain ones when the output is a file or a pipe."""

    def __init__(self, names: Sequence[str], *, verbose: bool = False, to_stderr: bool = False) -> None:
        self.verbose = verbose
        self._is_gone = False
        self._width = max((len(name) for name in names), default=0)
        self._console = Console(highlight=False, soft_wrap=True, stderr=to_stderr)

    def write(self, name: str, colour: str, text: str, style: str = "") -> None:
        if self._is_gone:
            return
        line = Text.assemble(
            (time.strftime("%H:%M:%S "), "dim"),
            (f"{name:<{self._width}} ", colour),
            ("| ", "dim"),
            (text[:_LONGEST_LINE], style),
        )
        try:
            self._console.print(line)
        except OSError:
            self._is_gone = True  # nobody reads any more; the files go on


@contextmanager
def open_logs(names: Sequence[str], terminal: Terminal, folder: Path) -> Iterator[dict[str, PartLog]]:
    """A log per part, closed at the end. Raises OSError when the folder can't be made."""
    folder.mkdir(parents=True, exist_ok=True)
    logs = {name: PartLog(name, _COLOURS[i % len(_COLOURS)], terminal, folder) for i, name in enumerate(names)}
    try:
        yield logs
    finally:
        for log in logs.values():
            log.close()


class _File(RotatingFileHandler):
    def __init__(self, path: Path, terminal: Terminal) -> None:
        super().__init__(
            path, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8", errors="replace", delay=True
        )
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self._terminal = terminal
        self._failed = False

    def write(self, text: str) -> None:
        self.emit(logging.LogRecord("", logging.INFO, "", 0, text, None, None))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not self._failed:
            self._failed = True
            self._terminal.write("logs", "red", f"{self.baseFilename} can't be written; going on without it", "red")
