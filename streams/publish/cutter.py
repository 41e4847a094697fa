"""Where to cut a stream of packets, so that every piece decodes alone.

A piece begins with a keyframe. Pictures that follow a keyframe in the stream but are shown before it (the "leading
pictures" of an open group of pictures) need the piece before: they go there, with a copy of the keyframe to refer to.
That copy is shown at the piece's end, so who keeps to its duration sees each picture once.
(H.264, 8.2.1 and Annex C; HEVC calls these pictures RASL and RADL, 3.121 and 3.120.)
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.publish.packets import Coded


@dataclass(frozen=True, slots=True)
class Span:
    """Packets in decoding order; shown from `start` (ticks) until `end`."""

    packets: tuple[Coded, ...]
    start: int
    end: int


class Cutter:
    """Cuts at the first keyframe `min_ticks` or more after a piece's start.

    Without one within `max_ticks` the piece is `overdue`: take the packets back and encode them anew. A picture is held
    for up to `hold_ticks` after it ends when the next is late.
    """

    def __init__(self, min_ticks: int, max_ticks: int, hold_ticks: int) -> None:
        self._min = min_ticks
        self._max = max_ticks
        self._hold = hold_ticks
        self._headless: list[Coded] = []  # before the first keyframe
        self._open: list[Coded] = []
        self._keyframe: Coded | None = None  # of the next piece, while its leading pictures come in
        self._leading: list[Coded] = []
        self._newest: Coded | None = None

    @property
    def overdue(self) -> bool:
        first = self._open[0] if self._open else self._headless[0] if self._headless else None
        newest = self._newest
        return (
            first is not None
            and newest is not None
            and self._keyframe is None
            and not newest.is_key
            and newest.pts - first.pts >= self._max
        )

    def take_back(self) -> list[Coded]:
        """All packets of the open piece, which is open no more."""
        packets = self._headless + self._open + ([self._keyframe] if self._keyframe else []) + self._leading
        self._headless, self._open, self._keyframe, self._leading, self._newest = [], [], None, [], None
        return packets

    def push(self, packet: Coded) -> Span | None:
        """The piece that this packet shows to be complete."""
        self._newest = packet
        if not self._open:
            self._begin(packet)
            return None
        span = None
        if self._keyframe is not None:
            if packet.pts < self._keyframe.pts:
                self._leading.append(packet)
                return None
            span = self._close()
        if packet.is_key and packet.pts - self._open[0].pts >= self._min:
            self._keyframe = packet
        elif packet.pts >= self._open[0].pts:
            self._open.append(packet)
        return span

    def finish(self) -> Span | None:
        """What is left: the last piece of the stream. None when no keyframe ever came."""
        if not self._open:
            self.take_back()
            return None
        start = self._open[0].pts
        packets = self.take_back()  # with a keyframe that waited for its leading pictures: one more packet
        return Span(tuple(packets), start, max(start + 1, *(packet.end for packet in packets)))

    def _begin(self, packet: Coded) -> None:
        if packet.is_key:
            # What came before can't be decoded without the keyframe that went by before we listened.
            self._open, self._headless = [packet], []
        else:
            self._headless.append(packet)

    def _close(self) -> Span:
        keyframe = self._keyframe
        assert keyframe is not None  # noqa: S101  (both callers have seen it)
        start = self._open[0].pts
        ended = max(packet.end for packet in self._open)
        end = max(start + 1, min(keyframe.pts, ended + self._hold))
        leading = [keyframe, *self._leading] if self._leading else []
        span = Span((*self._open, *leading), start, end)
        self._open, self._keyframe, self._leading = [keyframe], None, []
        return span
