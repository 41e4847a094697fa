"""Cosine similarities of any encoder, for any modality, as scores from 0 to 1 that can be ranked together.

A cosine of 0.3 is a clear match between a photograph and a sentence and none between two sentences; and some moments (a
title card, a "yes, well") are near everything. So each moment is its own yardstick: its score with the query is
compared with its scores with a fixed bank of generic queries. After query-bank normalisation (Bogolin et al.,
"Cross Modal Retrieval with Querybank Normalisation", CVPR 2022, section 3), with the standard score in place of their
softmax, because a probability has to mean the same for a bank of any encoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.ports import Matrix

Scores = npt.NDArray[np.float64]  # (n,)


@dataclass(frozen=True, slots=True)
class CalibrationOptions:
    """Measured with MiniLM sentences and the bank in search/query_bank.txt: 45 queries and an utterance or caption that
    answers each in other words, so 45 matching and 1976 unrelated pairs. Standard scores at percentiles
    5/25/50/75: matching 1.2/4.5/5.5/6.6; at 50/95/99/99.9: unrelated -0.1/1.7/2.8/4.0. Area under the ROC curve 0.990.
    With the constants below 99 of 100 unrelated pairs get less than 0.21 and 3 of 4 matching ones more than 0.76.

    With the packaged concept encoder, 13 photographs and 22 queries, 95 of 100 unrelated pairs get less than 0.10; its
    own mistakes (a horse taken for a dog) score as high as its hits, of which half get more than 0.36. Leaving the
    nearest few bank queries out of the mean and deviation was tried and told matches apart no better in either.
    """

    midpoint: float = 3.7  # the standard score worth one half
    steepness: float = 1.5
    least_deviation: float = 0.02  # a third of the smallest one measured: for a vector that is equally far from all


def calibrate(scores: Scores, bank_scores: Matrix, options: CalibrationOptions | None = None) -> Scores:
    """(n,) cosines of n moments with the query, and (n, b) of the same moments with the bank -> (n,) from 0 to 1."""
    options = options or CalibrationOptions()
    mean = bank_scores.mean(axis=1, dtype=np.float64)
    deviation = np.maximum(bank_scores.std(axis=1, dtype=np.float64), options.least_deviation)
    standard = (np.asarray(scores, dtype=np.float64) - mean) / deviation
    logit = np.clip(options.steepness * (standard - options.midpoint), -60.0, 60.0)
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)
