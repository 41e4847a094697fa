"""Matches in, incidents out: what people are told once, however many moments it lasts, and never in a flood.

Time is that of the events, source by source: a source that lags behind, or is played again, is grouped as it would have
been live. So the same matches give the same incidents with the same ids, whenever and however often they come.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from domain.incident_events import (
    Incident,
    IncidentClosed,
    IncidentEvent,
    IncidentOpened,
    Match,
    MatchSuppressed,
    Reason,
)
from domain.incident_groups import Group, RuleState, first_digest, first_group, kinds_of


@dataclass(frozen=True, slots=True)
class IncidentOptions:
    """Together `quiet_s` and `cooldown_s` are two bins of a background, which is how it tells incidents apart."""

    quiet_s: float = 300.0  # an incident is over when it had no match for longer
    longest_s: float = 3600.0  # it grows no longer
    cooldown_s: float = 300.0  # for so long after it is over nothing alike is told
    update_every_s: float = 60.0
    storm_incidents: int = 5  # of one rule in storm_s; more are told as one digest
    storm_s: float = 60.0
    kept: int = 200  # suppressed matches of each rule, the latest
    # A match that comes so late is still known to belong to what is over; and however late, to one of the latest.
    remembered_s: float = 3600.0
    remembered: int = 32  # of each rule and source


class Incidents:
    """Push matches as they come, tick as time goes by. Not thread-safe.

    Every match is either counted in an incident or suppressed with a reason; those that a storm suppresses are counted
    in its digest. A moment pushed again changes nothing, except that its better score counts.
    """

    def __init__(
        self,
        options: IncidentOptions | None = None,
        rules: Mapping[str, RuleState] | None = None,
        clocks_s: Mapping[str, float] | None = None,
    ) -> None:
        """`rules` and `clocks_s`: what to go on from."""
        self._options = options or IncidentOptions()
        self._rules: dict[str, RuleState] = dict(rules or {})
        self._clocks_s: dict[str, float] = dict(clocks_s or {})
        self._due_s: dict[str, float] = {}  # by source: before then nothing is over
        self._live: dict[str, dict[str, None]] = {}  # by source: rules of which something may be open, in a fixed order
        self._changed: set[str] = set()
        for rule_id in self._rules:
            self._note_live(rule_id)

    @property
    def clocks_s(self) -> dict[str, float]:
        """How far each source has got: event time."""
        return dict(self._clocks_s)

    @property
    def rules(self) -> dict[str, RuleState]:
        return dict(self._rules)

    def state(self, rule_id: str) -> RuleState:
        """To be looked at; an empty one when nothing ever matched."""
        return self._rules.get(rule_id) or RuleState()

    def go_on(self, rule_id: str, state: RuleState) -> None:
        """This is what came of the rule's matches so far. For a rule that had none here."""
        self._rules[rule_id] = state
        self._note_live(rule_id)

    def take_changed(self) -> set[str]:
        """Rules of which `state` is another since this was asked last; one that was forgotten is not among them."""
        changed, self._changed = self._changed, set()
        return changed

    def push(self, match: Match, now_s: float, held_back: Reason | None = None) -> list[IncidentEvent]:
        """`now_s`: how far the match's source has got, event time. `held_back`: why nobody may be told of this one."""
        events = self.tick(now_s, match.source)
        state = self._rules.setdefault(match.rule_id, RuleState())
        if held_back is not None:
            return events + self._suppress(state, match, held_back, None)
        if known := next((each for each in state.groups(match.source) if match.moment_id in each.moment_ids), None):
            if match.score > known.incident.best.score:
                self._changed.add(match.rule_id)
                known.incident = replace(known.incident, best=match)
                known.kinds |= kinds_of(match)
            return events
        if (match.moment_id, "cooldown") in state.suppressed:
            return events  # pushed again, it is not to join what has begun since
        for group in list(state.open.get(match.source, ())):
            if group.is_near(match, self._options.quiet_s):
                if group.length_with_s(match) <= self._options.longest_s:
                    return events + self._join(state, group, match)
                events += self._close(state, match.rule_id, match.source, group)
        within_s = self._options.quiet_s + self._options.cooldown_s
        if before := next((g for g in state.over.get(match.source, ()) if g.is_near(match, within_s)), None):
            return events + self._suppress(state, match, "cooldown", before.digest_id or before.incident.id)
        return events + self._begin(state, match)

    def tick(self, now_s: float, source: str | None = None) -> list[IncidentEvent]:
        """One source, or every known one, has got to `now_s`: what is over by then is closed. Time never goes back."""
        passed = []
        for each in (source,) if source is not None else tuple(self._clocks_s):
            if now_s > self._clocks_s.get(each, -math.inf):
                self._clocks_s[each] = now_s
                passed.append(each)
        closed = [event for each in passed for event in self._pass(each)]
        closed.sort(key=lambda event: (event.incident.end_s, event.incident.id))
        return [*closed]

    def open_incidents(self, rule_id: str) -> list[Incident]:
        """That people were told of, digests included, by start."""
        state = self._rules.get(rule_id, RuleState())
        groups = [group for open in state.open.values() for group in open if group.digest_id is None]
        groups += [state.digest] if state.digest is not None else []
        return sorted((group.incident for group in groups), key=lambda each: (each.start_s, each.id))

    def suppressed(self, rule_id: str) -> list[MatchSuppressed]:
        """The latest, in the order they came."""
        return list(self._rules.get(rule_id, RuleState()).suppressed.values())

    def suppressed_counts(self, rule_id: str) -> dict[Reason, int]:
        """Of all, by reason."""
        return dict(self._rules.get(rule_id, RuleState()).counts)

    def forget(self, rule_id: str) -> list[IncidentEvent]:
        """The rule is deleted: what is open is closed."""
        state = self._rules.pop(rule_id, RuleState())
        self._changed.discard(rule_id)
        groups = [group for open in state.open.values() for group in open if group.digest_id is None]
        groups += [state.digest] if state.digest is not None else []
        return [IncidentClosed(group.incident, group.number + 1) for group in groups]

    def _pass(self, source: str) -> list[IncidentClosed]:
        now_s, closed, ends_s = self._clocks_s[source], list[IncidentClosed](), math.inf
        if now_s <= self._due_s.get(source, -math.inf):
            return closed
        live = self._live.get(source, {})
        for rule_id in list(live):
            state, left_s = self._rules.get(rule_id), math.inf
            if state is not None:
                closed += self._over(state, rule_id, source, now_s)
                left_s = self._ends_s(state, source)
            if left_s == math.inf:
                del live[rule_id]
            ends_s = min(ends_s, left_s)
        self._due_s[source] = ends_s + self._options.quiet_s
        return closed

    def _over(self, state: RuleState, rule_id: str, source: str, now_s: float) -> Iterator[IncidentClosed]:
        for group in list(state.open.get(source, ())):
            if now_s > group.incident.end_s + self._options.quiet_s:
                yield from self._close(state, rule_id, source, group)
        digest = state.digest
        if digest is not None and source in digest.incident.sources:
            slowest_s = min(self._clocks_s.get(each, -math.inf) for each in digest.incident.sources)
            if slowest_s > digest.incident.end_s + self._options.quiet_s:
                state.digest = None
                self._changed.add(rule_id)
                yield IncidentClosed(digest.incident, digest.number + 1)

    def _ends_s(self, state: RuleState, source: str) -> float:
        """The earliest end of what is open of a rule in a source; infinity when nothing is."""
        ends_s = [group.incident.end_s for group in state.open.get(source, ())]
        if state.digest is not None and source in state.digest.incident.sources:
            ends_s.append(state.digest.incident.end_s)
        return min(ends_s, default=math.inf)

    def _note_live(self, rule_id: str) -> None:
        state = self._rules[rule_id]
        sources = dict.fromkeys(source for source, groups in state.open.items() if groups)
        if state.digest is not None:
            sources |= dict.fromkeys(state.digest.incident.sources)
        for source in sources:
            self._live.setdefault(source, {})[rule_id] = None

    def _begin(self, state: RuleState, match: Match) -> list[IncidentEvent]:
        near = sum(abs(match.start_s - begun_s) < self._options.storm_s for begun_s in state.begun_s)
        # So many that a source that lags behind does not push the others' out.
        state.begun_s = [*state.begun_s[-20 * self._options.storm_incidents :], match.start_s]
        groups = state.open.setdefault(match.source, [])
        self._live.setdefault(match.source, {})[match.rule_id] = None
        self._changed.add(match.rule_id)
        self._due_s[match.source] = min(self._due_s.get(match.source, -math.inf), match.end_s + self._options.quiet_s)
        if near < self._options.storm_incidents:
            groups.append(first_group(match))
            return [IncidentOpened(groups[-1].incident)]
        events: list[IncidentEvent] = []
        if state.digest is None:
            state.digest = first_digest(match)
            events.append(IncidentOpened(state.digest.incident))
        else:
            state.digest.add(match)
            incidents = state.digest.incident.incidents + 1
            state.digest.incident = replace(state.digest.incident, incidents=incidents)
            events += state.digest.update(match.start_s, self._options.update_every_s)
        groups.append(first_group(match, state.digest.incident.id))
        return events + self._suppress(state, match, "storm", state.digest.incident.id)

    def _join(self, state: RuleState, group: Group, match: Match) -> list[IncidentEvent]:
        group.add(match)
        self._changed.add(match.rule_id)
        if group.digest_id is None:
            return [*group.update(match.start_s, self._options.update_every_s)]
        events: list[IncidentEvent] = []
        if state.digest is not None and state.digest.incident.id == group.digest_id:
            state.digest.add(match)
            events += state.digest.update(match.start_s, self._options.update_every_s)
        return events + self._suppress(state, match, "storm", group.digest_id)

    def _close(self, state: RuleState, rule_id: str, source: str, group: Group) -> list[IncidentClosed]:
        self._changed.add(rule_id)
        state.open[source].remove(group)
        forgotten_s = self._clocks_s[source] - self._options.remembered_s
        over = [*state.over.get(source, ()), group]
        latest, older = over[-self._options.remembered :], over[: -self._options.remembered]
        state.over[source] = [*(each for each in older if each.incident.end_s >= forgotten_s), *latest]
        return [IncidentClosed(group.incident, group.number + 1)] if group.digest_id is None else []

    def _suppress(self, state: RuleState, match: Match, reason: Reason, incident_id: str | None) -> list[IncidentEvent]:
        key = (match.moment_id, reason)
        if key in state.suppressed:
            return []
        event = state.suppressed[key] = MatchSuppressed(match, reason, incident_id)
        state.counts[reason] += 1
        self._changed.add(match.rule_id)
        while len(state.suppressed) > self._options.kept:
            del state.suppressed[next(iter(state.suppressed))]
        return [event]
