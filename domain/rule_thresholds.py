"""From which score on a rule alarms: by a budget of alarms a day, or by examples that people marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

from domain.rules import Mark
from domain.tail_fit import Level, TailFit, fit_tail, levels, peaks

Basis: TypeAlias = Literal["certain", "counted", "extrapolated", "least", "examples", "warming up"]

_DAY_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class ThresholdOptions:
    """`least` is the standard score worth 0.15 (domain/calibration.py): a search shows nothing below it."""

    least: float = 2.5  # what is asked for rarely enough alarms from here on, and not for just anything
    likely: float = 3.7  # while nothing else is known: from here on it would be told
    counted: float = 5.0  # incidents that the budget allows in what was seen: enough to count instead of extrapolating
    error_factor: float = 3.0  # alarms expected may be so many times more or less, or it is still warming up
    tail_incidents: int = 60  # a tail is fitted to about the highest so many
    near: float = 10.0  # near misses are scores that are reached so many times as often as alarms may be
    apart_bins: int = 2  # incidents are at least so many bins apart
    marks_of_each: int = 2  # right and wrong: fewer decide nothing


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score must be above it. People are shown all of it: how often it will alarm, and how that is known."""

    score: float | None  # standard score; None: nothing alarms yet, except what holds to the letter
    near: float  # scores from here on are near misses
    basis: Basis
    expected_per_day: float | None  # alarms in a day of watching, those that hold to the letter included
    incidents_seen: int  # high scores behind it, those side by side counted once
    hours_seen: float
    hours_missing: float  # about so many more until it is warm
    note: str

    def admits(self, score: float) -> bool:
        return self.score is not None and score > self.score


def threshold_by_budget(
    bins: Mapping[int, float], complete_above: float, days: float, per_day: float, options: ThresholdOptions
) -> Threshold:
    """The lowest score above which at most about `per_day` incidents were seen, or are to be expected.

    `bins` has the best score of every bin that was above `complete_above`, out of so many days watched.
    """
    steps = levels(bins, options.apart_bins)
    lowest = max(options.least, complete_above)
    wanted = per_day * days
    near = max(lowest, _cut(steps, options.near * wanted, lowest))
    above = _count(steps, lowest)
    seen = Threshold(None, near, "warming up", None, above, days * _DAY_HOURS, 0.0, "")
    if days <= 0.0:
        return _warming(replace(seen, near=options.likely), 1.0 / (options.error_factor * per_day))
    if max((step.incidents for step in steps if step.score > lowest), default=0) <= wanted:
        # It is so rare that whatever has any likeness may be told. That it is rare has to be known, too.
        needed = (above + 1) / (options.error_factor * per_day)
        if days < needed and wanted < options.counted:
            return _warming(seen, needed - days)
        note = "so little is like it that whatever has a likeness is told"
        return replace(seen, score=lowest, near=lowest, basis="least", expected_per_day=above / days, note=note)
    if wanted >= options.counted:
        score = max(_cut(steps, wanted, lowest), lowest)
        note = f"counted in {days:.1f} days"
        return replace(
            seen, score=score, near=min(near, score), basis="counted", expected_per_day=_count(steps, score) / days,
            note=note,
        )  # fmt: skip
    return _extrapolated(seen, _fit(bins, steps, complete_above, days, options), days, per_day, lowest, options)


