"""Warming rules with moments of the past: many rules, in one look at each moment.

A tail keeps the highest scores of a week (domain/score_tails.py), so few of a rule's scores teach it anything. Which
may, one product of all moments with all rules tells; only those are worked out, the likeliest first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from domain.bin_sets import BinSet, bin_of
from domain.condition_scores import CERTAIN
from domain.conditions import modalities_of
from domain.events import Modality
from domain.moment_reading import LabelledMoment, Reading
from domain.moments import share_time
from domain.rule_calibration import Calibrations
from domain.rule_rows import Scores
from domain.rule_scores import RuleBank
from domain.rules import Rule


class Lesson:
    """Final moments, read once for all rules that learn from them."""

    def __init__(
        self, history: Iterable[LabelledMoment], reading: Callable[[LabelledMoment], Reading], recent_s: float
    ) -> None:
        """`history` is in order of time. One that ended `recent_s` before another began is forgotten by then."""
        self._recent_s = recent_s
        self._readings: defaultdict[str, list[Reading]] = defaultdict(list)
        self._near: defaultdict[str, list[list[Reading]]] = defaultdict(list)
        self._recent: defaultdict[str, list[Reading]] = defaultdict(list)
        for labelled in history:
            if labelled.moment.is_final:
                self._add(reading(labelled))

    @property
    def sources(self) -> list[str]:
        return list(self._readings)

    def of(self, source: str) -> list[Reading]:
        return self._readings[source]

    def near(self, source: str, at: int) -> list[Reading]:
        """Those before the one at this place that share time with it."""
        return self._near[source][at]

    def _add(self, reading: Reading) -> None:
        moment, recent = reading.moment, self._recent[reading.moment.source]
        recent[:] = [each for each in recent if each.moment.end_s >= moment.start_s - self._recent_s]
        self._near[moment.source].append([each for each in recent if share_time(each.moment, moment)])
        self._readings[moment.source].append(reading)
        recent.append(reading)


def teach(lesson: Lesson, rules: Sequence[Rule], bank: RuleBank, calibrations: Calibrations) -> None:
    """Each rule learns what it would from each moment one by one. Raises KeyError when the bank has not all of them,
    and BadEvent when another encoder made a moment."""
    for source in lesson.sources:
        for reading in lesson.of(source):
            bank.check(reading.moment)
        asked = [rule for rule in rules if rule.watches(source)]
        at_most = bank.at_most([rule.id for rule in asked], lesson.of(source))
        bins = np.asarray([bin_of(reading.moment.start_s) for reading in lesson.of(source)])
        starts = np.flatnonzero(np.diff(bins, prepend=bins[0] - 1))
        highest = np.maximum.reduceat(at_most, starts, axis=0) if asked else at_most
        exposed, watched_by = _exposed(lesson.of(source)), dict[frozenset[Modality], BinSet]()
        for column, rule in enumerate(asked):
            kinds = modalities_of(rule.condition)
            watched = watched_by[kinds] = watched_by.get(kinds) or _union(exposed, kinds)
            if len(watched):
                pupil = _Pupil(lesson, source, rule, bank, calibrations)
                scores = pupil.scores(at_most[:, column], highest[:, column], bins, starts)
                calibrations.learn(rule.id, source, watched, scores)


class _Pupil:
    """One rule in one source."""

    def __init__(self, lesson: Lesson, source: str, rule: Rule, bank: RuleBank, calibrations: Calibrations) -> None:
        self._lesson, self._source, self._rule, self._bank = lesson, source, rule, bank
        self._calibrations = calibrations

    def scores(
        self, at_most: Scores, highest: Scores, bins: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
    ) -> Iterator[tuple[float, float]]:
        """Times and scores that may change what is known: of each bin the highest, and whether it held to the letter.

        Bins begin at the places `starts` and are no higher than `highest`. While this goes on, what it gives is learnt.
        """
        ends = np.append(starts[1:], len(bins))
        for each in np.argsort(-highest, kind="stable").tolist():
            if highest[each] == -np.inf:
                return
            bin = int(bins[starts[each]])
            if highest[each] > self._calibrations.least_of_use(self._rule.id, self._source, bin):
                yield from self._best(at_most, range(starts[each], ends[each]))

    def _best(self, at_most: Scores, places: range) -> Iterator[tuple[float, float]]:
        best: tuple[float, float] | None = None
        for at in sorted(places, key=lambda at: -at_most[at]):
            if at_most[at] == -np.inf or (best is not None and at_most[at] <= best[1]):
                break
            reading = self._lesson.of(self._source)[at]
            if not self._rule.listens(reading.moment.start_s):
                continue
            score = self._bank.score(self._rule.id, reading, self._lesson.near(self._source, at))
            if score == CERTAIN:
                yield reading.moment.start_s, score
            elif score is not None and (best is None or score > best[1]):
                best = reading.moment.start_s, score
        if best is not None:
            yield best


def _exposed(readings: Sequence[Reading]) -> dict[Modality, BinSet]:
    found: defaultdict[Modality, BinSet] = defaultdict(BinSet)
    for reading in readings:
        found[reading.moment.modality].add(bin_of(reading.moment.start_s))
    return dict(found)


def _union(exposed: dict[Modality, BinSet], kinds: frozenset[Modality]) -> BinSet:
    union = BinSet()
    for modality in kinds & exposed.keys():
        union = union | exposed[modality]
    return union
