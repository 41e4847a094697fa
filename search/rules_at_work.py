"""The rules of this node: those that were set, what they learnt, and what their matches came to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Condition
from typing import Any

from domain.alert_making import NameOf, alert_of
from domain.alerts import AlertRaised
from domain.conditions import Graded, MoodIs, Speaker, While, modalities_of, walk
from domain.errors import BadEvent, BadRequest, ConfigError
from domain.events import MomentDescribed, RuleKept, RuleRemoved, RuleSet, RulesKept, Vector
from domain.incident_events import IncidentEvent, Match, MatchSuppressed, Reason
from domain.log_places import Place
from domain.moment_reading import LabelledMoment, ScoreOptions
from domain.rule_json import decode_rule
from domain.rule_thresholds import Threshold
from domain.rule_watch import RuleWatch, WatchOptions
from domain.rules import Rule
from domain.rules_state import Keeping, RuleState, pack_common, pack_rule, unpack_common, unpack_rule
from domain.told_incidents import Told, ToldIncidents
from search.rule_encoding import RuleEncoding

_TAUGHT_AT_ONCE = 200

Learn = Callable[[Rule], Iterable[list[LabelledMoment]]]  # history for a rule, some moments at once; blocks


class UnknownRule(BadRequest):
    """No rule is meant. The message says which there are."""


@dataclass(frozen=True, slots=True)
class KnownRule:
    rule: Rule
    query: str
    set_s: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether there is any rule; any that asks who is heard and how; any that asks what is at the same time."""

    anything: bool
    labels: bool
    at_once: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of some decisions: what is to be told, and by their places why some were no rules."""

    alerts: list[AlertRaised]
    refused: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that was set and can't be watched for as this node is set up."""

    rule_id: str
    query: str
    why: str


