"""Standing queries at work: a labelled moment in, what happened to incidents out.

The one path of live matching and of backtests (domain/backtest.py).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from domain.backgrounds import offset_of
from domain.bin_sets import WEEK_BINS, BinSet, bin_of
from domain.conditions import Graded
from domain.errors import ConfigError
from domain.events import MomentDescribed, Vector
from domain.incident_events import IncidentEvent, Match, Reason
from domain.incident_json import rule_state_from_data, rule_state_to_data
from domain.incidents import IncidentOptions, Incidents
from domain.log_places import LogPlaces, Place
from domain.moment_reading import LabelledMoment, ScoreOptions
from domain.moments import moment_id
from domain.ports import Labels
from domain.rule_calibration import Calibrations
from domain.rule_lessons import Lesson, teach
from domain.rule_scores import Candidate, RuleBank
from domain.rule_thresholds import Threshold, ThresholdOptions
from domain.rules import Rule

VERSION = 2  # of what `to_data` and `rule_to_data` give
_FINAL = "final "


@dataclass(frozen=True, slots=True)
class WatchOptions:
    scores: ScoreOptions = field(default_factory=ScoreOptions)
    thresholds: ThresholdOptions = field(default_factory=ThresholdOptions)
    incidents: IncidentOptions = field(default_factory=IncidentOptions)
    recent_s: float = 120.0  # so late a moment may come and still be found to be at the same time as another
    remembered: int = 256  # moments of each source, the latest, that are known when they are pushed again


class RuleWatch:
    """Rules, what their scores usually are, and the incidents that are open. Not thread-safe; no clock of its own.

    A function of the order of what is pushed, however it is cut into batches. A moment pushed again, as after a crash,
    changes nothing; with other labels it is judged anew and counts once.
    """

    def __init__(self, options: WatchOptions | None = None) -> None:
        self._options = options or WatchOptions()
        self._bank = RuleBank(self._options.scores)
        self._calibrations = Calibrations(self._options.thresholds)
        self._incidents = Incidents(self._options.incidents)
        self._by_offset: defaultdict[int, set[str]] = defaultdict(set)
        self._bins: dict[str, int] = {}  # by source: how far it has got
        self._recent: dict[str, dict[str, LabelledMoment]] = {}  # by source and id
        self._seen: dict[str, dict[str, str]] = {}  # by source and id: what it was when it was judged
        self._spared: set[str] = set()  # sources of which `_spare_all` was called
        self._read = LogPlaces()
        self._ahead: dict[str, LogPlaces] = {}  # by rule id: those kept when more had been read than of the others

    @property
    def incidents(self) -> Incidents:
        """To be looked at."""
        return self._incidents

    def rules(self) -> Iterator[Rule]:
        return self._bank.rules()

    def add(self, rule: Rule, vectors: Mapping[Graded, Vector] | None = None) -> None:
        """A rule of the same id is replaced, and keeps what was learnt of it if its condition and hours are the same.

        Raises BadRequest, as RuleBank.add, and changes nothing then.
        """
        self._bank.add(rule, vectors)
        self._calibrations.add(rule)
        self._by_offset[offset_of(rule.id)].add(rule.id)

    def remove(self, rule_id: str) -> list[IncidentEvent]:
        self._bank.remove(rule_id)
        self._calibrations.remove(rule_id)
        self._by_offset[offset_of(rule_id)].discard(rule_id)
        self._ahead.pop(rule_id, None)
        return self._incidents.forget(rule_id)

    def push(
        self, moment: MomentDescribed, labels: Labels | None = None, place: Place | None = None
    ) -> list[IncidentEvent]:
        """`place`: the record that brings it up. Rules that had read it when they were kept pass it over.

        Raises BadEvent, and changes nothing, when another encoder made a vector than the rules'.
        """
        labelled = LabelledMoment(moment, labels or Labels())
        source, id = moment.source, moment_id(moment)
        self._bank.check(moment)
        self._begin_bin(source, bin_of(moment.start_s))
        events = self._incidents.tick(moment.start_s, source)
        if moment.is_final:
            self._calibrations.expose(source, moment.modality, moment.start_s)
        if self._is_new(id, labelled):
            events += self._judged(labelled, place)
        if moment.is_final:
            self._remember(id, labelled)
        return events

    def has_read(self, place: Place) -> bool:
        """Whether every rule that was there has what that record brought up."""
        return self._read.has(place)

    def note_read(self, place: Place) -> None:
        """All that the record brings up was pushed."""
        self._read.note(place)

    def recall(self, moment: MomentDescribed, labels: Labels | None = None) -> None:
        """One that was pushed before a restart: what comes at the same time finds it. Others are passed over."""
        id = moment_id(moment)
        if self._seen.get(moment.source, {}).get(id, "").startswith(_FINAL):
            self._remember(id, LabelledMoment(moment, labels or Labels()))

    def withdraw(self, source: str, is_gone: Callable[[MomentDescribed], bool]) -> None:
        """Drops moments that are not there any more: what comes at the same time does not find them. What was told of
        them stays told."""
        recent = self._recent.get(source, {})
        for id in [id for id, each in recent.items() if is_gone(each.moment)]:
            del recent[id]

    def tick(self, now_s: float, source: str | None = None) -> list[IncidentEvent]:
        """As Incidents.tick: closes what is over, also where nothing comes any more."""
        return self._incidents.tick(now_s, source)

    def learn(self, rule_ids: Collection[str], history: Iterable[LabelledMoment]) -> None:
        """Warms these rules' thresholds with moments of the past, in order of time. What they have seen counts once.

        Nobody is told of anything. Raises KeyError when there is no such rule, and BadEvent as `push`.
        """
        self.learn_lesson(rule_ids, self.lesson(history))

    def lesson(self, history: Iterable[LabelledMoment]) -> Lesson:
        """The same for several rules."""
        return Lesson(history, self._bank.reading, self._options.recent_s)

    def learn_lesson(self, rule_ids: Collection[str], lesson: Lesson) -> None:
        """As `learn`."""
        rules = [self._bank.get(rule_id) for rule_id in rule_ids]
        teach(lesson, rules, self._bank, self._calibrations)
        for source in lesson.sources:
            self._bank.lower_bars(source)  # thresholds are others now
            self._spare_all(rule_ids, source)

    def match_one(self, rule_id: str, labelled: LabelledMoment, near: Iterable[LabelledMoment] = ()) -> Match | None:
        """How a rule's condition holds in one moment, whatever the score and whatever was told. `near`: what may be at
        the same time. Raises KeyError when there is no such rule, and BadEvent as `push`."""
        found = self._bank.match_only([rule_id], labelled, tuple(near))
        if not found:
            return None
        source = labelled.moment.source
        return _match(
            found[0], labelled.moment, self._calibrations.threshold(rule_id, source, self._bins.get(source, 0))
        )

    def thresholds(self, rule_id: str) -> dict[str, Threshold]:
        """By source, as they stand, or with what is missing. Raises KeyError when there is no such rule."""
        return {
            source: self._calibrations.threshold(rule_id, source, self._bins.get(source, 0))
            for source in self._calibrations.sources(rule_id)
        }

    def take_changed(self) -> set[str]:
        """Rules of which `rule_to_data` is another since this was asked last."""
        return self._calibrations.take_changed() | self._incidents.take_changed()

    def to_data(self) -> dict[str, Any]:
        """What is of no rule alone, for JSON. Keep it after the rules that changed: see `restore`."""
        return {
            "version": VERSION,
            "read": self._read.to_data(),
            "exposed": self._calibrations.exposed_to_data(),
            "clocks_s": self._incidents.clocks_s,
            "bins": dict(self._bins),
            "seen": {source: dict(seen) for source, seen in self._seen.items()},
        }

    def rule_to_data(self, rule_id: str) -> dict[str, Any]:
        """What was learnt of one rule and what came of its matches, for JSON, and how much of the log that is of.

        Raises KeyError when there is no such rule.
        """
        ahead = self._ahead.get(rule_id)
        return {
            "version": VERSION,
            "read": (self._read if ahead is None else self._read.with_all_of(ahead)).to_data(),
            "calibration": self._calibrations.rule_to_data(rule_id),
            "incidents": rule_state_to_data(self._incidents.state(rule_id)),
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Goes on where `to_data` was called, with the rules that were added here; to be called before anything is
        pushed, and before `restore_rule` of each. What makes pairs is not kept: `recall` it.

        A rule may have been kept later than this, in a keeping that a crash cut off. Then it has read more, and passes
        over what it had when that comes again: each moment counts once for each rule, wherever the crash was.
        Raises ConfigError, and changes nothing, when it is not what this version's `to_data` gives.
        """
        try:
            _check_version(data)
            read = LogPlaces.from_data(data["read"])
            exposed = {
                source: {modality: BinSet.from_data(bins) for modality, bins in by.items()}
                for source, by in data["exposed"].items()
            }
            clocks_s = {source: float(clock_s) for source, clock_s in data["clocks_s"].items()}
            bins = {source: int(bin) for source, bin in data["bins"].items()}
            seen = {source: dict(prints) for source, prints in data["seen"].items()}
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(f"what was kept of the rules can't be read ({error})") from error
        self._read, self._bins, self._seen = read, bins, seen
        self._incidents = Incidents(self._options.incidents, clocks_s=clocks_s)
        self._calibrations.restore_exposed(exposed)
        self._bank.clear_bars()
        self._spared.clear()

    def restore_rule(self, rule_id: str, data: Mapping[str, Any]) -> None:
        """Goes on where `rule_to_data` was called; a rule whose condition was another then begins anew.

        Raises KeyError when there is no such rule; ConfigError, and changes nothing, when it is not what this version's
        `rule_to_data` gives.
        """
        rule = self._bank.get(rule_id)
        try:
            _check_version(data)
            read = LogPlaces.from_data(data["read"])
            state = rule_state_from_data(data["incidents"])
            self._calibrations.restore_rule(rule_id, data["calibration"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(f"what was kept of the rule {rule.name!r} can't be read ({error})") from error
        self._incidents.go_on(rule_id, state)
        if not self._read.covers(read):
            self._ahead[rule_id] = read

    def _is_new(self, id: str, labelled: LabelledMoment) -> bool:
        """Whether it is not what was judged before: this same moment, or, where it is not final, its final one."""
        seen = self._seen.setdefault(labelled.moment.source, {})
        before, what = seen.get(id, ""), _fingerprint(labelled)
        if what == before or (before.startswith(_FINAL) and not labelled.moment.is_final):
            return False
        seen[id] = what
        while len(seen) > self._options.remembered:
            del seen[next(iter(seen))]
        return True

    def _remember(self, id: str, labelled: LabelledMoment) -> None:
        """For moments of the same time that are still to come."""
        recent = self._recent.setdefault(labelled.moment.source, {})
        recent[id] = labelled
        since_s = max(each.moment.start_s for each in recent.values()) - self._options.recent_s
        for old in [old for old, each in recent.items() if each.moment.end_s < since_s]:
            del recent[old]

    def _judged(self, labelled: LabelledMoment, place: Place | None) -> list[IncidentEvent]:
        moment, recent = labelled.moment, tuple(self._recent.get(labelled.moment.source, {}).values())
        # Raised bars are about the bin that the source has got to.
        on_time = bin_of(moment.start_s) == self._bins[moment.source]
        low = -math.inf if self._ahead else self._calibrations.low
        candidates, lows = self._bank.match_apart(moment, labelled.labels, recent, raised=on_time, low=low)
        if lows and moment.is_final:
            self._learn_lows(lows, moment)
        if self._ahead and place is not None:
            candidates = [each for each in candidates if not self._had_read(each.rule_id, place)]
        return [event for candidate in candidates for event in self._judge(candidate, moment)]

    def _learn_lows(self, lows: Iterable[tuple[str, float]], moment: MomentDescribed) -> None:
        source, now_bin = moment.source, self._bins[moment.source]
        for rule_id, score in self._calibrations.observe_lows(lows, source, moment.start_s, now_bin):
            self._spare(rule_id, moment, score)

    def _had_read(self, rule_id: str, place: Place) -> bool:
        read = self._ahead.get(rule_id)
        return read is not None and read.has(place)

    def _judge(self, candidate: Candidate, moment: MomentDescribed) -> list[IncidentEvent]:
        rule, source, now_bin = self._bank.get(candidate.rule_id), moment.source, self._bins[moment.source]
        if self._calibrations.is_low(rule.id, source, candidate.score, now_bin):
            if moment.is_final and rule.listens(moment.start_s):
                self._calibrations.observe_lows([(rule.id, candidate.score)], source, moment.start_s, now_bin)
                self._spare(rule.id, moment, candidate.score)
            return []
        threshold = self._calibrations.threshold(rule.id, source, now_bin)
        listens, is_best = rule.listens(moment.start_s), False
        if moment.is_final and listens:
            is_best = self._calibrations.observe(rule.id, source, moment.start_s, candidate.score)
        if is_best and not candidate.is_certain:
            self._spare(
                rule.id, moment, candidate.score if threshold.score is None else min(candidate.score, threshold.score)
            )
        reason: Reason | None
        if candidate.is_certain or threshold.admits(candidate.score):
            reason = _held_back(rule, moment, listens)
        elif is_best and candidate.score >= threshold.near and rule.state == "active":
            reason = "warming up" if threshold.score is None else "below threshold"
        else:
            return []
        return self._incidents.push(_match(candidate, moment, threshold), moment.start_s, reason)

    def _spare(self, rule_id: str, moment: MomentDescribed, score: float) -> None:
        """What is no better in this bin teaches nothing, and up to `score` it is not told either."""
        source, now_bin = moment.source, self._bins[moment.source]
        self._bank.watch_from(rule_id, source, self._calibrations.floor(rule_id, source, now_bin))
        if bin_of(moment.start_s) == now_bin:
            self._bank.raise_bar(rule_id, source, score)

    def _begin_bin(self, source: str, bin: int) -> None:
        """Any score that may be the best of a new bin counts again; with rules whose week begins every score, until
        they know how high those of this week are."""
        last = self._bins.get(source, bin)
        self._bins[source] = max(last, bin)
        if source not in self._spared:
            self._spared.add(source)
            self._spare_all(self._calibrations.rule_ids(), source)
        for each in range(max(last, bin - WEEK_BINS) + 1, bin + 1):
            for rule_id in self._by_offset.get(-each % WEEK_BINS, ()):
                self._bank.watch_from(rule_id, source, -math.inf)
        if bin > last:
            self._bank.lower_bars(source)

    def _spare_all(self, rule_ids: Iterable[str], source: str) -> None:
        """What they have learnt says from which score on more is of use; in a source that something came of."""
        if (now_bin := self._bins.get(source)) is None:
            return
        for rule_id in rule_ids:
            if (floor := self._calibrations.floor(rule_id, source, now_bin)) > -math.inf:
                self._bank.watch_from(rule_id, source, floor)


def _check_version(data: Mapping[str, Any]) -> None:
    if data["version"] != VERSION:
        raise ValueError(f"its version is {data['version']!r}, not {VERSION}")


def _fingerprint(labelled: LabelledMoment) -> str:
    """Another for another text or other labels: with them a moment may match that did not before."""
    moment, labels = labelled.moment, labelled.labels
    moods = [(mood.label, mood.valence, mood.arousal, mood.speaker) for mood in labels.moods]
    what = sha256(repr((moment.text, labels.speakers, moods)).encode()).hexdigest()[:16]
    return (_FINAL if moment.is_final else "") + what


def _held_back(rule: Rule, moment: MomentDescribed, listens: bool) -> Reason | None:
    if not moment.is_final:
        return "not final"
    if rule.state == "paused":
        return "paused"
    return None if listens else "outside hours"


def _match(candidate: Candidate, moment: MomentDescribed, threshold: Threshold) -> Match:
    return Match(
        candidate.rule_id, candidate.moment_id, moment.source, moment.modality, moment.start_s, moment.end_s,
        candidate.score, None if candidate.is_certain else threshold.score, candidate.witnesses, moment.text,
        moment.thumbnail_key,
    )  # fmt: skip
