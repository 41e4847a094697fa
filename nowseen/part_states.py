"""How the parts of one machine are: the supervisor writes it down, the search node reads it for its /health."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

RECENTLY_S = 600.0
OFTEN = 3  # restarts in that time
_LONGEST_LINE = 300
_SECRETS = re.compile(r"(?<=://)[^/\s@]+(?=@)|(password|secret|token|key)=\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PartState:
    """Times are Unix seconds."""

    log: str  # path
    state: Literal["starting", "running", "ended"] = "starting"
    restarts_s: tuple[float, ...] = ()  # not long ago
    how: str = ""  # it ended last: "ended with exit code 1"
    last_line: str = ""  # of its log before that
    again_s: float = 0.0  # when one that ended is started again

    def fault(self, now_s: float) -> str | None:
        """Says what is wrong and where to read more; None when nothing is."""
        restarts = sum(now_s - at_s < RECENTLY_S for at_s in self.restarts_s)
        if self.state == "starting" and not restarts:
            return f"is starting. Its log: {self.log}"
        told = f"Last it {self.how}: {self.last_line}. Its log: {self.log}"
        if self.state == "ended":
            return f"is not running; it starts again in {max(0.0, self.again_s - now_s):.0f} s. {told}"
        if self.state == "starting":
            return f"is starting again. {told}"
        if restarts >= OFTEN:
            return f"was restarted {restarts} times in the last {RECENTLY_S / 60:.0f} minutes. {told}"
        return None


class PartStates:
    """Written to a file at each change. A file that can't be written stops no part."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path, self._clock = path, clock
        self._parts: dict[str, PartState] = {}

    def started(self, name: str, log: Path) -> None:
        before = self._parts.get(name)
        if before is None:
            self._parts[name] = PartState(str(log))
        else:
            now_s = self._clock()
            restarts_s = tuple(at_s for at_s in before.restarts_s if now_s - at_s < RECENTLY_S)
            if before.state == "ended":  # else it was stopped on purpose
                restarts_s = (*restarts_s, now_s)
            self._parts[name] = replace(before, state="starting", restarts_s=restarts_s)
        self._write()

    def is_ready(self, name: str) -> None:
        self._parts[name] = replace(self._parts[name], state="running")
        self._write()

    def ended(self, name: str, how: str, last_line: str, again_in_s: float) -> None:
        line, again_s = _SECRETS.sub("***", last_line)[:_LONGEST_LINE].rstrip(". "), self._clock() + again_in_s
        self._parts[name] = replace(self._parts[name], state="ended", how=how, last_line=line, again_s=again_s)
        self._write()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        whole = self.path.with_name(self.path.name + ".new")
        with contextlib.suppress(OSError):
            whole.write_text(json.dumps({name: asdict(part) for name, part in self._parts.items()}), encoding="utf-8")
            whole.replace(self.path)


def part_faults(path: Path, now_s: float, reader: str) -> dict[str, str | None]:
    """Says what is wrong with each part; None where nothing is. The part that asks is running, or it could not ask.

    Raises OSError, ValueError or TypeError when the file can't be read.
    """
    parts: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    states = {name: PartState(**fields) for name, fields in parts.items()}
    if reader in states:
        states[reader] = replace(states[reader], state="running")
    return {name: state.fault(now_s) for name, state in states.items()}