class RulesAtWork:
    """Blocks; thread-safe. One node owns it.

    Nothing is encoded or kept in memory for nobody: without a rule, it does nothing.
    """

    def __init__(self, encoding: RuleEncoding, learn: Learn, name_of: NameOf) -> None:
        self._encoding, self._learn, self._name_of = encoding, learn, name_of
        self._changed = Condition()  # held while anything below is touched
        self._watch: RuleWatch | None = None
        self._known: dict[str, KnownRule] = {}
        self._removed_s: dict[str, float] = {}
        self._learnt: dict[str, str] = {}  # by rule id: what of it history was learnt for
        self._at_work_s: dict[str, float] = {}  # by rule id: `set_s` of what is at work, learnt and all
        self._told = ToldIncidents()
        self._asked: Asked | None = None  # None: to be worked out
        self._is_changed = False  # since it was kept
        self._warmed: set[str] = set()  # since then
        self._forgotten: dict[str, None] = {}  # ids of rules that were kept and are no more
        self._left_out: dict[str, LeftOut] = {}
        self._has_gone = False  # what a rule asked for, since the encoding was told

    def set(self, event: RuleSet) -> None:
        """At work, and warmed with history, when it returns. One that is no newer than what is known changes nothing.

        Raises BadEvent, and changes nothing, for a rule that can't be watched for.
        """
        if refused := self.decide([event]).refused:
            raise BadEvent(refused[0])
        self.warm()

    def remove(self, event: RuleRemoved) -> list[AlertRaised]:
        """What is open of it is closed."""
        return self.decide([event]).alerts

    def decide(self, events: Sequence[RuleSet | RuleRemoved]) -> Decided:
        """In order. What is set matches from then on; once it has learnt from history, which takes `warm`, it is at
        work."""
        alerts, refused = list[AlertRaised](), dict[int, str]()
        rules = self._decoded(events, refused)
        vectors = iter(self._encoding.vectors_of_all([rule.condition for rule in rules.values()]))
        for at, event in enumerate(events):
            if isinstance(event, RuleRemoved):
                alerts += self._remove(event)
            elif at in rules:
                try:
                    self._put(event, rules[at], next(vectors))
                except BadRequest as bad:
                    refused[at] = str(bad)
        return Decided(alerts, refused)

    def warm(self) -> None:
        """Rules that were set learn from history, all that learn from the same moments at once. Blocks."""
        with self._changed:
            cold = [known for known in self._known.values() if self._at_work_s.get(known.rule.id, 0.0) < known.set_s]
        self._warm([known.rule for known in cold])
        with self._changed:
            for known in cold:
                self._at_work_s[known.rule.id] = max(known.set_s, self._at_work_s.get(known.rule.id, 0.0))
            self._changed.notify_all()
        self._forget_texts()

    def _remove(self, event: RuleRemoved) -> list[AlertRaised]:
        with self._changed:
            self._removed_s[event.rule_id] = max(event.removed_s, self._removed_s.get(event.rule_id, 0.0))
            self._left_out.pop(event.rule_id, None)
            alerts: list[AlertRaised] = []
            known = self._known.get(event.rule_id)
            if known is not None and known.set_s <= event.removed_s and self._watch is not None:
                alerts = self._alerts(self._watch.remove(event.rule_id))
                del self._known[event.rule_id]
                self._asked, self._has_gone = None, True
                self._learnt.pop(event.rule_id, None)
            self._forgotten[event.rule_id], self._is_changed = None, True
            self._at_work_s[event.rule_id] = max(event.removed_s, self._at_work_s.get(event.rule_id, 0.0))
            self._changed.notify_all()
            return alerts

    def wait(self, rule_id: str, since_s: float, within_s: float) -> bool:
        """Until what was set or removed then is at work."""
        with self._changed:
            return self._changed.wait_for(lambda: self._at_work_s.get(rule_id, 0.0) >= since_s, within_s)

    def decided_s(self, rule_id: str) -> float:
        """When it was set or removed last, by the clock on the wall; 0 when never."""
        with self._changed:
            known = self._known.get(rule_id)
            return max(known.set_s if known else 0.0, self._removed_s.get(rule_id, 0.0))

    def push(self, moments: Iterable[LabelledMoment], place: Place | None = None) -> list[AlertRaised]:
        """In order; `place` is that of the record which brings them up. One that was made by another encoder than the
        rules' is passed over: the store refuses it."""
        alerts: list[AlertRaised] = []
        for each in moments:
            with self._changed:
                if self._watch is None or not self._known:
                    return alerts
                try:
                    alerts += self._alerts(self._watch.push(each.moment, each.labels, place))
                except BadEvent:
                    continue
        return alerts

    def has_read(self, place: Place) -> bool:
        """Whether all that the record brings up was pushed, here or before a restart."""
        with self._changed:
            return self._watch is not None and self._watch.has_read(place)

    def note_read(self, place: Place) -> None:
        """All that the record brings up was pushed."""
        with self._changed:
            if self._watch is not None:
                self._watch.note_read(place)
                self._is_changed = True

    def recall(self, moments: Iterable[LabelledMoment]) -> None:
        """After a restart: those that were pushed before it, so that what is at the same time finds its pair."""
        with self._changed:
            if self._watch is not None:
                for each in moments:
                    self._watch.recall(each.moment, each.labels)

    def withdraw(self, source: str, is_gone: Callable[[MomentDescribed], bool]) -> None:
        """Drops moments that are not there any more: what comes at the same time does not find them."""
        with self._changed:
            if self._watch is not None:
                self._watch.withdraw(source, is_gone)

    def tick(self, source: str, now_s: float) -> list[AlertRaised]:
        """The source has got to `now_s`, event time."""
        with self._changed:
            return [] if self._watch is None else self._alerts(self._watch.tick(now_s, source))

    def clocks_s(self) -> dict[str, float]:
        """How far each source has got: event time."""
        with self._changed:
            return {} if self._watch is None else self._watch.incidents.clocks_s

    def ask_for(self) -> Asked:
        """What has to be known of moments for the rules there are."""
        with self._changed:
            if self._asked is None:
                parts = [part for known in self._known.values() for part in walk(known.rule.condition)]
                speakers = any(isinstance(part, Speaker | MoodIs) for part in parts)
                self._asked = Asked(bool(parts), speakers, any(isinstance(part, While) for part in parts))
            return self._asked

    def all(self) -> list[KnownRule]:
        """By name."""
        with self._changed:
            return sorted(self._known.values(), key=lambda known: (known.rule.name.casefold(), known.rule.id))

    def left_out(self) -> list[LeftOut]:
        """Rules that were set before this node started and that it can't watch for."""
        with self._changed:
            return list(self._left_out.values())

    def find(self, who: str) -> KnownRule:
        """By id or name. Raises UnknownRule."""
        known = self.all()
        for each in known:
            if who == each.rule.id:
                return each
        for each in known:
            if who.strip().casefold() == each.rule.name.strip().casefold():
                return each
        names = ", ".join(each.rule.name for each in known[:20])
        raise UnknownRule(f"there is no rule {who[:80]!r}; " + (f"there are {names}" if names else "there is none yet"))

    def thresholds(self, rule_id: str) -> dict[str, Threshold]:
        """By source; none of a rule that is not at work."""
        with self._changed:
            if self._watch is None or rule_id not in self._known:
                return {}
            return self._watch.thresholds(rule_id)

    def told(self, rule_id: str | None = None) -> list[Told]:
        """Incidents, latest first."""
        with self._changed:
            return self._told.latest(rule_id)

    def open_counts(self) -> Mapping[str, int]:
        """Incidents that are open, by rule id."""
        with self._changed:
            return Counter(each.incident.rule_id for each in self._told.latest() if each.is_open)

    def suppressed(self, rule_id: str) -> tuple[list[MatchSuppressed], Mapping[Reason, int]]:
        """The latest matches nobody was told of, latest first, and how many there were by reason."""
        with self._changed:
            if self._watch is None:
                return [], {}
            incidents = self._watch.incidents
            return incidents.suppressed(rule_id)[::-1], incidents.suppressed_counts(rule_id)

    def match_one(self, rule_id: str, moment: LabelledMoment, near: list[LabelledMoment]) -> Match | None:
        """How the rule's condition holds in one moment, whatever the score."""
        with self._changed:
            if self._watch is None or rule_id not in self._known:
                return None
            return self._watch.match_one(rule_id, moment, near)

    def keep(self, now_s: float) -> Keeping:
        """All that is not in the rules themselves, as far as it changed since this was asked last."""
        with self._changed:
            if self._watch is None:
                return Keeping()
            changed = sorted((self._watch.take_changed() | self._warmed) & self._known.keys())
            if not (changed or self._is_changed):
                return Keeping()
            told, self._warmed = self._told.by_rule(), set()
        rules = []
        for rule_id in changed:  # one by one: nobody else is to wait for all of them
            with self._changed:
                if rule_id in self._known:
                    watched, learnt = self._watch.rule_to_data(rule_id), self._learnt.get(rule_id, "")
                    state = pack_rule(RuleState(watched, told.get(rule_id, ()), learnt))
                    rules.append(RuleKept(rule_id, now_s, state))
        with self._changed:
            common = RulesKept(now_s, pack_common(self._watch.to_data()))
            forgotten = [rule_id for rule_id in self._forgotten if rule_id not in self._known]
            self._forgotten, self._is_changed = {}, False
        return Keeping(rules, common, forgotten)

    def start(self, rules: Iterable[RuleSet | RuleRemoved], kept: Sequence[RuleKept | RulesKept] = ()) -> list[str]:
        """Goes on where `keep` was called, with these rules. Those it knew nothing of are warmed with history.

        Gives, in sentences, what could not be read: rules that are left out, or what is begun anew.
        """
        events = list(rules)
        faults = []
        for at, why in self.decide(events).refused.items():
            if isinstance(event := events[at], RuleSet):
                self._left_out[event.rule_id] = LeftOut(event.rule_id, event.query, why)
                faults.append(f"the rule {event.rule_id} is left out: {why}")
        faults += self._restore(kept)
        self._has_gone = True  # rules may have been removed while nobody was at work
        self.warm()
        return faults

    def _decoded(self, events: Sequence[RuleSet | RuleRemoved], refused: dict[int, str]) -> dict[int, Rule]:
        """Of those that are news, by their place."""
        rules: dict[int, Rule] = {}
        for at, event in enumerate(events):
            if isinstance(event, RuleRemoved) or event.set_s <= self.decided_s(event.rule_id):
                continue
            try:
                rule = decode_rule(event.definition.encode())
                if rule.id != event.rule_id:
                    raise BadEvent(f"the rule of the key {event.rule_id!r} calls itself {rule.id!r}")
            except BadEvent as bad:
                refused[at] = str(bad)
            else:
                rules[at] = rule
        return rules

    def _put(self, event: RuleSet, rule: Rule, vectors: Mapping[Graded, Vector]) -> None:
        scores = self._encoding.scores() if self._watch is None else ScoreOptions()
        with self._changed:
            if event.set_s <= self.decided_s(rule.id):
                return
            self._watch = self._watch or RuleWatch(WatchOptions(scores))
            self._encoding.check(rule.condition)
            self._watch.add(rule, vectors)
            before = self._known.get(rule.id)
            self._has_gone |= before is not None and before.rule.condition != rule.condition
            self._known[rule.id] = KnownRule(rule, event.query, event.set_s)
            self._asked = None
            self._left_out.pop(rule.id, None)
            self._is_changed = True

    def _forget_texts(self) -> None:
        with self._changed:
            has_gone, self._has_gone = self._has_gone, False
            conditions = [known.rule.condition for known in self._known.values()] if has_gone else []
        if has_gone:
            self._encoding.keep_only(conditions)

    def _restore(self, kept: Sequence[RuleKept | RulesKept]) -> list[str]:
        of_rules = {event.rule_id: event for event in kept if isinstance(event, RuleKept)}
        with self._changed:
            if self._watch is None:
                return []
            try:
                for event in kept:
                    if isinstance(event, RulesKept):
                        self._watch.restore(unpack_common(event.state))
                        self._is_changed = False
            except (BadEvent, ConfigError) as error:
                return [f"{error}: what the rules had learnt is learnt anew"]
            faults = []
            for rule_id, event in of_rules.items():
                if rule_id in self._left_out:
                    continue  # it may be watched for again when the node is set up otherwise
                if rule_id not in self._known:
                    self._forgotten[rule_id], self._is_changed = None, True  # it was removed after that was kept
                    continue
                try:
                    state = unpack_rule(event.state)
                    self._watch.restore_rule(rule_id, state.watch)
                    self._told.go_on(state.told)
                    self._learnt[rule_id] = state.learnt
                except (BadEvent, ConfigError, ValueError) as error:
                    faults.append(f"{error}: what the rule {rule_id} had learnt is learnt anew")
            return faults

    def _warm(self, rules: Sequence[Rule]) -> None:
        """Those that were not for the same already."""
        with self._changed:
            cold = [rule for rule in rules if self._learnt.get(rule.id) != _learning(rule)]
        alike: defaultdict[Any, list[Rule]] = defaultdict(list)
        for rule in cold:
            alike[rule.sources, modalities_of(rule.condition)].append(rule)
        for together in alike.values():
            for window in self._learn(together[0]):
                self._teach(together, window)
            with self._changed:
                self._learnt |= {rule.id: _learning(rule) for rule in together if rule.id in self._known}
                self._warmed |= {rule.id for rule in together}

    def _teach(self, rules: Sequence[Rule], window: list[LabelledMoment]) -> None:
        lesson = None if self._watch is None else self._watch.lesson(window)
        for start in range(0, len(rules), _TAUGHT_AT_ONCE):  # moments that stream by wait for no more
            with self._changed:
                some = [rule for rule in rules[start : start + _TAUGHT_AT_ONCE] if self._is_known(rule)]
                if self._watch is not None and lesson is not None:
                    self._watch.learn_lesson([rule.id for rule in some], lesson)

    def _is_known(self, rule: Rule) -> bool:
        """As it is, as far as it learns."""
        known = self._known.get(rule.id)
        return known is not None and _learning(known.rule) == _learning(rule)

    def _alerts(self, events: list[IncidentEvent]) -> list[AlertRaised]:
        self._told.note(events)
        alerts = []
        for event in events:
            rule_id = event.match.rule_id if isinstance(event, MatchSuppressed) else event.incident.rule_id
            if rule_id in self._known:
                alerts.append(alert_of(event, self._known[rule_id].rule, self._name_of))
        return [alert for alert in alerts if alert is not None]


def _learning(rule: Rule) -> str:
    """What history is learnt for: another condition, other hours or sources have another history."""
    return f"{rule.condition_id} {rule.sources} {rule.hours}"
