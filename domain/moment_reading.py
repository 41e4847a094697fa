"""A moment as conditions read it: likenesses as standard scores, on one scale for pictures, sentences and voices.

The moment is its own yardstick, as in domain/calibration.py: its cosine with an example is compared with its cosines
with a cohort of generic ones, so that a moment that is near everything is near nothing. For voices that is T-norm
(Auckenthaler et al., "Score Normalization for Text-Independent Speaker Verification Systems", 2000).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from domain.calibration import CalibrationOptions
from domain.conditions import VECTOR_NAMES, Space
from domain.errors import BadEvent
from domain.events import MomentDescribed
from domain.moments import moment_id
from domain.ports import Labels, Matrix

Exact = npt.NDArray[np.float64]

DIGITS = 4  # of a standard score: what differs further down is another machine's rounding
_UNITS = 10.0**DIGITS


@dataclass(frozen=True, slots=True)
class LabelledMoment:
    moment: MomentDescribed
    labels: Labels = field(default_factory=Labels)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Mean and deviation of a moment's cosines with what it has nothing to do with."""

    mean: float
    deviation: float

    def standard(self, cosine: float) -> float:
        return round((cosine - self.mean) / self.deviation * _UNITS) / _UNITS

    def standard_of_all(self, cosines: Exact) -> Exact:
        """As `standard`, of each."""
        return np.asarray(np.rint((cosines - self.mean) / self.deviation * _UNITS) / _UNITS, np.float64)


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """`cohorts` by space, (n, d) each, rows of unit length: for "meaning" and "scene" the vectors of generic queries.

    A space without a cohort, as no generic pictures and voices come with us, has a yardstick for all its moments: in
    `measured`, or `without_cohort`, which is a guess: roughly what unrelated photographs have under CLIP. The
    background that each rule learns makes up for a wrong one, except where several graded parts are joined.
    """

    cohorts: Mapping[Space, Matrix | Exact] = field(default_factory=dict)
    measured: Mapping[Space, Yardstick] = field(default_factory=dict)
    without_cohort: Yardstick = Yardstick(0.3, 0.1)
    calibration: CalibrationOptions = field(default_factory=CalibrationOptions)


class Reading:
    """One moment, nothing in it worked out twice."""

    def __init__(self, labelled: LabelledMoment, options: ScoreOptions) -> None:
        self.moment, self.labels = labelled.moment, labelled.labels
        self.id = moment_id(labelled.moment)
        self._options = options
        self._vectors: dict[str, Exact] = {}
        self._yardsticks: dict[Space, Yardstick] = {}

    def vector(self, space: Space) -> Exact | None:
        """(d,), or None: this moment has none of that kind."""
        name = VECTOR_NAMES[space]
        if name not in self._vectors:
            if name not in self.moment.vectors:
                return None
            self._vectors[name] = np.asarray(self.moment.vectors[name], np.float64)
        return self._vectors[name]

    def yardstick(self, space: Space) -> Yardstick:
        """Of a moment that has such a vector. Raises BadEvent when its vector is of another size than the cohort's."""
        if space not in self._yardsticks:
            self._yardsticks[space] = self._measured(space)
        return self._yardsticks[space]

    def standard(self, space: Space, example: Exact) -> float | None:
        """Standard score of an example (d,), to DIGITS; None when there is nothing to compare it with.

        Raises BadEvent when the moment's vector is of another size.
        """
        vector = self.vector(space)
        if vector is None:
            return None
        if len(vector) != len(example):
            raise BadEvent(wrong_size(self.moment, VECTOR_NAMES[space], len(example)))
        return self.yardstick(space).standard(float(np.dot(example, vector)))

    def _measured(self, space: Space) -> Yardstick:
        cohort, vector = self._options.cohorts.get(space), self.vector(space)
        if cohort is None or vector is None:
            return self._options.measured.get(space, self._options.without_cohort)
        if len(vector) != cohort.shape[1]:
            raise BadEvent(wrong_size(self.moment, VECTOR_NAMES[space], cohort.shape[1]))
        cosines = cohort.astype(np.float64, copy=False) @ vector
        return Yardstick(float(cosines.mean()), max(float(cosines.std()), self._options.calibration.least_deviation))


def wrong_size(moment: MomentDescribed, name: str, size: int) -> str:
    """What to say of a vector that can't be compared."""
    return (
        f"a {moment.modality} of {moment.source} has a vector {name!r} of {len(moment.vectors[name])} numbers and what "
        f"it is compared with has {size}: another encoder made it ({moment.encoder})"
    )
