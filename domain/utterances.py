"""Speech probabilities in, utterances out: where one starts, where it ends, and up to where audio is settled.

The result is a pure function of where the last boundary was and of the audio after it. That is what makes a replay
after a crash give the same utterances with the same ids: whoever continues at a boundary, with fresh state, cuts as the
first run did. So every boundary resets all state here and in the voice activity model, and the windows after it are
pushed again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UtteranceRules:
    """Times in seconds. The thresholds have hysteresis, as the voice activity model's authors advise.

    Measured with tiny.en on 413 words by three voices (bench/readings.py), wrong words and seconds on two cores, by
    padding and longest utterance, where openai-whisper in one pass has 11 and 11.7 s:

        0.2 and 12    16    13.8        0.2 and 20    16    13.3        0.3 and 20    11    13.2        0.4 and 20    14

    Longer utterances are fewer windows to encode; that a final text comes later is what provisional text is for.
    """

    speech_starts_at: float = 0.5  # probability
    speech_ends_below: float = 0.35
    min_speech_s: float = 0.2  # less is a click or a cough
    min_silence_s: float = 0.45  # a pause this long ends an utterance
    pad_s: float = 0.3  # kept around speech: words start softly
    max_s: float = 20.0  # a longer utterance is cut at its quietest place; with less, words lose what is around them
    look_back_s: float = 4.0  # how far back from max_s that place may be
    settle_s: float = 2.0  # silence this long is settled although nothing was said


@dataclass(frozen=True, slots=True)
class Boundary:
    """Audio before window `at` is settled. With speech, the utterance is windows [`start`, `at`)."""

    at: int
    start: int | None = None  # None: nothing was said


class UtteranceCutter:
    """Push one probability per window, counted from the last boundary; get a Boundary when there is one.

    After a Boundary the cutter is fresh: push the windows from `at` on again, counting from 0.
    """

    def __init__(self, rules: UtteranceRules, window_s: float) -> None:
        def windows(seconds: float) -> int:
            return max(1, round(seconds / window_s))

        self._rules = rules
        self._min_speech = windows(rules.min_speech_s)
        self._min_silence = windows(rules.min_silence_s)
        self._pad = windows(rules.pad_s)
        self._max = windows(rules.max_s)
        self._look_back = windows(rules.look_back_s)
        self._settle = windows(rules.settle_s)
        self._reset()

    def _reset(self) -> None:
        self._probabilities: list[float] = []
        self._speech_start: int | None = None  # first window of speech
        self._speech_end = 0  # one past the last window of speech
        self._speech_windows = 0

    @property
    def open_start(self) -> int | None:
        """First window of the utterance that goes on: its Boundary will have it. None: no speech, or too little."""
        if self._speech_start is None or self._speech_windows < self._min_speech:
            return None
        return self._padded_start(self._speech_start)

    def push(self, probability: float) -> Boundary | None:
        now = len(self._probabilities)
        self._probabilities.append(probability)
        if self._speech_start is None:
            if probability < self._rules.speech_starts_at:
                # A pad's worth stays unsettled: speech that starts next would want it.
                return self._settled(now + 1 - self._pad) if now + 1 >= self._settle else None
            self._speech_start = now
        if probability >= self._rules.speech_ends_below:
            self._speech_end = now + 1
            self._speech_windows += 1
        start = self._padded_start(self._speech_start)
        if now + 1 - self._speech_end >= self._min_silence:
            return self._ended(start, self._speech_end + self._pad)
        if now + 1 - start >= self._max:
            return self._ended(start, self._quietest(now + 1))
        return None

    def finish(self) -> Boundary | None:
        """The source ended, or will not go on for a while: settle what there is."""
        count = len(self._probabilities)
        if not count:
            return None
        if self._speech_start is None:
            return self._settled(count)
        return self._ended(self._padded_start(self._speech_start), min(count, self._speech_end + self._pad))

    def _padded_start(self, speech_start: int) -> int:
        return max(0, speech_start - self._pad)

    def _settled(self, at: int) -> Boundary:
        self._reset()
        return Boundary(at)

    def _ended(self, start: int, at: int) -> Boundary:
        said = self._speech_windows >= self._min_speech
        self._reset()
        return Boundary(at, start if said else None)

    def _quietest(self, count: int) -> int:
        candidates = range(count - min(self._look_back, count // 2), count)
        return min(candidates, key=lambda window: (self._probabilities[window], -window)) + 1