def threshold_by_examples(marks: Sequence[Mark], otherwise: Threshold, options: ThresholdOptions) -> Threshold:
    """Where the marked scores part best: the least mean of the share of right ones missed and of wrong ones told, which
    is Youden's index ("Index for Rating Diagnostic Tests", 1950); among equals the middle of the widest gap.

    `otherwise`, which must be by budget, is given back while too few are marked, and has what was seen.
    """
    right = sorted(mark.score for mark in marks if mark.is_right)
    wrong = sorted(mark.score for mark in marks if not mark.is_right)
    if min(len(right), len(wrong)) < options.marks_of_each:
        wanted = f"{options.marks_of_each} of each; {len(right)} right and {len(wrong)} wrong are"
        return replace(otherwise, note=f"by the budget until enough examples are marked ({wanted}). {otherwise.note}")
    scores = sorted({*right, *wrong})
    gaps = [(scores[0] - 1.0, scores[0]), *pairwise(scores), (scores[-1], scores[-1] + 1.0)]

    def worth(gap: tuple[float, float]) -> tuple[float, float]:
        missed, told = sum(each <= gap[0] for each in right), sum(each > gap[0] for each in wrong)
        inside = gap[0] >= scores[0] and gap[1] <= scores[-1]
        return missed / len(right) + told / len(wrong), -(gap[1] - gap[0]) if inside else 0.0

    best = min(gaps, key=worth)
    score = (best[0] + best[1]) / 2
    missed, told = sum(each <= score for each in right), sum(each > score for each in wrong)
    note = f"parts {len(right)} right from {len(wrong)} wrong examples"
    if missed or told:
        note += f", except {missed} right ones that it misses and {told} wrong ones that it tells: they overlap"
    return replace(
        otherwise, score=score, near=min(score, options.least), basis="examples", hours_missing=0.0, note=note,
        expected_per_day=None,
    )  # fmt: skip


def expected_per_day(bins: Mapping[int, float], score: float, days: float, options: ThresholdOptions) -> float | None:
    """Incidents above a score in a day of what was seen. None: nothing was."""
    return len(peaks(bins, score, options.apart_bins)) / days if days > 0.0 else None


def _fit(
    bins: Mapping[int, float], steps: Sequence[Level], complete_above: float, days: float, options: ThresholdOptions
) -> TailFit | None:
    """Of the highest incidents: enough for their scale, and no more, because the bulk says nothing of the tail."""
    most = max(step.incidents for step in steps)
    at = next(at for at, step in enumerate(steps) if step.incidents >= min(most, options.tail_incidents))
    if at + 1 < len(steps):
        start = steps[at + 1].score
    else:
        start = complete_above if math.isfinite(complete_above) else min(options.least, steps[at].score)
    return fit_tail(peaks(bins, start, options.apart_bins), start, days)


def _extrapolated(
    seen: Threshold, fit: TailFit | None, days: float, per_day: float, lowest: float, options: ThresholdOptions
) -> Threshold:
    # What is seldom needs no fit in the end: it is enough to have waited for as long as the budget asks.
    longest = max(min(options.counted, seen.incidents_seen) / per_day - days, 0.0)
    if fit is None:
        return _warming(seen, longest)
    factor = fit.error_factor(per_day) if fit.per_day > per_day else 1.0
    if factor > options.error_factor:
        needed = fit.peaks * (math.log(factor) / math.log(options.error_factor)) ** 2
        return _warming(seen, min(longest, days * (needed / fit.peaks - 1.0)))
    score = max(fit.score_at(per_day) if fit.per_day > per_day else fit.start, lowest)
    expected = fit.per_day_at(score)
    note = (
        f"extrapolated from the {fit.peaks} highest scores of {days:.1f} days; "
        f"it may as well be {expected / factor:.2g} to {expected * factor:.2g} a day"
    )
    return replace(
        seen, score=score, near=min(seen.near, score), basis="extrapolated", expected_per_day=expected, note=note,
        incidents_seen=fit.peaks,
    )  # fmt: skip


def _warming(seen: Threshold, days_missing: float) -> Threshold:
    hours = max(days_missing * _DAY_HOURS, 1.0 / 12.0)
    note = f"warming up: about {hours:.1f} more hours of watching, or history to learn from"
    return replace(seen, hours_missing=hours, note=note)


def _cut(steps: Sequence[Level], wanted: float, otherwise: float) -> float:
    """The lowest score such that it and all above it had at most so many incidents; in the middle of a gap."""
    last: float | None = None
    for step in steps:
        if step.incidents > wanted:
            return step.score if last is None else (last + step.score) / 2
        last = step.score
    return otherwise


def _count(steps: Sequence[Level], above: float) -> int:
    return next((step.incidents for step in reversed(steps) if step.score > above), 0)
