"""What rules would have told, had they been there: history through the live path, in event time."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from domain.backgrounds import days_watched
from domain.bin_sets import BinSet, bin_of
from domain.incident_events import Incident, IncidentClosed, IncidentEvent, MatchSuppressed, Reason
from domain.moment_reading import LabelledMoment
from domain.rule_thresholds import Threshold
from domain.rule_watch import RuleWatch
from domain.rules import Rule


@dataclass(frozen=True, slots=True)
class Backtest:
    """Of one rule."""

    incidents: tuple[Incident, ...]  # as they were when they closed, by start; a digest is one
    per_day: float | None  # in a day of watching any of its sources; None: nothing was watched
    days: float
    suppressed: Mapping[Reason, int]  # how many matches nobody would have been told of, and why
    thresholds: Mapping[str, Threshold]  # by source, at the end


def backtest(watch: RuleWatch, history: Iterable[LabelledMoment]) -> dict[str, Backtest]:
    """By rule id. `watch` has the rules to try and is of no use afterwards; let it `learn` first, or it warms up as it
    goes.

    `history` in the order it would have come. Learning from the same history that is tested makes the rate look a
    little better than it will be; learn from what lies before it when there is enough.
    """
    rules = list(watch.rules())
    watched: defaultdict[str, BinSet] = defaultdict(BinSet)
    told: defaultdict[str, list[Incident]] = defaultdict(list)
    suppressed: defaultdict[str, Counter[Reason]] = defaultdict(Counter)
    for event in _events(watch, history, watched):
        match event:
            case IncidentClosed(incident):
                told[incident.rule_id].append(incident)
            case MatchSuppressed(match, reason):
                suppressed[match.rule_id][reason] += 1
    return {rule.id: _result(rule, watch, watched, told[rule.id], suppressed[rule.id]) for rule in rules}


def _events(
    watch: RuleWatch, history: Iterable[LabelledMoment], watched: defaultdict[str, BinSet]
) -> Iterator[IncidentEvent]:
    for labelled in history:
        if labelled.moment.is_final:
            watched[labelled.moment.source].add(bin_of(labelled.moment.start_s))
        yield from watch.push(labelled.moment, labelled.labels)
    yield from watch.tick(math.inf)


def _result(
    rule: Rule,
    watch: RuleWatch,
    watched: Mapping[str, BinSet],
    told: list[Incident],
    suppressed: Counter[Reason],
) -> Backtest:
    bins = BinSet()
    for source, its in watched.items():
        if rule.watches(source):
            bins |= its
    days = days_watched(bins, rule.hours)
    return Backtest(
        tuple(sorted(told, key=lambda incident: (incident.start_s, incident.id))),
        len(told) / days if days else None,
        days,
        dict(suppressed),
        watch.thresholds(rule.id),
    )
