"""How good an answer was, in the figures of the field: pure functions of what was answered and what is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from domain.words_in_common import words_of


class EqualErrorRate(NamedTuple):
    rate: float  # 0 to 1: as many pairs of one kind taken for the other as the other way round
    threshold: float  # the score where that is; at or above it a pair counts as the same


def equal_error_rate(same: npt.ArrayLike, different: npt.ArrayLike) -> EqualErrorRate:
    """Of scores of pairs that are the same, (n,), and of pairs that are not, (m,); higher is more alike.

    Raises ValueError when there is no pair of one of the two.
    """
    alike, unlike = np.sort(np.asarray(same, np.float64)), np.sort(np.asarray(different, np.float64))
    if not alike.size or not unlike.size:
        raise ValueError("an equal error rate needs scores of pairs that are the same and of pairs that are not")
    scores = np.unique(np.concatenate([alike, unlike]))
    # Between two neighbouring scores the errors do not change; the middle is as far from either as can be.
    thresholds = np.concatenate([scores[:1], (scores[1:] + scores[:-1]) / 2, scores[-1:] + 1e-9])
    missed = np.searchsorted(alike, thresholds, side="left") / alike.size
    taken = 1.0 - np.searchsorted(unlike, thresholds, side="left") / unlike.size
    best = int(np.argmin(np.abs(missed - taken)))
    return EqualErrorRate(float(missed[best] + taken[best]) / 2, float(thresholds[best]))


def cluster_purity(labels: Sequence[Hashable], clusters: Sequence[Hashable]) -> float:
    """Share of the items that have the most frequent label of their cluster (Manning et al. 2008, section 16.3).

    With the arguments swapped it is the inverse purity: how little the items of one label are spread over clusters.
    Raises ValueError when there is nothing, or the two are not of one length.
    """
    most: dict[Hashable, int] = {}
    for (cluster, _), count in Counter(zip(clusters, labels, strict=True)).items():
        most[cluster] = max(most.get(cluster, 0), count)
    if not most:
        raise ValueError("there are no items")
    return sum(most.values()) / len(labels)


def word_errors(reference: str, heard: str) -> tuple[int, int]:
    """The fewest words to put in, take out or replace (Levenshtein), and the number of words of the reference.

    Case, accents and punctuation don't count.
    """
    said, words = words_of(reference), words_of(heard)
    row = list(range(len(words) + 1))
    for at, word in enumerate(said, start=1):
        diagonal, row[0] = row[0], at
        for to, other in enumerate(words, start=1):
            diagonal, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, diagonal + (word != other))
    return row[-1], len(said)


def word_error_rate(reference: str, heard: str) -> float:
    """Above 1 when more was made up than was said. Raises ValueError for a reference without words."""
    errors, words = word_errors(reference, heard)
    if not words:
        raise ValueError("the reference holds no words")
    return errors / words


def agreement(truth: Sequence[Hashable], judged: Sequence[Hashable]) -> float:
    """Share of equal labels. Raises ValueError when there are none, or the two are not of one length."""
    equal = [true == found for true, found in zip(truth, judged, strict=True)]
    if not equal:
        raise ValueError("there are no labels")
    return sum(equal) / len(equal)


def cohens_kappa(truth: Sequence[Hashable], judged: Sequence[Hashable]) -> float:
    """Agreement beyond chance: 0 is chance, 1 complete (Cohen 1960). Raises ValueError as `agreement`.

    One label throughout on both sides is 0: what can't fail shows nothing.
    """
    observed = agreement(truth, judged)
    counts, found = Counter(truth), Counter(judged)
    chance = sum(counts[label] * found[label] for label in counts) / len(truth) ** 2
    return (observed - chance) / (1.0 - chance) if chance < 1.0 else 0.0


def concordance(truth: npt.ArrayLike, judged: npt.ArrayLike) -> float:
    """Lin's concordance correlation coefficient (1989), -1 to 1: correlation, less any shift and any other scale.

    Both (n,). 0 when neither varies and they differ; raises ValueError when they are not of one length or empty.
    """
    true, found = np.asarray(truth, np.float64), np.asarray(judged, np.float64)
    if true.shape != found.shape or true.ndim != 1 or not true.size:
        raise ValueError(f"two arrays of one length, not of shapes {true.shape} and {found.shape}")
    covariance = float(np.mean((true - true.mean()) * (found - found.mean())))
    spread = float(true.var() + found.var() + (true.mean() - found.mean()) ** 2)
    return 2 * covariance / spread if spread else 1.0
