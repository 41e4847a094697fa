"""What one rule's scores usually are in one source, and in which minutes they were watched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any
from zlib import crc32

from domain.bin_sets import BIN_S, DAY_BINS, WEEK_BINS, BinSet, bin_of
from domain.condition_scores import CERTAIN
from domain.hours import Hours
from domain.rule_thresholds import (
    Threshold,
    ThresholdOptions,
    expected_per_day,
    threshold_by_budget,
    threshold_by_examples,
)
from domain.rules import Mark, Rule
from domain.score_tails import WEEKS, ScoreTail

_LEAST_KEPT = 64  # bins a week
_KEPT_PER_ALARM = 4  # bins for each alarm that the budget allows: some were right, some lasted


class Background:
    """A function of the set of scores observed: order, batches and replays don't count.

    `missed` are bins in which the source was there and this rule was not.
    """

    def __init__(self, rule: Rule, missed: BinSet | None = None) -> None:
        self._tail = ScoreTail(_kept(rule), offset_of(rule.id))
        self._certain = BinSet()  # with a match to the letter
        self._learnt = BinSet()  # watched in history
        self._missed = missed or BinSet()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Background) and self.to_data() == other.to_data()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def observe(self, time_s: float, score: float) -> bool:
        """Whether it is the highest of its five minutes and among the highest of its week."""
        bin = bin_of(time_s)
        if score == CERTAIN:
            is_new = bin not in self._certain
            self._certain.add(bin)
            return is_new
        return self._tail.observe(bin, score)

    def floor(self, bin: int) -> float:
        """A score in this bin that is no higher changes nothing."""
        return self._tail.floor(bin)

    def least_near(self, bin: int) -> float:
        """By a budget, near misses are at least this high: what is lower is not all known."""
        return self._tail.complete_above(bin - (WEEKS - 1) * WEEK_BINS)

    def fit_budget(self, rule: Rule) -> None:
        """Keeps as much as another budget needs, from now on."""
        self._tail.capacity = _kept(rule)

    def learn(self, bins: BinSet) -> None:
        """History had something of the source in these bins."""
        self._learnt = self._learnt | bins

    def watched(self, exposed: BinSet) -> BinSet:
        """The bins in which this rule was there, of those in which the source was."""
        return (exposed - self._missed) | self._learnt

    def threshold(
        self,
        rule: Rule,
        source: str,
        marks: Sequence[Mark],
        exposed: BinSet,
        sharing: int,
        options: ThresholdOptions,
    ) -> Threshold:
        """In this source, when `sharing` sources share the rule's budget. `exposed`: when the source was there.

        What was marked right is no false alarm and does not count against the budget.
        """
        watched = self.watched(exposed)
        last = max(watched.last, self._certain.last)
        offset = self._tail.offset
        first = ((last + offset) // WEEK_BINS - (WEEKS - 1)) * WEEK_BINS - offset
        days = days_watched(watched.since(first), rule.hours)
        right = _right(marks, source)
        bins = {bin: score for bin, score in self._tail.bins().items() if bin >= first and bin not in right}
        per_day = rule.false_alarms_per_day / max(1, sharing)
        threshold = threshold_by_budget(bins, self._tail.complete_above(first), days, per_day, options)
        if rule.decided_by == "examples":
            threshold = threshold_by_examples(marks, threshold, options)
            if threshold.basis == "examples" and threshold.score is not None:
                seen_per_day = expected_per_day(bins, threshold.score, days, options)
                threshold = replace(threshold, expected_per_day=seen_per_day)
        certain = self._certain.since(first).runs(options.apart_bins)
        if certain and days > 0.0:
            threshold = replace(threshold, expected_per_day=(threshold.expected_per_day or 0.0) + certain / days)
        return threshold

    def to_data(self) -> dict[str, Any]:
        return {
            "tail": self._tail.to_data(),
            "certain": self._certain.to_data(),
            "learnt": self._learnt.to_data(),
            "missed": self._missed.to_data(),
        }

    @classmethod
    def from_data(cls, rule: Rule, data: Mapping[str, Any]) -> Background:
        """Raises ValueError, KeyError or TypeError when it is not what `to_data` gives."""
        background = cls(rule, BinSet.from_data(data["missed"]))
        background._tail = ScoreTail.from_data(data["tail"])
        background._certain = BinSet.from_data(data["certain"])
        background._learnt = BinSet.from_data(data["learnt"])
        return background


@lru_cache(maxsize=1 << 15)
def offset_of(rule_id: str) -> int:
    """In bins: by how much this rule's weeks begin earlier than others'."""
    return crc32(rule_id.encode()) % WEEK_BINS


def _right(marks: Sequence[Mark], source: str) -> set[int]:
    """Bins in which something that was marked right was seen or heard in this source."""
    spans = [(bin_of(mark.start_s), bin_of(mark.end_s)) for mark in marks if mark.is_right and mark.source == source]
    return {bin for first, last in spans for bin in range(first, min(last, first + DAY_BINS) + 1)}


def _kept(rule: Rule) -> int:
    return max(_LEAST_KEPT, math.ceil(_KEPT_PER_ALARM * 7 * rule.false_alarms_per_day))


def days_watched(watched: BinSet, hours: Hours | None) -> float:
    """Days of watching; with hours, one is as many as a day has of them."""
    if hours is None:
        return len(watched) / DAY_BINS
    return len(watched.within(partial(_bins_inside, hours))) / (DAY_BINS * hours.share)


@lru_cache(maxsize=256)
def _bins_inside(hours: Hours, week: int) -> int:
    """One bit a bin of the week that begins inside the hours."""
    return sum(hours.contain((week * WEEK_BINS + bin) * BIN_S) << bin for bin in range(WEEK_BINS))
