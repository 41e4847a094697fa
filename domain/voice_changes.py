"""Where the voice changes inside an utterance, and which words each voice said.

A voice encoder needs more than a second of sound, so the utterance is seen through overlapping windows. At each place
the windows of some seconds before it are compared with those after it, without the ones that hold both; the places
where they are least alike cut it into stretches, and stretches that turn out alike as wholes are joined again.
(Metric-based segmentation, Siegler et al., "Automatic segmentation, classification and clustering of broadcast news
audio", 1997.) Words are then parted at the next pause.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.events import Vector, Word
from domain.ports import Matrix

_COMPARED = 2_000  # rows, each with each other
_HOPS_PER_WINDOW = 4  # for all that is compared: a recording given, an utterance, an evaluation


@dataclass(frozen=True, slots=True)
class VoiceChangeRules:
    """Measured with Resemblyzer, windows of 1.6 s every 0.4 s, on pairs of turns of 1.5 to 4.5 s each.

    Changes found, within 0.8 s (median 0.25 s): 79 of 88 between 16 people recorded at full bandwidth, saying single
    words; 59 of 94 between 8 people in connected speech over the telephone, who sound alike. Found where there is none:
    in 9 of 46 and 0 of 50 pairs of turns of one person, and in 13 of 279 single turns over the telephone. It costs
    little: both parts are still of one voice. With windows every 0.8 s, 76 and 54 are found. Recordings of two
    people that `one_voice` notices: 94 % and 62 %; of one person that it refuses: 4 of 223.
    """

    change_below: float = 0.70  # cosine of the mean voices before and after
    suspect_below: float = 0.72  # cosine of the mean voices in `look_s` before and after a place
    look_s: float = 2.4
    min_stretch_s: float = 1.5  # nobody can be told from less
    two_below: float = 0.74  # cosine of the mean voices of the two groups that a recording's windows fall into
    least_share: float = 0.2  # of the windows: fewer are a cough or a laugh, not a second person


def window_starts(samples: int, window_samples: int) -> list[int]:
    """First samples of the windows that cover an utterance, a quarter of a window apart: at least one, and one that
    ends with it when the hop leaves more than half of itself uncovered."""
    hop_samples = window_samples // _HOPS_PER_WINDOW
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
    middles_s = np.asarray(starts_s, dtype=np.float64) + window_s / 2
    if len(middles_s) < 2:
        return []

    def alike(from_s: float, at_s: float, to_s: float) -> float:
        # A quarter of a window of the other voice is little; the ends of a stretch have no cleaner window than that.
        before = rows[(middles_s >= from_s) & (middles_s <= at_s - window_s / 4)]
        after = rows[(middles_s >= at_s + window_s / 4) & (middles_s <= to_s)]
        return float(_direction(before) @ _direction(after)) if len(before) and len(after) else 1.0

    places_s = ((middles_s[1:] + middles_s[:-1]) / 2).tolist()
    edges_s = [0.0, float(middles_s[-1] + window_s / 2)]
    for likeness, at_s in sorted((alike(at_s - rules.look_s, at_s, at_s + rules.look_s), at_s) for at_s in places_s):
        if likeness < rules.suspect_below and all(abs(at_s - edge_s) >= rules.min_stretch_s for edge_s in edges_s):
            edges_s.append(at_s)
    edges_s.sort()
    while len(edges_s) > 2:
        stretches = zip(edges_s, edges_s[1:], edges_s[2:], strict=False)
        likeness, at_s = max((alike(*stretch), stretch[1]) for stretch in stretches)
        if likeness < rules.change_below:
            break
        edges_s.remove(at_s)
    return edges_s[1:-1]


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

    Spherical k-means (Dhillon and Modha, "Concept decompositions", 2001) with k = 2, from the two rows farthest apart,
    of many rows among 2,000 evenly taken: no chance in it.
    """
    second = np.zeros(len(rows), dtype=np.bool_)
    if len(rows) < 2:
        return second, 1.0
    some = rows[:: -(-len(rows) // _COMPARED)]
    alike = some @ some.T
    one, other = np.unravel_index(int(alike.argmin()), alike.shape)
    centres = some[[min(one, other), max(one, other)]]
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
