"""Time that was watched without a break: what was not seen while nobody could look is no silence."""

from __future__ import annotations

import math

HOLDS_S = 3.0  # a broker answers who waits for records every 1.5 s; answers further apart had an outage between them
COMEBACK_S = 7.0  # a publisher tries a broker again after 5 s at most, and then sends what waited


class ProvenTime:
    """Counts time during which things were seen to work: push whenever they are.

    Of a longer break between two pushes only `HOLDS_S` count, so that time goes on even where breaks never end. The
    beginning counts as the end of a break: nobody knows what was before.
    """

    def __init__(self) -> None:
        self._last_s = -math.inf
        self._proven_s = 0.0
        self._break_ended_s = 0.0  # as `_proven_s`

    @property
    def proven_s(self) -> float:
        return self._proven_s

    def push(self, now_s: float) -> None:
        """Takes a time of the wall clock. One that was put back is a break too."""
        since_s = now_s - self._last_s
        if math.isinf(since_s):
            self._last_s = now_s
        elif abs(since_s) > HOLDS_S:
            self._last_s = now_s
            self._proven_s += HOLDS_S
            self._break_ended_s = self._proven_s
        elif since_s > 0.0:
            self._last_s = now_s
            self._proven_s += since_s

    def silence_s(self, since_s: float) -> float:
        """Tells how long nothing came since `proven_s` was `since_s`.

        After a break it takes away what the break counted, and the time that a publisher needs to come back.
        """
        return self._proven_s - since_s - (HOLDS_S + COMEBACK_S if self._break_ended_s >= since_s else 0.0)
