"""Where the voice changes inside an utterance, and which words each voice said.

A voice encoder needs more than a second of sound, so the utterance is seen through overlapping windows, and a window
across a change holds both voices. The change is therefore sought as the cut that leaves the two sides most alike in
themselves (binary segmentation), judged by the windows that lie on one side of it, and placed at the pause next to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.events import Vector, Word
from domain.ports import Matrix


@dataclass(frozen=True, slots=True)
class VoiceChangeRules:
    change_below: float = 0.66  # cosine of the mean voices before and after
    min_stretch_s: float = 1.5  # nobody can be told from less
    two_below: float = 0.60  # cosine of the two groups that a recording's windows fall into
    least_share: float = 0.2  # of the windows: fewer are a cough or a laugh, not a second person


def window_starts(samples: int, window_samples: int, hop_samples: int) -> list[int]:
    """First samples of the windows that cover an utterance: at least one, and one that ends with it when the hop
    leaves more than half of itself uncovered."""
    last = max(0, samples - window_samples)
    starts = list(range(0, last + 1, hop_samples))
    if last - starts[-1] > hop_samples // 2:
        starts.append(last)
    return starts


def mean_voice(rows: Matrix) -> Vector:
    """Mean direction of (n, d) rows, unit length. Raises ValueError when they have none: no rows, or all zero."""
    direction = _direction(rows)
    if not direction.any():
        raise ValueError("no voice in these windows")
    return tuple(direction.tolist())


def voice_changes(
    rows: Matrix, starts_s: Sequence[float], window_s: float, rules: VoiceChangeRules | None = None
) -> list[float]:
    """Seconds from the utterance's start at which the voice changes, in order; none for one voice.

    `rows` (n, d) are the unit vectors of the windows that start at `starts_s` and last `window_s`. A stretch of one
    voice is at least `rules.min_stretch_s`. A pure function: a replay cuts alike.
    """
    rules = rules or VoiceChangeRules()
    middles = np.asarray(starts_s, dtype=np.float64) + window_s / 2
    if len(middles) < 2:
        return []
    return _changes(rows, middles, 0.0, float(middles[-1] + window_s / 2), window_s, rules)


def split_words(words: Sequence[Word], changes_s: Sequence[float]) -> list[tuple[Word, ...]]:
    """The words by voice: every word in exactly one part, none empty.

    The cut is made between the two words nearest a change, where a pause between them counts as that much nearer: the
    change is known to a few tenths of a second, and people take turns in pauses. A change before the first word or
    after the last, or between two words already parted, parts nothing.
    """
    cuts: set[int] = set()
    for change_s in changes_s:
        between = [
            (abs((before.end_s + after.start_s) / 2 - change_s) - max(0.0, after.start_s - before.end_s), place)
            for place, (before, after) in enumerate(itertools.pairwise(words), start=1)
        ]
        if between and words[0].start_s < change_s < words[-1].end_s:
            cuts.add(min(between)[1])
    places = [0, *sorted(cuts), len(words)]
    return [tuple(words[a:b]) for a, b in itertools.pairwise(places) if a < b]


def one_voice(rows: Matrix, rules: VoiceChangeRules | None = None) -> bool:
    """Whether the windows (n, d) of a recording are all of one person, in whatever order people speak."""
    rules = rules or VoiceChangeRules()
    group, likeness = two_groups(rows)
    return likeness >= rules.two_below or min(group.mean(), 1 - group.mean()) < rules.least_share


def two_groups(rows: Matrix) -> tuple[npt.NDArray[np.bool_], float]:
    """The two groups that (n, d) unit vectors fall into, as the members of the second, and the cosine between the
    groups' means: 1 when all are alike or there are fewer than two.

    Spherical k-means (Dhillon and Modha, "Concept decompositions", 2001) with k = 2, from the two rows farthest apart:
    no chance in it.
    """
    second = np.zeros(len(rows), dtype=np.bool_)
    if len(rows) < 2:
        return second, 1.0
    alike = rows @ rows.T
    one, other = np.unravel_index(int(alike.argmin()), alike.shape)
    centres = rows[[min(one, other), max(one, other)]]
    for _ in range(50):
        nearer = rows @ centres[1] > rows @ centres[0]
        if (nearer == second).all():
            break
        second = nearer
        centres = np.stack([_direction(rows[~second]), _direction(rows[second])])
    return (second, float(centres[0] @ centres[1])) if second.any() else (second, 1.0)


def _direction(rows: Matrix) -> npt.NDArray[np.float32]:
    total = rows.sum(axis=0, dtype=np.float64)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


def _changes(
    rows: Matrix,
    middles: npt.NDArray[np.float64],
    start_s: float,
    end_s: float,
    window_s: float,
    rules: VoiceChangeRules,
) -> list[float]:
    best: tuple[float, float, int] | None = None
    for place in range(1, len(rows)):
        at_s = float(middles[place - 1] + middles[place]) / 2
        if at_s - start_s < rules.min_stretch_s or end_s - at_s < rules.min_stretch_s:
            continue
        within = float(np.linalg.norm(rows[:place].sum(axis=0)) + np.linalg.norm(rows[place:].sum(axis=0)))
        if best is None or within > best[0]:
            best = within, at_s, place
    if best is None:
        return []
    _, at_s, place = best
    # A quarter of a window of the other voice is little; the ends of a stretch have no cleaner window than that.
    clear_s = window_s / 4
    before, after = rows[middles <= at_s - clear_s], rows[middles >= at_s + clear_s]
    if not len(before) or not len(after) or _direction(before) @ _direction(after) >= rules.change_below:
        return []
    return [
        *_changes(rows[:place], middles[:place], start_s, at_s, window_s, rules),
        at_s,
        *_changes(rows[place:], middles[place:], at_s, end_s, window_s, rules),
    ]
