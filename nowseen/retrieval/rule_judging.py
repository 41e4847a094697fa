"""How right the ways of deciding were: precision, recall and alarms, summed over all rules (micro averages)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.bootstrap import BootstrapOptions, Difference, Interval, ratio_differences, ratio_intervals
from nowseen.retrieval.raw_thresholds import Pairs
from nowseen.retrieval.rule_trial import days_of

RAW = "cosine, one threshold, learnt"
RAW_AT_BEST = "cosine, best in hindsight"


@dataclass(frozen=True, slots=True)
class Told:
    """What each way of deciding told of, and what it should have: (rules, items)."""

    kind: str
    relevant: Pairs
    by: Mapping[str, Pairs]


@dataclass(frozen=True, slots=True)
class Telling:
    """How one way of deciding did. A day is one of watching, by one rule."""

    alarms: int
    right: int
    alarms_per_day: float
    false_per_day: float
    precision: Interval  # 0 where it told nothing
    recall: Interval


@dataclass(frozen=True, slots=True)
class Gain:
    precision: Difference
    recall: Difference


@dataclass(frozen=True, slots=True)
class RulesOfKind:
    kind: str  # scene, speech or all
    rules: int
    items: int
    wanted: int  # pairs of a rule and an item that it should tell of
    days: float  # of watching for each rule, the longest of the kinds
    tellings: Mapping[str, Telling]
    gains: Mapping[str, Gain]  # of what is not a cosine's threshold, over RAW


def judged(kind: str, told: Sequence[Told], bootstrap: BootstrapOptions) -> RulesOfKind:
    """Of one kind, or of several together that were decided in the same ways, RAW among them."""
    days = [days_of(each.relevant.shape[1]) for each in told]
    rules = [len(each.relevant) for each in told]
    parts = {how: np.concatenate([_parts(each.by[how], each.relevant) for each in told]) for how in told[0].by}
    rule_days = float(np.dot(rules, days))
    tellings = {}
    for how, part in parts.items():
        alarms, right = (int(sum(each.sum() for each in those)) for those in _pairs(told, how))
        if not alarms:
            part[0, 0, 1] = 1.0  # of nothing, nothing was right
        precision, recall = ratio_intervals(part, bootstrap)
        tellings[how] = Telling(alarms, right, alarms / rule_days, (alarms - right) / rule_days, precision, recall)
    gains = {
        how: Gain(*ratio_differences(parts[RAW], part, bootstrap))
        for how, part in parts.items()
        if how not in (RAW, RAW_AT_BEST)
    }
    items, wanted = (sum(int(count) for count in counts) for counts in _sizes(told))
    return RulesOfKind(kind, sum(rules), items, wanted, max(days), tellings, gains)


def _pairs(told: Sequence[Told], how: str) -> tuple[list[Pairs], list[Pairs]]:
    return [each.by[how] for each in told], [each.by[how] & each.relevant for each in told]


def _sizes(told: Sequence[Told]) -> tuple[list[int], list[int]]:
    return [each.relevant.shape[1] for each in told], [int(each.relevant.sum()) for each in told]


def _parts(told: Pairs, relevant: Pairs) -> npt.NDArray[np.float64]:
    """(rules, 2, 2): of precision and of recall, what is divided by what."""
    right = (told & relevant).sum(axis=1)
    ratios = [np.stack([right, below.sum(axis=1)], axis=1) for below in (told, relevant)]
    return np.stack(ratios, axis=1).astype(np.float64)
