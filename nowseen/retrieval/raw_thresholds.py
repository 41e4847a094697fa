"""What rules are compared with: one threshold on the encoder's own cosine, the same for every rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]  # (rules, items)
Pairs = npt.NDArray[np.bool_]  # (rules, items)


def best_threshold(scores: Scores, relevant: Pairs) -> float:
    """From this score on (it included) telling has the best F1 over all pairs of rule and item (van Rijsbergen,
    "Information Retrieval", 1979, chapter 7); among equals the highest. Infinite where nothing is relevant."""
    order = np.argsort(-scores, axis=None, kind="stable")
    ranked, right = scores.ravel()[order], relevant.ravel()[order].cumsum()
    if not right.size or not right[-1]:
        return float("inf")
    f1 = 2 * right / (np.arange(1, len(ranked) + 1) + right[-1])
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0  # equal scores are told together
    return float(ranked[int(f1.argmax())])


def told_in_folds(scores: Scores, relevant: Pairs, folds: npt.NDArray[np.int64]) -> Pairs:
    """Each item judged by the threshold that is best for the items of the other folds. `folds`: (items,)."""
    told = np.zeros_like(relevant)
    for fold in np.unique(folds):
        held_out = folds == fold
        told[:, held_out] = scores[:, held_out] >= best_threshold(scores[:, ~held_out], relevant[:, ~held_out])
    return told
