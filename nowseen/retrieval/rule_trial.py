"""A data set's items as something that streams by, and what rules tell of it, by the path of live matching.

Each item lasts an hour, in which it is seen or heard once every five minutes; then nothing is for a quarter of an hour,
so that two items are never one incident. Their own times are of no account here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.bin_sets import BIN_S, DAY_BINS
from domain.conditions import Graded, Meaning, SceneText
from domain.events import MomentDescribed, Vector
from domain.incident_events import IncidentOpened
from domain.moment_reading import LabelledMoment, ScoreOptions
from domain.moments import moment_id
from domain.rule_watch import RuleWatch, WatchOptions
from domain.rules import Rule
from nowseen.retrieval.dataset import ItemKind

ITEM_BINS = 12
_PAUSE_BINS = 3
_APART_S = 10.0  # a recording's utterances, of which there are a few
_START_S = 6000 * BIN_S
_SOURCE = "stream"

Items = Mapping[str, Sequence[MomentDescribed]]  # moments by item id


@dataclass(frozen=True, slots=True)
class TriedRule:
    rule: Rule
    vectors: Mapping[Graded, Vector]


def rule_for(id: str, text: str, kind: ItemKind, vector: Vector, false_alarms_per_day: float) -> TriedRule:
    """As people ask for it in words, of scenes or of speech. Raises BadRequest for what no rule can ask."""
    leaf: Graded = SceneText(text) if kind == "scene" else Meaning(text)
    return TriedRule(Rule(id, id, leaf, false_alarms_per_day=false_alarms_per_day), {leaf: vector})


def told_of(rules: Sequence[TriedRule], scores: ScoreOptions, history: Items, coming: Items) -> set[tuple[str, str]]:
    """Rule and item, for every item that comes and that a rule opens an incident for. Before that, the rules learn what
    is usual from the history; and while the items come they go on learning, as they do live."""
    watch = RuleWatch(WatchOptions(scores))
    for each in rules:
        watch.add(each.rule, each.vectors)
    learnt = [moment for _, moment in _played(history, _START_S)]
    watch.learn([each.rule.id for each in rules], learnt)
    told: set[tuple[str, str]] = set()
    item_of: dict[str, str] = {}
    for item, labelled in _played(coming, _START_S + len(history) * (ITEM_BINS + _PAUSE_BINS) * BIN_S):
        item_of[moment_id(labelled.moment)] = item
        for event in watch.push(labelled.moment):
            if isinstance(event, IncidentOpened):
                told.add((event.incident.rule_id, item_of[event.incident.best.moment_id]))
    return told


def days_of(items: int) -> float:
    """Of watching: the pauses are none."""
    return items * ITEM_BINS / DAY_BINS


def _played(items: Items, start_s: float) -> Iterator[tuple[str, LabelledMoment]]:
    for number, (item, moments) in enumerate(items.items()):
        for bin in range(ITEM_BINS):
            at_s = start_s + (number * (ITEM_BINS + _PAUSE_BINS) + bin) * BIN_S
            for moment in moments:
                lasts_s = min(moment.end_s - moment.start_s, _APART_S)
                yield item, LabelledMoment(replace(moment, source=_SOURCE, start_s=at_s, end_s=at_s + lasts_s))
                at_s += _APART_S
