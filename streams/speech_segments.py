"""One source's sound, chunk by chunk, cut into utterances at event times.

Positions inside the buffer are samples; every position knows its chunk, and its time is that chunk's start plus its
distance from there. So times do not drift, and a replay that starts inside a chunk gives the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from domain.ports import PCM_RATE_HZ, Pcm, VoiceActivity
from domain.utterances import Boundary, UtteranceCutter, UtteranceRules

JOINED_S = 0.03  # containers round times: chunks this close are one sound
_AT_ONCE_S = 2.0  # of sound given to the voice activity model: what is behind a boundary is heard again
FILLED_S = 0.5  # a hole up to this long is filled with silence; a longer one ends the utterance


@dataclass(frozen=True, slots=True)
class Settled:
    """Audio from `since_s` to `until_s` is done with: `sample` samples into chunk `number`. No `pcm`: nothing was
    said."""

    number: int
    sample: int
    since_s: float  # where the audio settled before ended, or where this one's begins
    start_s: float
    until_s: float
    pcm: Pcm
    finished: tuple[int, ...]  # numbers of the chunks that hold nothing unsettled any more


@dataclass(frozen=True, slots=True)
class OpenSpeech:
    """What there is of an utterance that goes on. When it is settled it will have the same `start_s`."""

    start_s: float
    until_s: float
    pcm: Pcm


@dataclass(slots=True)
class _Piece:
    at: int  # position in the buffer of its sample `first`
    number: int
    start_s: float
    first: int
    count: int  # samples of it in the buffer

    def time_s(self, position: int) -> float:
        return self.start_s + (self.first + position - self.at) / PCM_RATE_HZ


class SourceSound:
    """Push a source's chunks in order; get what is settled. Not thread-safe.

    What was settled in a call that failed comes with the next one.
    """

    def __init__(self, rules: UtteranceRules, voice_activity: Callable[[], VoiceActivity]) -> None:
        self._vad = voice_activity()
        self._window = self._vad.window_samples
        self._at_once = max(1, round(_AT_ONCE_S * PCM_RATE_HZ / self._window))
        self._cutter = UtteranceCutter(rules, self._window / PCM_RATE_HZ)
        self._buffer: Pcm = np.zeros(0, dtype=np.float32)
        self._pieces: list[_Piece] = []
        self._pushed = 0  # windows of the buffer already pushed
        self._settled: list[Settled] = []  # and not returned yet

    def push(self, number: int, start_s: float, pcm: Pcm, skip: int = 0) -> list[Settled]:
        """`skip` samples of the chunk are settled already (an earlier run did them)."""
        if self._pieces:
            last = self._pieces[-1]
            gap_s = start_s - last.time_s(last.at + last.count)
            if gap_s > FILLED_S or gap_s < -(len(pcm) / PCM_RATE_HZ + JOINED_S):
                self._finish()  # a jump; a chunk sent twice is an overlap
            elif gap_s > JOINED_S:
                last.count += round(gap_s * PCM_RATE_HZ)
                self._append(np.zeros(round(gap_s * PCM_RATE_HZ), dtype=np.float32))
            elif gap_s < -JOINED_S:
                skip = round(-gap_s * PCM_RATE_HZ)
        self._pieces.append(_Piece(len(self._buffer), number, start_s, skip, max(0, len(pcm) - skip)))
        self._append(pcm[skip:])
        self._cut()
        return self._take_settled()

    def finish(self) -> list[Settled]:
        """Settle all there is: the source ended, or sound is missing after it."""
        self._finish()
        return self._take_settled()

    def _take_settled(self) -> list[Settled]:
        settled, self._settled = self._settled, []
        return settled

    def _finish(self) -> None:
        if rest := -len(self._buffer) % self._window:
            self._append(np.zeros(rest, dtype=np.float32))  # the last window is a part of one
        self._cut()
        while self._pieces:
            boundary = self._cutter.finish()
            self._settle(boundary or Boundary(len(self._buffer) // self._window))
            self._cut()

    def open_speech(self) -> OpenSpeech | None:
        """The utterance that goes on; None when nobody speaks."""
        if (window := self._cutter.open_start) is None:
            return None
        start, last = window * self._window, self._pieces[-1]
        return OpenSpeech(
            self._starting(start).time_s(start), last.time_s(last.at + last.count), self._buffer[start:].copy()
        )

    def _append(self, pcm: Pcm) -> None:
        self._buffer = np.concatenate([self._buffer, pcm])

    def _cut(self) -> None:
        while whole := min(len(self._buffer) // self._window - self._pushed, self._at_once):
            start = self._pushed * self._window
            probabilities = self._vad.push_many(self._buffer[start : start + whole * self._window])
            self._pushed += whole
            for probability in probabilities:
                if boundary := self._cutter.push(float(probability)):
                    # What the model made of the windows behind it is void: they are heard again, from a fresh start.
                    self._settle(boundary)
                    break

    def _settle(self, boundary: Boundary) -> None:
        stop = min(boundary.at * self._window, len(self._buffer))
        start = stop if boundary.start is None else boundary.start * self._window
        within = next((p for p in self._pieces if stop <= p.at + p.count), self._pieces[-1])
        last = min(stop, within.at + within.count)  # a window filled up with silence reaches past the last sample
        result = Settled(
            number=within.number,
            sample=within.first + last - within.at,
            since_s=self._starting(0).time_s(0),
            start_s=self._starting(start).time_s(start),
            until_s=within.time_s(last),
            pcm=self._buffer[start:stop],
            finished=tuple(piece.number for piece in self._pieces if piece.at + piece.count <= stop),
        )
        self._buffer = self._buffer[stop:].copy()
        self._pieces = [piece for piece in self._pieces if piece.at + piece.count > stop]
        for piece in self._pieces:
            gone = max(0, stop - piece.at)
            piece.first, piece.count = piece.first + gone, piece.count - gone
            piece.at = max(0, piece.at - stop)
        if not self._pieces:
            self._buffer = self._buffer[:0]
        self._pushed = 0
        self._vad.reset()
        self._settled.append(result)

    def _starting(self, position: int) -> _Piece:
        # The end of a chunk and the start of the next are one position: utterances end in the one, start in the other.
        return next((piece for piece in self._pieces if position < piece.at + piece.count), self._pieces[-1])
