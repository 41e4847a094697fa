"""Frames at the declared rate; runs of one picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ports import Image
from domain.sampling import FrameSampler, runs, similarity


def plain(level: int, rows: int = 90, columns: int = 160) -> Image:
    return np.full((rows, columns, 3), level, dtype=np.uint8)


@pytest.mark.parametrize(("rate", "kept"), [(1.0, 4), (2.0, 8), (25.0, 100), (100.0, 100)])
def test_keeps_about_the_declared_rate(rate: float, kept: int) -> None:
    sampler = FrameSampler(rate)
    assert sum(sampler.keep(i / 25) for i in range(100)) == kept


def test_the_first_frame_is_always_kept() -> None:
    assert FrameSampler(0.01).keep(1234.5)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=50), st.floats(0.1, 30))
def test_kept_frames_are_a_period_apart(times: list[float], rate: float) -> None:
    sampler = FrameSampler(rate)
    kept = [time for time in sorted(times) if sampler.keep(time)]
    assert all(b - a >= 1 / rate - 0.001 for a, b in pairwise(kept))


def test_similarity_is_one_for_the_same_and_zero_for_opposites() -> None:
    assert similarity(plain(80), plain(80)) == pytest.approx(1.0)
    assert similarity(plain(0), plain(255)) == pytest.approx(0.0)


def test_similarity_compares_pictures_of_different_size() -> None:
    assert similarity(plain(80), plain(80, 3, 5)) == pytest.approx(1.0)


def test_a_change_cuts_and_noise_does_not() -> None:
    noise = np.random.default_rng(7)
    dark = [np.clip(plain(60) + noise.integers(0, 20, (90, 160, 3)), 0, 255).astype(np.uint8) for _ in range(3)]
    assert runs([*dark, plain(200), plain(200)], same_picture=0.9) == [range(3), range(3, 5)]


@given(st.lists(st.integers(0, 255), max_size=12), st.floats(0, 1))
def test_runs_cover_every_frame_once_in_order(levels: list[int], same_picture: float) -> None:
    found = runs([plain(level, 18, 32) for level in levels], same_picture)
    assert [i for run in found for i in run] == list(range(len(levels)))
