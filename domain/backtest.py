"""What rules would have told, had they been there: history through the live path, in event time."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.backgrounds import days_watched
from domain.bin_sets import BinSet, bin_of
from domain.conditions import modalities_of
from domain.events import CoverageAdvanced, Modality
from domain.incident_events import Incident, IncidentClosed, IncidentEvent, MatchSuppressed, Reason
from domain.moment_reading import LabelledMoment
from domain.rule_thresholds import Threshold
from domain.rule_watch import RuleWatch
from domain.rules import Rule

TriedOver: TypeAlias = Literal["stored", "replay"]  # what is stored, or a replay of the log that it came by
Past: TypeAlias = LabelledMoment | CoverageAdvanced  # a moment, or that a source had got so far without any
_Watched: TypeAlias = defaultdict[tuple[str, Modality], BinSet]


@dataclass(frozen=True, slots=True)
class Backtest:
    """Of one rule."""

    incidents: tuple[Incident, ...]  # as they were when they closed, by start; a digest is one
    per_day: float | None  # in a day of watching any of its sources; None: nothing was watched
    days: float
    suppressed: Mapping[Reason, int]  # how many matches nobody would have been told of, and why
    thresholds: Mapping[str, Threshold]  # by source, at the end


def backtest(watch: RuleWatch, history: Iterable[Past]) -> dict[str, Backtest]:
    """By rule id. `watch` has the rules to try and is of no use afterwards; let it `learn` first, or it warms up as it
    goes.

    `history` in the order it would have come. Learning from the same history that is tested makes the rate look a
    little better than it will be; learn from what lies before it when there is enough.
    """
    rules = list(watch.rules())
    watched: _Watched = defaultdict(BinSet)
    told: defaultdict[str, list[Incident]] = defaultdict(list)
    suppressed: defaultdict[str, Counter[Reason]] = defaultdict(Counter)
    for event in _events(watch, history, watched):
        match event:
            case IncidentClosed(incident):
                told[incident.rule_id].append(incident)
            case MatchSuppressed(match, reason):
                suppressed[match.rule_id][reason] += 1
    return {rule.id: _result(rule, watch, watched, told[rule.id], suppressed[rule.id]) for rule in rules}


def _events(watch: RuleWatch, history: Iterable[Past], watched: _Watched) -> Iterator[IncidentEvent]:
    for each in history:
        if isinstance(each, CoverageAdvanced):
            yield from watch.tick(each.until_s, each.source)
            continue
        moment = each.moment
        if moment.is_final:
            watched[moment.source, moment.modality].add(bin_of(moment.start_s))
        yield from watch.push(moment, each.labels)
    yield from watch.tick(math.inf)


def _result(
    rule: Rule, watch: RuleWatch, watched: _Watched, told: list[Incident], suppressed: Counter[Reason]
) -> Backtest:
    bins, kinds = BinSet(), modalities_of(rule.condition)
    for (source, kind), its in watched.items():
        if kind in kinds and rule.watches(source):
            bins |= its
    days = days_watched(bins, rule.hours)
    return Backtest(
        tuple(sorted(told, key=lambda incident: (incident.start_s, incident.id))),
        len(told) / days if days else None,
        days,
        dict(suppressed),
        watch.thresholds(rule.id),
    )
