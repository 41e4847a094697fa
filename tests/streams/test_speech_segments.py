"""One source's sound becomes utterances at event times, however it is cut into chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ports import PCM_RATE_HZ, Pcm
from domain.utterances import UtteranceRules
from streams.speech_segments import FILLED_S, Settled, SourceSound

WINDOW = 512
START_S = 1_700_000_000.0
RULES = UtteranceRules()


class LoudnessActivity:
    """The probability of speech is the window's mean: a test writes the sound it wants."""

    window_samples = WINDOW

    def push(self, window: Pcm) -> float:
        return float(self.push_many(window)[0])

    def push_many(self, pcm: Pcm) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        means: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = pcm.reshape(-1, WINDOW).mean(axis=1)
        return means

    def reset(self) -> None: ...


def sound(*runs: tuple[float, float]) -> Pcm:
    """(probability, seconds)..."""
    return np.concatenate([np.full(round(s * PCM_RATE_HZ), p, dtype=np.float32) for p, s in runs])


def new_sound() -> SourceSound:
    return SourceSound(RULES, LoudnessActivity)


def cut_in_chunks(pcm: Pcm, samples: int) -> list[Settled]:
    source, settled = new_sound(), list[Settled]()
    for number, at in enumerate(range(0, len(pcm), samples)):
        settled += source.push(number, START_S + at / PCM_RATE_HZ, pcm[at : at + samples])
    return settled + source.finish()


def spans(settled: list[Settled]) -> list[tuple[float, float]]:
    return [(each.start_s, each.until_s) for each in settled if len(each.pcm)]


runs = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 0.2, 0.4, 0.6, 0.9, 0.9]), st.floats(0.05, 6.0)), min_size=1, max_size=12
)


@given(runs, st.integers(800, 70_000))
def test_chunks_do_not_change_the_utterances(pieces: list[tuple[float, float]], samples: int) -> None:
    pcm = sound(*pieces)
    cut, whole = spans(cut_in_chunks(pcm, samples)), spans(cut_in_chunks(pcm, len(pcm)))
    assert [each for span in cut for each in span] == pytest.approx([each for span in whole for each in span], abs=1e-3)


@given(runs, st.integers(800, 70_000), st.lists(st.floats(-0.2, 1.5), max_size=6))
def test_speech_that_goes_on_has_the_start_that_it_is_settled_with(
    pieces: list[tuple[float, float]], samples: int, gaps_s: list[float]
) -> None:
    """Whatever the sound, wherever the chunks end, with gaps and overlaps: the moment's id depends on it."""
    pcm, source = sound(*pieces), new_sound()
    told: set[float] = set()
    late_s = 0.0

    def check(settled: list[Settled]) -> None:
        for each in settled:
            assert told <= {each.start_s}
            assert not told or len(each.pcm)
            told.clear()

    for number, at in enumerate(range(0, len(pcm), samples)):
        late_s += gaps_s.pop() if gaps_s else 0.0
        check(source.push(number, START_S + late_s + at / PCM_RATE_HZ, pcm[at : at + samples]))
        if (speech := source.open_speech()) is not None:
            told.add(speech.start_s)
            assert speech.until_s - speech.start_s == pytest.approx(len(speech.pcm) / PCM_RATE_HZ, abs=0.1)
    check(source.finish())
    assert not told


def test_a_short_gap_between_chunks_is_silence_and_a_long_one_ends_the_utterance() -> None:
    short, long = new_sound(), new_sound()
    first, second = sound((0.9, 2.0)), sound((0.9, 1.0), (0.0, 1.0))
    for source, gap_s in ((short, FILLED_S - 0.1), (long, FILLED_S + 0.1)):
        settled = source.push(0, START_S, first) + source.push(1, START_S + 2.0 + gap_s, second)
        settled += source.finish()
        assert sum(len(each.pcm) > 0 for each in settled) == (1 if source is short else 2)
        ends = [each.until_s for each in settled if len(each.pcm)]
        assert ends[-1] == pytest.approx(START_S + 3.0 + gap_s + RULES.pad_s, abs=0.05)


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 2.0**33 / 90_000, -(2.0**33) / 90_000])
def test_a_jump_of_event_time_ends_the_utterance_and_nothing_is_lost(jump_s: float) -> None:
    source = new_sound()
    settled = source.push(0, START_S, sound((0.9, 2.0)))
    settled += source.push(1, START_S + 2.0 + jump_s, sound((0.9, 2.0)))
    settled += source.finish()
    first, second = spans(settled)
    assert first == (START_S, START_S + 2.0)
    assert second == pytest.approx((START_S + 2.0 + jump_s, START_S + 4.0 + jump_s), abs=1e-3)


def test_a_chunk_sent_twice_is_heard_once() -> None:
    source, chunk = new_sound(), sound((0.9, 2.0))
    settled = source.push(0, START_S, chunk) + source.push(1, START_S, chunk)
    settled += source.push(2, START_S + 2.0, sound((0.9, 1.0), (0.0, 1.0))) + source.finish()
    ((start_s, until_s),) = spans(settled)
    assert start_s == START_S
    assert until_s == pytest.approx(START_S + 3.0 + RULES.pad_s, abs=0.05)
    assert sorted(number for each in settled for number in each.finished) == [0, 1, 2]


def test_a_long_chunk_takes_work_by_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind every boundary windows are heard again: some, not all that is left."""
    heard: list[int] = []

    def counted(self: LoudnessActivity, pcm: Pcm) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        heard.append(len(pcm))
        return push_many(self, pcm)

    push_many = LoudnessActivity.push_many
    monkeypatch.setattr(LoudnessActivity, "push_many", counted)
    pcm = sound(*[(0.9, 2.0), (0.0, 1.0)] * 200)
    assert len(spans(cut_in_chunks(pcm, len(pcm)))) == 200
    assert sum(heard) < 3 * len(pcm)


@pytest.mark.parametrize("level", [0.0, 0.9])
def test_memory_stays_flat_over_hours(level: float) -> None:
    """Ten hours of silence, or of a noise taken for speech, in chunks of 2 s: what is held is bounded throughout."""
    source, chunk = new_sound(), sound((level, 2.0))
    most, finished = 0, 0
    for number in range(10 * 3600 // 2):
        settled = source.push(number, START_S + 2.0 * number, chunk)
        finished += sum(len(each.finished) for each in settled)
        most = max(most, len(source._buffer))
        assert number + 1 - finished <= RULES.max_s / 2.0 + 2
    assert most <= (RULES.max_s + 2.0) * PCM_RATE_HZ
