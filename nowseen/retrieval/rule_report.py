"""The evaluation of rules as text for a terminal of 80 columns. Figures are percent, except alarms."""

from __future__ import annotations

from collections.abc import Iterator

from nowseen.retrieval.report import difference_text, encoder_lines, interval_text
from nowseen.retrieval.rule_evaluation import RulesEvaluated
from nowseen.retrieval.rule_judging import RulesOfKind

_NAME_WIDTH = 31


def rules_text(found: RulesEvaluated) -> str:
    lines = [f"{found.dataset} ({found.fingerprint[:8]}), in percent, with {found.bootstrap.confidence:.0%} intervals"]
    lines += encoder_lines(found.encoders)
    for kind in found.kinds:
        lines += ["", *_kind(kind)]
    return "\n".join(lines)


def _kind(kind: RulesOfKind) -> Iterator[str]:
    name = "scene and speech" if kind.kind == "all" else kind.kind
    yield f"{name}: {kind.rules} rules, {kind.items} items, {kind.wanted} to be told, {kind.days:.1f} days"
    yield f"{'':<{_NAME_WIDTH}}{'Precision':>14}{'Recall':>14}{'alarms':>7}{'a day':>6}{'false':>6}"
    for how, told in kind.tellings.items():
        yield (
            f"{how:<{_NAME_WIDTH}}{interval_text(told.precision):>14}{interval_text(told.recall):>14}"
            f"{told.alarms:>7}{told.alarms_per_day:>6.2f}{told.false_per_day:>6.2f}"
        )
    for how, gain in kind.gains.items():
        yield f"{how}, over the learnt threshold:"
        for what, change in (("precision", gain.precision), ("recall", gain.recall)):
            yield f"  {what:<10}{difference_text(change).strip()}"
