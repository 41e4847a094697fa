"""The rules of this node: those that were set, what they learnt, and what their matches came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Condition

from domain.alert_making import NameOf, alert_of
from domain.alerts import AlertRaised
from domain.conditions import MoodIs, Speaker, While, walk
from domain.errors import BadEvent, BadRequest, ConfigError
from domain.events import RuleRemoved, RuleSet, RulesKept
from domain.incident_events import IncidentEvent, Match, MatchSuppressed, Reason
from domain.moment_reading import LabelledMoment
from domain.rule_json import decode_rule
from domain.rule_thresholds import Threshold
from domain.rule_watch import RuleWatch, WatchOptions
from domain.rules import Rule
from domain.rules_state import RulesState, pack, unpack
from domain.told_incidents import Told, ToldIncidents
from search.rule_encoding import RuleEncoding

Learn = Callable[[Rule], Iterable[list[LabelledMoment]]]  # history for a rule, some moments at once; blocks


class UnknownRule(BadRequest):
    """No rule is meant. The message says which there are."""


@dataclass(frozen=True, slots=True)
class KnownRule:
    rule: Rule
    query: str
    set_s: float


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
        self._left_out: dict[str, LeftOut] = {}

    def set(self, event: RuleSet) -> None:
        """At work, and warmed with history, when it returns. One that is no newer than what is known changes nothing.

        Raises BadEvent, and changes nothing, for a rule that can't be watched for.
        """
        rule = self._put(event)
        if rule is not None:
            self._warm(rule)
        with self._changed:
            self._at_work_s[event.rule_id] = max(event.set_s, self._at_work_s.get(event.rule_id, 0.0))
            self._changed.notify_all()

    def remove(self, event: RuleRemoved) -> list[AlertRaised]:
        """What is open of it is closed."""
        with self._changed:
            self._removed_s[event.rule_id] = max(event.removed_s, self._removed_s.get(event.rule_id, 0.0))
            self._left_out.pop(event.rule_id, None)
            alerts: list[AlertRaised] = []
            known = self._known.get(event.rule_id)
            if known is not None and known.set_s <= event.removed_s and self._watch is not None:
                alerts = self._alerts(self._watch.remove(event.rule_id))
                del self._known[event.rule_id]
                self._learnt.pop(event.rule_id, None)
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

    def push(self, moments: Iterable[LabelledMoment]) -> list[AlertRaised]:
        """In order. One that was made by another encoder than the rules' is passed over: the store refuses it."""
        alerts: list[AlertRaised] = []
        for each in moments:
            with self._changed:
                if self._watch is None or not self._known:
                    return alerts
                try:
                    alerts += self._alerts(self._watch.push(each.moment, each.labels))
                except BadEvent:
                    continue
        return alerts

    def tick(self, source: str, now_s: float) -> list[AlertRaised]:
        """The source has got to `now_s`, event time."""
        with self._changed:
            return [] if self._watch is None else self._alerts(self._watch.tick(now_s, source))

    def clocks_s(self) -> dict[str, float]:
        """How far each source has got: event time."""
        with self._changed:
            return {} if self._watch is None else self._watch.incidents.clocks_s

    def ask_for(self) -> tuple[bool, bool]:
        """Whether any rule asks who is heard and how, and whether any asks what is at the same time."""
        with self._changed:
            parts = [part for known in self._known.values() for part in walk(known.rule.condition)]
        return any(isinstance(part, Speaker | MoodIs) for part in parts), any(isinstance(p, While) for p in parts)

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

    def keep(self, now_s: float) -> RulesKept:
        """All that is not in the rules themselves."""
        with self._changed:
            watch = None if self._watch is None else self._watch.to_data()
            state = RulesState(watch, self._told, dict(self._learnt))
            return RulesKept(now_s, pack(state))

    def start(self, rules: Iterable[RuleSet | RuleRemoved], kept: RulesKept | None) -> list[str]:
        """Goes on where `keep` was called, with these rules. Those it knew nothing of are warmed with history.

        Gives, in sentences, what could not be read: rules that are left out, or a state that is begun anew.
        """
        faults: list[str] = []
        for event in rules:
            if isinstance(event, RuleRemoved):
                self.remove(event)
                continue
            try:
                self._put(event)
            except BadEvent as bad:
                faults.append(f"the rule {event.rule_id} is left out: {bad}")
                self._left_out[event.rule_id] = LeftOut(event.rule_id, event.query, str(bad))
        if kept is not None:
            try:
                self._restore(unpack(kept.state))
            except (BadEvent, ConfigError) as error:
                faults.append(f"{error}; what the rules had learnt is learnt anew")
        for known in self.all():
            self._warm(known.rule)
        return faults

    def _put(self, event: RuleSet) -> Rule | None:
        """None: it is no news."""
        rule = decode_rule(event.definition.encode())
        if rule.id != event.rule_id:
            raise BadEvent(f"the rule of the key {event.rule_id!r} calls itself {rule.id!r}")
        scores, vectors = self._encoding.scores(), self._encoding.vectors(rule.condition)
        with self._changed:
            if event.set_s <= self.decided_s(rule.id):
                return None
            self._watch = self._watch or RuleWatch(WatchOptions(scores))
            try:
                self._encoding.check(rule.condition)
                self._watch.add(rule, vectors)
            except BadRequest as refused:
                raise BadEvent(str(refused)) from refused
            self._known[rule.id] = KnownRule(rule, event.query, event.set_s)
            self._left_out.pop(rule.id, None)
        return rule

    def _restore(self, state: RulesState) -> None:
        with self._changed:
            if self._watch is not None and state.watch is not None:
                self._watch.restore(state.watch)
                for rule_id in self._watch.incidents.rules.keys() - self._known.keys():
                    self._watch.remove(rule_id)  # it was removed after that was kept
                self._learnt = dict(state.learnt)
            self._told = state.told

    def _warm(self, rule: Rule) -> None:
        """Unless it was for the same already."""
        with self._changed:
            if self._learnt.get(rule.id) == _learning(rule):
                return
        for window in self._learn(rule):
            with self._changed:
                known = self._known.get(rule.id)
                if known is None or self._watch is None or _learning(known.rule) != _learning(rule):
                    return
                self._watch.learn([rule.id], window)
        with self._changed:
            self._learnt[rule.id] = _learning(rule)

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
