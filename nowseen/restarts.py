"""When a part that ended is started again, and when to give up. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Backoff:
    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 30.0
    healthy_s: float = 60.0  # a part that was ready this long starts with a clean slate
    tries_before_ready: int = 3


@dataclass(frozen=True, slots=True)
class RestartAfter:
    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The part was never ready, so the fault is likely in how it is set up: starting it again won't help."""

    tries: int


Decision: TypeAlias = RestartAfter | GiveUp


class Restarts:
    """One part's history. Once it has been ready, it is restarted for ever: then something around it broke."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._failures = 0
        self._was_ready = False
        self._ready_since_s: float | None = None

    def became_ready(self, now_s: float) -> None:
        self._was_ready = True
        self._ready_since_s = now_s

    def ended(self, now_s: float) -> Decision:
        if self._ready_since_s is not None and now_s - self._ready_since_s >= self._backoff.healthy_s:
            self._failures = 0
        self._ready_since_s = None
        self._failures += 1
        if not self._was_ready and self._failures >= self._backoff.tries_before_ready:
            return GiveUp(self._failures)
        # The exponent is bounded: a part that fails for days must not overflow a float.
        delay_s = self._backoff.first_s * self._backoff.factor ** min(self._failures - 1, 60)
        return RestartAfter(min(delay_s, self._backoff.longest_s))
