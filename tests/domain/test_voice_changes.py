"""An utterance is parted where its voice changes, and only there; no word is lost or doubled."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Word
from domain.ports import Matrix
from domain.voice_changes import (
    VoiceChangeRules,
    mean_voice,
    one_voice,
    split_words,
    two_groups,
    voice_changes,
    window_starts,
)

RULES = VoiceChangeRules()
WINDOW_S, HOP_S = 1.6, 0.4
SIZE = 256


def heard(turns: list[tuple[int, float]], seed: int = 0) -> tuple[Matrix, list[float]]:
    """Windows of people (number, seconds) who take turns: a window holds each voice for its share of the time."""
    rng = np.random.default_rng(seed)
    common = np.random.default_rng(1).standard_normal(SIZE)
    end_s = sum(length_s for _, length_s in turns)
    starts_s = [start / 1000 for start in window_starts(round(end_s * 1000), 1600)]
    rows = []
    for start_s in starts_s:
        row, at_s = 0.4 * rng.standard_normal(SIZE), 0.0
        for person, length_s in turns:
            share = max(0.0, min(start_s + WINDOW_S, at_s + length_s) - max(start_s, at_s)) / WINDOW_S
            row += share * (common + np.random.default_rng(100 + person).standard_normal(SIZE))
            at_s += length_s
        rows.append(row / np.linalg.norm(row))
    return np.asarray(rows, dtype=np.float32), starts_s


def words(*times_s: tuple[float, float]) -> list[Word]:
    return [Word(f"w{place}", start_s, end_s) for place, (start_s, end_s) in enumerate(times_s)]


@given(st.integers(1, 400_000), st.integers(4, 40_000))
def test_windows_lie_inside_an_utterance_and_cover_all_but_half_a_hop(samples: int, window: int) -> None:
    starts, hop = window_starts(samples, window), window // 4

    assert starts[0] == 0
    assert all(0 < after - before <= hop for before, after in pairwise(starts))
    if samples >= window:
        assert starts[-1] + window <= samples
        assert samples - (starts[-1] + window) <= hop // 2
    else:
        assert starts == [0]


@given(st.floats(1.5, 6.0), st.integers(0, 20))
def test_one_voice_is_not_parted(length_s: float, seed: int) -> None:
    rows, starts_s = heard([(0, length_s)], seed)

    assert voice_changes(rows, starts_s, WINDOW_S) == []
    assert one_voice(rows)


@given(st.floats(2.0, 4.5), st.floats(2.0, 4.5), st.integers(0, 20))
def test_a_change_is_found_near_where_it_is(first_s: float, second_s: float, seed: int) -> None:
    rows, starts_s = heard([(0, first_s), (1, second_s)], seed)

    [change_s] = voice_changes(rows, starts_s, WINDOW_S)

    assert abs(change_s - first_s) <= 0.5
    assert voice_changes(rows, starts_s, WINDOW_S) == [change_s]


def test_three_turns_have_two_changes_in_order() -> None:
    rows, starts_s = heard([(0, 3.0), (1, 2.5), (0, 3.0)])

    changes_s = voice_changes(rows, starts_s, WINDOW_S)

    assert changes_s == pytest.approx([3.0, 5.5], abs=0.5)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.3, 4.0)), min_size=1, max_size=5), st.integers(0, 20))
def test_every_stretch_is_long_enough(turns: list[tuple[int, float]], seed: int) -> None:
    rows, starts_s = heard(turns, seed)

    ends_s = [0.0, *voice_changes(rows, starts_s, WINDOW_S), starts_s[-1] + WINDOW_S]

    if len(ends_s) > 2:
        assert min(after - before for before, after in pairwise(ends_s)) >= RULES.min_stretch_s - 1e-9


def test_nothing_to_compare_is_no_change() -> None:
    rows, starts_s = heard([(0, 1.0)])

    assert voice_changes(rows, starts_s, WINDOW_S) == []
    assert voice_changes(rows[:0], [], WINDOW_S) == []


spans = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12)


@given(spans, st.lists(st.floats(-2, 30), max_size=5))
def test_every_word_is_in_one_part_and_no_part_is_empty(
    gaps: list[tuple[float, float]], changes_s: list[float]
) -> None:
    said, now_s = [], 0.0
    for pause_s, length_s in gaps:
        said.append(Word("w", now_s + pause_s, now_s + pause_s + length_s))
        now_s += pause_s + length_s

    parts = split_words(said, changes_s)

    assert [word for part in parts for word in part] == said
    assert all(parts)
    assert len(parts) <= len(changes_s) + 1


def test_words_are_cut_at_the_pause_near_the_change() -> None:
    said = words((0.0, 0.4), (0.4, 0.9), (1.4, 1.8), (1.8, 2.2))

    assert [len(part) for part in split_words(said, [1.5])] == [2, 2]
    assert [len(part) for part in split_words(said, [1.6])] == [2, 2]
    assert [len(part) for part in split_words(said, [0.1])] == [1, 3]
    assert split_words(said, [2.2, 9.0, -1.0]) == [tuple(said)]
    assert [len(part) for part in split_words(said, [1.1, 1.2])] == [2, 2]
    assert split_words(said, []) == [tuple(said)]
    assert split_words([], [1.0]) == []


def test_a_recording_of_two_people_is_noticed_in_whatever_order_they_speak() -> None:
    rows, _ = heard([(0, 4.0), (1, 4.0)])
    alternating, _ = heard([(0, 2.4), (1, 2.4), (0, 2.4), (1, 2.4)])
    with_a_cough, _ = heard([(0, 8.0), (1, 0.7), (0, 8.0)])

    assert not one_voice(rows)
    assert not one_voice(alternating)
    assert one_voice(with_a_cough)


def test_groups_are_those_of_the_voices() -> None:
    rows = np.vstack([heard([(0, 1.6)], seed)[0] for seed in range(5)] + [heard([(1, 1.6)], 9)[0]])

    second, likeness = two_groups(rows)

    assert second.tolist() in ([False] * 5 + [True], [True] * 5 + [False])
    assert likeness < RULES.two_below
    assert two_groups(rows[:1])[1] == 1.0
    assert two_groups(np.repeat(rows[:1], 4, axis=0))[1] == pytest.approx(1.0)


def test_a_mean_voice_is_of_unit_length_whatever_the_order() -> None:
    rows, _ = heard([(0, 5.0)])

    assert np.linalg.norm(mean_voice(rows)) == pytest.approx(1.0, abs=1e-6)
    assert np.dot(mean_voice(rows), mean_voice(rows[::-1])) == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(ValueError, match="no voice"):
        mean_voice(rows[:0])


def test_many_utterances_are_not_each_compared_with_each_other() -> None:
    rows = np.vstack([heard([(person, 1.6)], 0)[0][:1] for person in (0, 1)])
    many = np.repeat(rows, [3_000, 2_500], axis=0)

    tracemalloc.start()
    second, likeness = two_groups(many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert sorted([int(second.sum()), int((~second).sum())]) == [2_500, 3_000]
    assert likeness < RULES.two_below
    assert peak < 60_000_000  # all with all would be 121 MB
