"""What the demo watches for, and whether people were told of it as they should be. Pure: the answers are arguments."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nowseen.demo_questions import SLACK_S
from nowseen.sample_media import SampleSource


@dataclass(frozen=True, slots=True)
class DemoRule:
    name: str
    query: str  # phrases: they are told at once, where likeness would first have to be learnt for hours
    kind: str  # how it is known, for people
    source: str
    what: str  # of the Span in which it happens

    @property
    def asked(self) -> str:
        """As the arguments of `nowseen rules add`."""
        return f"'{self.query}' --name \"{self.name}\""


RULES = (
    DemoRule(
        "Burst main",
        '"burst water main"',
        "words as they are written",
        "newswire",
        "A burst water main has closed the bridge road to all traffic.",
    ),
    DemoRule(
        "Harsh words",
        '"rather selfish" source:bookclub',
        "words as they are said",
        "bookclub",
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
    ),
)


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    rule: DemoRule
    expected: str
    got: str
    is_right: bool


def watchable(sources: Sequence[SampleSource]) -> list[DemoRule]:
    """The rules whose source is there."""
    names = {source.name for source in sources}
    return [rule for rule in RULES if rule.source in names]


def judge_rule(
    rule: DemoRule,
    incidents: Sequence[Mapping[str, Any]],
    told: Collection[str],
    sources: Sequence[SampleSource],
    starts_s: Mapping[str, float],
) -> RuleVerdict:
    """Whether the rule's first incident is from the right source and time, and a webhook told of it.

    `incidents` are the node's answer, the latest first; `told` the ids of which a genuine webhook told; `starts_s` each
    source's first event time (Unix seconds).
    """
    (span,) = (
        span for source in sources if source.name == rule.source for span in source.spans if span.what == rule.what
    )
    expected = f"{rule.source} {span.start_s:.1f}-{span.end_s:.1f} s, told by a signed webhook"
    mine = [incident for incident in incidents if incident["rule"] == rule.name]
    if not mine:
        return RuleVerdict(rule, expected, "nothing", False)
    first = mine[-1]
    (where, *_) = first["sources"]
    start_s = starts_s.get(where, first["start_s"])
    is_told = first["id"] in told
    got = f"{where} {first['start_s'] - start_s:.1f}-{first['end_s'] - start_s:.1f} s"
    got += f", {'told' if is_told else 'not told'} by a signed webhook: {first['text']}"
    middle_s = (first["best"]["start_s"] + first["best"]["end_s"]) / 2 - start_s
    is_there = where == rule.source and span.start_s - SLACK_S <= middle_s <= span.end_s + SLACK_S
    return RuleVerdict(rule, expected, got, is_there and is_told)


def incident_line(incident: Mapping[str, Any]) -> str:
    """When (the viewer's clock), which rule, where, and the words."""
    clock = time.strftime("%H:%M:%S", time.localtime(incident["start_s"]))
    return f"{clock}  rule '{incident['rule']}'  {', '.join(incident['sources'])}  \"{incident['text']}\""
