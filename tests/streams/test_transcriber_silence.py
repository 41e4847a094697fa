"""When a source counts as silent: in mid-utterance, with its broker, its worker and its publisher coming and going."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from domain.ports import PCM_RATE_HZ
from streams.speech_describer import CutSound, SoundChunk
from streams.transcriber import Transcriber
from tests.streams.spoken_numbers import START_S, chunked, new_transcriber, sound

IDLE_S = 6.0
T0_S = START_S + 100.0  # by the worker's clock
SAID = list(range(1, 9))

Speaking = tuple[Transcriber, list[SoundChunk]]


@pytest.fixture
def speaking() -> Speaking:
    """A transcriber that heard somebody begin to speak at T0_S, and what comes next."""
    chunks, transcriber = chunked(sound(SAID)), new_transcriber()
    transcriber.cut(chunks[:1], T0_S - 1.0)
    assert answers(transcriber, [T0_S - 0.5]) is None
    assert not transcriber.cut(chunks[1:2], T0_S).settled
    return transcriber, chunks[2:]


def utterances(cut: CutSound) -> list[float]:
    """When each began."""
    return [piece.start_s for _, piece in cut.settled if len(piece.pcm)]


def answers(transcriber: Transcriber, times_s: Iterable[float]) -> float | None:
    """When the utterance was ended, if it was, by the broker's answers that the partition holds no more."""
    return next((time_s for time_s in times_s if transcriber.cut_idle(IDLE_S, {0: time_s}).settled), None)


def steadily(since_s: float, until_s: float) -> list[float]:
    return [float(time_s) for time_s in np.arange(since_s, until_s, 1.5)]


def test_a_source_that_ended_is_settled_once_the_broker_has_said_so_for_long_enough(speaking: Speaking) -> None:
    ended_s = answers(speaking[0], steadily(T0_S, T0_S + 30.0))
    assert ended_s is not None
    assert T0_S + IDLE_S <= ended_s < T0_S + IDLE_S + 11.5  # the first time after a start it takes longer


def test_a_broker_that_says_nothing_is_no_silence(speaking: Speaking) -> None:
    for _ in range(100):
        assert not speaking[0].cut_idle(IDLE_S, {}).settled


@pytest.mark.parametrize("away_s", [3.1, 7.0, 60.0, 3600.0])
@pytest.mark.parametrize("silent_before_s", [0.0, 5.0])
def test_after_an_outage_a_publisher_has_time_to_come_back(
    speaking: Speaking, away_s: float, silent_before_s: float
) -> None:
    """A broker that was away, a worker that was stopped, a laptop that slept: the answers were far apart."""
    transcriber, more = speaking
    assert answers(transcriber, steadily(T0_S, T0_S + silent_before_s)) is None
    back_s = T0_S + silent_before_s + away_s
    assert answers(transcriber, steadily(back_s, back_s + 5.0)) is None
    assert len(utterances(transcriber.cut(more, back_s + 5.0))) == 1


@pytest.mark.parametrize("away_s", [7.0, 3600.0])
def test_a_source_that_does_not_come_back_is_settled_all_the_same(speaking: Speaking, away_s: float) -> None:
    assert answers(speaking[0], steadily(T0_S + away_s, T0_S + away_s + 25.0)) is not None


def test_what_another_source_sent_meanwhile_does_not_end_one_whose_publisher_comes_back_later(
    speaking: Speaking,
) -> None:
    """Both were cut off for ten seconds. The other is back first and sends at once what waited."""
    transcriber, more = speaking
    others = [other(after_s) for after_s in range(1, 15)]
    assert not utterances(transcriber.cut(others[:10], T0_S + 10.0))
    for at, chunk in enumerate(others[10:]):
        transcriber.cut([chunk], T0_S + 11.0 + at)
        assert not utterances(transcriber.cut_idle(IDLE_S, {}))
    assert len(utterances(transcriber.cut(more, T0_S + 16.0))) == 1


def test_where_others_send_without_end_a_source_that_ended_is_settled_too(speaking: Speaking) -> None:
    transcriber, _ = speaking
    ended = []
    for after_s in range(1, 25):
        transcriber.cut([other(after_s)], T0_S + after_s)
        ended += [after_s] * len(utterances(transcriber.cut_idle(IDLE_S, {})))
    (ended_s,) = ended
    assert ended_s >= IDLE_S


def other(after_s: int) -> SoundChunk:
    (chunk,) = chunked(np.zeros(PCM_RATE_HZ, np.float32), source="other", start_s=START_S + after_s)
    return SoundChunk(replace(chunk.chunk, is_last=False), 0, 100 + after_s, START_S + 1.0 + after_s)
