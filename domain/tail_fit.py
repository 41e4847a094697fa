"""How often a score is exceeded: counted where it was seen often enough, extrapolated where it was not.

Exceedances that stand side by side are one incident (runs declustering: Smith and Weissman, "Estimating the Extremal
Index", 1994). Beyond the sample, excesses over a high level follow a generalised Pareto distribution (Pickands 1975;
Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001, sections 4.2 and 5.3.2). Here its exponential
case is taken, of shape 0. Likenesses have a highest value, so that it errs towards fewer alarms, and it errs less far
than with a shape that was fitted: alarms a day on simulated noise where one was allowed, median and 10th to 90th
percentile of 30 runs, with the shape by probability-weighted moments (Hosking and Wallis 1987) for comparison:

| noise | after | exponential | with a shape |
|---|---|---|---|
| independent | 1 day | 0.37, 0.17 to 0.82 | 1.06, 0.25 to 3.40 |
| independent | 3 days | 0.78, 0.43 to 1.26 | 1.00, 0.48 to 1.75 |
| correlated over an hour | 1 day | 1.55, 0.45 to 4.31 | 1.67, 0.80 to 5.72 |
| correlated over an hour | 3 days | 1.35, 0.73 to 2.20 | 1.33, 0.66 to 2.21 |

From the sixth day on it is counted: 1.0, 0.7 to 1.5.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple


class Level(NamedTuple):
    """At this score and above there were so many incidents."""

    score: float
    incidents: int


def levels(bins: Mapping[int, float], apart: int) -> list[Level]:
    """Of the best score of each bin, one level a distinct score, highest first.

    Two bins are of one incident when no more than `apart` - 1 bins lie from one to the next. The number of incidents
    need not rise as the score falls: two may grow together.
    """
    found: list[Level] = []
    present: list[int] = []
    incidents = 0
    for bin, score in sorted(sorted(bins.items()), key=itemgetter(1), reverse=True):
        at = bisect_left(present, bin)
        before = present[at - 1] if at > 0 and bin - present[at - 1] < apart else None
        after = present[at] if at < len(present) and present[at] - bin < apart else None
        if before is None and after is None:
            incidents += 1
        elif before is not None and after is not None and after - before >= apart:
            incidents -= 1
        insort(present, bin)
        if found and found[-1].score == score:
            found.pop()
        found.append(Level(score, incidents))
    return found


def peaks(bins: Mapping[int, float], above: float, apart: int) -> list[float]:
    """The best score of each incident above a level, in order of time."""
    best: list[float] = []
    last = -math.inf
    for bin in sorted(bin for bin, score in bins.items() if score > above):
        if bin - last >= apart:
            best.append(bins[bin])
        else:
            best[-1] = max(best[-1], bins[bin])
        last = bin
    return best


@dataclass(frozen=True, slots=True)
class TailFit:
    """Incidents a day above a score: `per_day` at `start`, and e times fewer for every `scale` from there."""

    start: float
    per_day: float
    scale: float  # above 0
    peaks: int  # it was fitted to

    def score_at(self, per_day: float) -> float:
        """Exceeded so often a day."""
        return self.start + self.scale * math.log(self.per_day / per_day)

    def per_day_at(self, score: float) -> float:
        return self.per_day * math.exp((self.start - score) / self.scale)

    def error_factor(self, per_day: float) -> float:
        """The incidents expected at `score_at(per_day)` may be so many times more, or less: one standard error.

        The scale is known to 1 / sqrt(peaks) of it, and counts in proportion to how far beyond the sample the score is.
        """
        return math.exp(abs(math.log(self.per_day / per_day)) / math.sqrt(self.peaks))


def fit_tail(best: Sequence[float], start: float, days: float) -> TailFit | None:
    """Of peaks above `start`, seen in so many days, by maximum likelihood. None when there is none."""
    if not best:
        return None
    return TailFit(start, len(best) / days, sum(best) / len(best) - start, len(best))
