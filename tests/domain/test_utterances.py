"""Utterances are cut as a pure function of the last boundary and the probabilities after it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.utterances import Boundary, UtteranceCutter, UtteranceRules

WINDOW_S = 0.032
RULES = UtteranceRules()


def cut_all(probabilities: list[float], rules: UtteranceRules = RULES) -> list[tuple[int, int | None]]:
    """Every boundary as (absolute window, absolute start of its utterance or None), pushing again after each one."""
    boundaries: list[tuple[int, int | None]] = []
    cutter = UtteranceCutter(rules, WINDOW_S)
    origin = at = 0

    def note(boundary: Boundary) -> None:
        nonlocal origin, at
        boundaries.append((origin + boundary.at, None if boundary.start is None else origin + boundary.start))
        origin = at = origin + boundary.at

    while True:
        while at < len(probabilities):
            boundary = cutter.push(probabilities[at])
            at += 1
            if boundary is not None:
                note(boundary)
        last = cutter.finish()
        if last is None:
            return boundaries
        note(last)


def windows(seconds: float) -> int:
    return round(seconds / WINDOW_S)


def speech(seconds: float) -> list[float]:
    return [0.95] * windows(seconds)


def silence(seconds: float) -> list[float]:
    return [0.02] * windows(seconds)


def test_two_sentences_with_a_pause_are_two_utterances() -> None:
    said = [start for _, start in cut_all(silence(1) + speech(2) + silence(1) + speech(1.5) + silence(1)) if start]
    assert len(said) == 2
    assert said[0] == windows(1) - windows(RULES.pad_s)


def test_a_short_pause_does_not_cut() -> None:
    said = [b for b in cut_all(speech(2) + silence(0.2) + speech(2) + silence(2)) if b[1] is not None]
    assert len(said) == 1


def test_a_click_is_not_speech() -> None:
    assert all(start is None for _, start in cut_all(silence(1) + [0.9] * 3 + silence(2)))


def test_long_speech_is_cut_at_its_quietest_place() -> None:
    quiet_at = windows(RULES.max_s - 2.0)
    probabilities = speech(RULES.max_s + 8.0)
    probabilities[quiet_at] = 0.5
    first, *_ = cut_all(probabilities)
    assert first == (quiet_at + 1, 0)


def test_silence_is_settled_so_that_nothing_piles_up() -> None:
    boundaries = cut_all(silence(60))
    assert all(start is None for _, start in boundaries)
    steps = [b - a for (a, _), (b, _) in pairwise(boundaries)]
    assert max(steps) <= windows(RULES.settle_s)


probability = st.sampled_from([0.0, 0.1, 0.34, 0.36, 0.49, 0.5, 0.7, 0.99])
runs_of_probability = st.lists(st.tuples(probability, st.integers(1, 120)), max_size=20).map(
    lambda runs: [p for p, count in runs for _ in range(count)]
)


@given(runs_of_probability)
def test_boundaries_advance_cover_everything_and_never_overlap(probabilities: list[float]) -> None:
    boundaries = cut_all(probabilities)
    previous = 0
    for at, start in boundaries:
        assert at > previous
        assert start is None or previous <= start < at
        assert at - previous <= windows(RULES.max_s) + windows(RULES.settle_s) + 1
        previous = at
    assert previous == len(probabilities)


@given(runs_of_probability, st.data())
def test_continuing_at_any_boundary_gives_the_same_rest(probabilities: list[float], data: st.DataObject) -> None:
    boundaries = cut_all(probabilities)
    if not boundaries:
        return
    i = data.draw(st.integers(0, len(boundaries) - 1))
    origin = boundaries[i][0]
    rest = [(origin + at, None if start is None else origin + start) for at, start in cut_all(probabilities[origin:])]
    assert rest == boundaries[i + 1 :]


@given(runs_of_probability)
def test_an_utterance_that_goes_on_has_the_start_that_it_will_end_with(probabilities: list[float]) -> None:
    cutter = UtteranceCutter(RULES, WINDOW_S)
    told: set[int | None] = set()
    for probability in probabilities:
        boundary = cutter.push(probability)
        if boundary is not None:
            assert told <= {None, boundary.start}
            told = set()
            assert cutter.open_start is None
        else:
            told.add(cutter.open_start)
    last = cutter.finish()
    assert told <= {None, last.start if last else None}


def test_speech_is_told_of_while_it_goes_on_and_a_click_is_not() -> None:
    cutter = UtteranceCutter(RULES, WINDOW_S)
    starts = []
    for probability in silence(1) + speech(0.1) + silence(0.1) + speech(1):
        assert cutter.push(probability) is None
        starts.append(cutter.open_start)
    start = windows(1) - windows(RULES.pad_s)
    assert starts[: windows(1.1)] == [None] * windows(1.1)
    assert starts[-windows(0.8) :] == [start] * windows(0.8)
