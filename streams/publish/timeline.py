"""From a container's time stamps to the source's time line.

Time stamps jump (a restarted camera, a playlist's discontinuity), wrap (33 bits of MPEG ticks are 26.5 hours), repeat
or are missing. The time line goes on regardless: it begins at 0, never runs backwards, and a jump is joined to what
came before. One offset serves all streams of a source, so that sound and picture stay together over a jump.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streams.publish.packets import TICKS_PER_S

_BACKWARDS = TICKS_PER_S  # less than this is jitter and is flattened; more is a jump
_MOST_REORDERED = 16  # pictures, H.264 and HEVC


@dataclass(slots=True)
class _Lane:
    dts: int
    duration: int
    offset: int


class Timeline:
    """`max_gap_s`: a longer step forward is a jump, not a pause. `on_jump` is told in words. Not thread-safe."""

    def __init__(self, *, zero: int | None, max_gap_s: float, on_jump: Callable[[str], None]) -> None:
        self._offset = -zero if zero is not None else None
        self._max_gap = round(max_gap_s * TICKS_PER_S)
        self._on_jump = on_jump
        self._lanes: dict[int, _Lane] = {}

    def place(
        self, lane: int, pts: int | None, dts: int | None, duration: int, now: int | None = None
    ) -> tuple[int, int]:
        """(pts, dts) on the time line, in ticks; dts rises strictly within a lane.

        `now` (ticks, live sources) is where a jump lands, so that event times follow the clock again.
        """
        before = self._lanes.get(lane)
        stamp = dts if dts is not None else pts
        expected = before.dts + max(1, before.duration) if before is not None else None
        if stamp is None:
            placed = expected if expected is not None else 0
            offset = before.offset if before is not None else (self._offset or 0)
        else:
            if self._offset is None:
                self._offset = -stamp
            offset = self._fitting(stamp, before.offset if before is not None else self._offset, expected, now)
            placed = stamp + offset
            if dts is None:  # some containers leave it out before the first reordered picture
                placed = min(placed, expected) if expected is not None else placed - _MOST_REORDERED * duration
        if before is not None:
            placed = max(placed, before.dts + 1)
        shown = placed if pts is None else max(placed, pts + offset)
        self._lanes[lane] = _Lane(placed, max(0, duration), offset)
        return shown, placed

    def _fitting(self, stamp: int, offset: int, expected: int | None, now: int | None) -> int:
        if expected is None or self._fits(stamp + offset - expected):
            return offset
        # The other stream of this source may have jumped already: then both go on by the same offset.
        if self._offset is not None and self._fits(stamp + self._offset - expected):
            return self._offset
        target = max(expected, now) if now is not None else expected
        self._on_jump(
            f"the time stamps jump by {(stamp + offset - expected) / TICKS_PER_S:+.1f} s; event time goes on without it"
        )
        self._offset = target - stamp
        return self._offset

    def _fits(self, step: int) -> bool:
        return -_BACKWARDS <= step <= self._max_gap
