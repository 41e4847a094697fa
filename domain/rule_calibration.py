"""The thresholds of all rules in all sources: learnt from what streams by, or from history in one go.

A rule does not ask for a cosine: the same one is a match at one camera and noise at the next, and text and pictures
don't compare at all. What people can say is how often they want to be troubled, or which matches were right; both say
what score that is once it is known which scores the rule gets anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from domain.backgrounds import Background, offset_of
from domain.bin_sets import BIN_S, WEEK_BINS, BinSet, bin_of
from domain.conditions import modalities_of
from domain.events import Modality
from domain.rule_thresholds import Threshold, ThresholdOptions
from domain.rules import Mark, Rule

_RENEWED_BINS = 12  # a threshold is worked out again every hour; not of all rules at once
_LATE_BINS = 1  # of what came after the last hour but one bin nothing is used: it may still be incomplete
_FOREVER = 10**9  # a bin beyond the year 9999
_REMEMBERED_WEEKS = 3  # a rule's two weeks may begin within one


Low: TypeAlias = tuple[str, float]  # id of a rule, and a score


@dataclass(slots=True)
class _Known:
    rule: Rule
    condition: str
    marks: tuple[Mark, ...]
    modalities: frozenset[Modality]
    missed: dict[str, BinSet]  # by source: what had been there when the rule came
    backgrounds: dict[str, Background]
    thresholds: dict[str, tuple[int, Threshold]]  # by source: the bin it was worked out for
    offset: int
    low: dict[str, tuple[int, dict[int, float]]] = field(default_factory=dict)  # by source: see `observe_lows`


class Calibrations:
    """Not thread-safe.

    A threshold stands for an hour and hangs on what was observed until then, not on when or how often it is asked for:
    provided that it is asked for before each score is observed, and that nothing comes five minutes late.
    """

    def __init__(self, options: ThresholdOptions | None = None) -> None:
        self._options = options or ThresholdOptions()
        self._rules: dict[str, _Known] = {}
        self._changed: set[str] = set()
        self._exposed: dict[str, dict[Modality, BinSet]] = {}

    def add(self, rule: Rule) -> None:
        """What was learnt of a rule of the same id stays if its condition, hours and sources are the same."""
        condition, before = rule.condition_id, self._rules.get(rule.id)
        known = _Known(
            rule, condition, rule.marks_of_condition, modalities_of(rule.condition), {}, {}, {}, offset_of(rule.id)
        )
        if before is not None and (condition, rule.hours) == (before.condition, before.rule.hours):
            known.missed, known.backgrounds, known.low = before.missed, before.backgrounds, before.low
            for background in known.backgrounds.values():
                background.fit_budget(rule)
        else:
            known.missed = self._missed(known)
        self._rules[rule.id] = known
        self._changed.add(rule.id)

    def remove(self, rule_id: str) -> None:
        self._rules.pop(rule_id, None)
        self._changed.discard(rule_id)

    def rule_ids(self) -> list[str]:
        return list(self._rules)

    def take_changed(self) -> set[str]:
        """Rules of which `of_rule` is another since this was asked last. What only time makes of it is no change: it
        comes to the same when it is worked out again."""
        changed, self._changed = self._changed, set()
        return changed

    def expose(self, source: str, modality: Modality, time_s: float) -> None:
        """Something of the source was looked at: time in which a rule could have matched."""
        bins, bin = self._exposed.setdefault(source, {}).setdefault(modality, BinSet()), bin_of(time_s)
        if bin not in bins:
            bins.add(bin)
            bins.forget_before(bins.last // WEEK_BINS - _REMEMBERED_WEEKS)

    def observe(self, rule_id: str, source: str, time_s: float, score: float) -> bool:
        """Whether this score is a new best of its time, and high. One outside the rule's hours is not for here."""
        is_best = self._background(self._rules[rule_id], source).observe(time_s, score)
        if is_best:
            self._changed.add(rule_id)
        return is_best

    def is_low(self, rule_id: str, source: str, score: float, now_bin: int) -> bool:
        """Whether such a score can neither alarm nor be a near miss in this hour, whatever its threshold is."""
        return score < self._least_near(self._rules[rule_id], source, now_bin)

    @property
    def low(self) -> float:
        """Lower scores neither alarm nor are near misses, of a rule that has a budget."""
        return self._options.least

    def observe_lows(self, lows: Iterable[Low], source: str, time_s: float, now_bin: int) -> list[Low]:
        """As `observe`, by rule, of scores that are low: without a threshold that was asked for before. Gives those of
        rules that have another `floor` now.

        Most scores are low, and a threshold takes longer to work out than all else. So what comes in an hour before the
        hour's threshold is asked for is put aside: it counts for the next hour's.
        """
        bin, changed = bin_of(time_s), list[Low]()
        for rule_id, score in lows:
            known = self._rules[rule_id]
            hour = now_bin - (now_bin + known.offset) % _RENEWED_BINS
            self._changed.add(rule_id)
            if (at_hand := known.thresholds.get(source)) is not None and at_hand[0] >= hour:
                background = self._background(known, source)
                floor = background.floor(now_bin)
                if background.observe(time_s, score) and background.floor(now_bin) != floor:
                    changed.append((rule_id, score))
                continue
            low = known.low.get(source)
            if low is None or low[0] != hour:
                if low is not None:
                    self._take_in(known, source)
                    changed.append((rule_id, score))
                low = known.low[source] = hour, {}
            if score > low[1].get(bin, -math.inf):
                low[1][bin] = score
        return changed

    def learn(self, rule_id: str, source: str, bins: BinSet, scores: Iterable[tuple[float, float]]) -> None:
        """History: when the source was looked at, and times with the scores that the rule's condition had then. Those
        below `least_of_use` need not be among them. Twice is once."""
        known = self._rules[rule_id]
        self._take_in(known, source)
        background = self._background(known, source)
        background.learn(bins)
        for time_s, score in scores:
            background.observe(time_s, score)
        known.thresholds.pop(source, None)
        self._changed.add(rule_id)

    def least_of_use(self, rule_id: str, source: str, bin: int) -> float:
        """A score that is no higher, in this bin, changes nothing of what is known of the rule there."""
        background = self._rules[rule_id].backgrounds.get(source)
        return -math.inf if background is None else background.floor(bin)

    def threshold(self, rule_id: str, source: str, now_bin: int) -> Threshold:
        """`now_bin`: up to where the source has got. Raises KeyError when there is no such rule."""
        known = self._rules[rule_id]
        hour = _hour(rule_id, now_bin)
        worked_out_for, threshold = known.thresholds.get(source, (None, None))
        # After a crash a source may be behind the rule, which saw more of it: what it has stands.
        if threshold is None or worked_out_for is None or worked_out_for < hour:
            until = hour - _LATE_BINS
            if source in known.low and known.low[source][0] < hour:
                self._take_in(known, source)
            threshold = self._background(known, source).threshold(
                known.rule, source, known.marks, self._exposure(known, source).until(until),
                self._sharing(known, until), self._options,
            )  # fmt: skip
            known.thresholds[source] = hour, threshold
            self._take_in(known, source)
        return threshold

    def floor(self, rule_id: str, source: str, now_bin: int) -> float:
        """Lower scores change nothing: they are neither near misses nor among the highest. It only rises in a week of
        the rule's (domain/backgrounds.py), until the rule changes."""
        known = self._rules[rule_id]
        if (background := known.backgrounds.get(source)) is None:
            return -math.inf
        return min(background.floor(now_bin), self._least_near(known, source, now_bin))

    def sources(self, rule_id: str) -> list[str]:
        """In which there was something that the rule could have matched, by name."""
        known = self._rules[rule_id]
        return sorted(each for each in {*self._exposed, *known.backgrounds} if self._watched(known, each, _FOREVER))

    def exposed_to_data(self) -> dict[str, Any]:
        """When the sources were looked at, for JSON."""
        return {
            source: {modality: bins.to_data() for modality, bins in by.items()} for source, by in self._exposed.items()
        }

    def restore_exposed(self, exposed: Mapping[str, Mapping[Modality, BinSet]]) -> None:
        """All rules begin anew: they have missed all of that, unless `restore_rule` says otherwise."""
        self._exposed = {source: dict(by) for source, by in exposed.items()}
        missed: dict[Any, dict[str, BinSet]] = {}  # by what it is a function of: most rules have the same
        for known in self._rules.values():
            alike = known.modalities, known.rule.sources
            if alike not in missed:
                missed[alike] = self._missed(known)
            known.missed, known.backgrounds, known.thresholds, known.low = dict(missed[alike]), {}, {}, {}

    def rule_to_data(self, rule_id: str) -> dict[str, Any]:
        """What was learnt of one rule, for JSON. Raises KeyError when there is no such rule."""
        known = self._rules[rule_id]
        return {
            "condition": known.condition,
            "missed": {source: bins.to_data() for source, bins in known.missed.items()},
            "backgrounds": {source: each.to_data() for source, each in known.backgrounds.items()},
            "thresholds": {source: [hour, asdict(each)] for source, (hour, each) in known.thresholds.items()},
            "low": {source: [hour, sorted(bins.items())] for source, (hour, bins) in known.low.items()},
        }

    def restore_rule(self, rule_id: str, data: Mapping[str, Any]) -> bool:
        """Goes on where `rule_to_data` was called. False: its condition was another then, and it begins anew.

        Raises ValueError, KeyError, TypeError or AttributeError, and changes nothing, when it is not what that gives.
        """
        known = self._rules[rule_id]
        if data["condition"] != known.condition:
            return False
        missed = {source: BinSet.from_data(bins) for source, bins in data["missed"].items()}
        backgrounds = {source: Background.from_data(known.rule, each) for source, each in data["backgrounds"].items()}
        thresholds = {source: (int(hour), Threshold(**each)) for source, (hour, each) in data["thresholds"].items()}
        low = {
            source: (int(hour), {int(bin): float(score) for bin, score in bins})
            for source, (hour, bins) in data["low"].items()
        }
        known.missed, known.backgrounds, known.thresholds, known.low = missed, backgrounds, thresholds, low
        self._changed.discard(rule_id)
        return True

    def _background(self, known: _Known, source: str) -> Background:
        if source not in known.backgrounds:
            known.backgrounds[source] = Background(known.rule, known.missed.pop(source, None))
        return known.backgrounds[source]

    def _least_near(self, known: _Known, source: str, now_bin: int) -> float:
        """No near miss of this hour is lower, and nothing that alarms."""
        at_hand, background = known.thresholds.get(source), known.backgrounds.get(source)
        if at_hand is not None and at_hand[0] >= now_bin - (now_bin + known.offset) % _RENEWED_BINS:
            return at_hand[1].near
        if known.rule.decided_by != "budget":
            return -math.inf
        return max(self._options.least, -math.inf if background is None else background.least_near(now_bin))

    def _take_in(self, known: _Known, source: str) -> None:
        for bin, score in known.low.pop(source, (0, dict[int, float]()))[1].items():
            self._background(known, source).observe(bin * BIN_S, score)

    def _missed(self, known: _Known) -> dict[str, BinSet]:
        return {source: self._exposure(known, source) for source in self._exposed}

    def _sharing(self, known: _Known, until: int) -> int:
        """Sources that share the rule's budget: those it names, else those it had watched by then."""
        if known.rule.sources:
            return len(set(known.rule.sources))
        return sum(1 for each in {*self._exposed, *known.backgrounds} if self._watched(known, each, until))

    def _watched(self, known: _Known, source: str, until: int) -> BinSet:
        background, exposed = known.backgrounds.get(source), self._exposure(known, source).until(until)
        return exposed - known.missed.get(source, BinSet()) if background is None else background.watched(exposed)

    def _exposure(self, known: _Known, source: str) -> BinSet:
        exposed = BinSet()
        for modality, bins in self._exposed.get(source, {}).items():
            if modality in known.modalities and known.rule.watches(source):
                exposed |= bins
        return exposed


def _hour(rule_id: str, now_bin: int) -> int:
    """The bin with which it began; not of all rules at once."""
    return now_bin - (now_bin + offset_of(rule_id)) % _RENEWED_BINS
