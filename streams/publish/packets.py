"""One encoded picture or piece of sound on its source's own time line, free of libav objects.

Times are ticks of 1/90000 s since the source began: MPEG's clock. One frame of every usual rate is a whole number of
them, and a transport stream stores nothing finer.
"""

from __future__ import annotations

from dataclasses import dataclass

TICKS_PER_S = 90_000


@dataclass(frozen=True, slots=True)
class Coded:
    data: bytes
    pts: int  # when it is shown
    dts: int  # when it must be decoded: rising in a stream
    duration: int  # 0: not known
    is_key: bool  # decodes without what came before it

    @property
    def end(self) -> int:
        return self.pts + self.duration

    def joins(self, next_: Coded) -> bool:
        """Nothing is missing between the two, but for what rounding leaves."""
        return abs(next_.pts - self.end) <= TICKS_PER_S // 1000
