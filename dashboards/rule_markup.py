"""Rules as HTML. Every string from outside passes `safe` on its way."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.markup import safe
from dashboards.rule_answers import LeftOut
from dashboards.rule_view import RuleCard, SourceLine


def rule(card: RuleCard) -> str:
    badge = '<span class="ns-badge ns-over">paused</span>' if card.is_paused else ""
    if card.open_incidents:
        badge += f'<span class="ns-badge ns-open">{card.open_incidents:,} open now</span>'
    facts = "".join(f"<div><dt>{safe(what)}</dt><dd>{safe(how)}</dd></div>" for what, how in card.facts)
    warnings = "".join(f'<p class="ns-note">{safe(warning)}</p>' for warning in card.warnings)
    # A rule that was given no name has its query's words for one; one by example may have no words.
    query = "" if card.query in ("", card.name) else f'<code dir="auto">{safe(card.query)}</code>'
    css = "ns-rule ns-paused" if card.is_paused else "ns-rule"
    return (
        f'<div class="{css}"><div class="ns-incident"><b>{safe(card.name)}</b>{badge}</div>'
        f"{query}<dl>{facts}</dl>{source_lines(card.lines)}{warnings}</div>"
    )


def left_out(rule: LeftOut) -> str:
    return (
        f'<div class="ns-rule ns-paused"><div class="ns-incident"><b>{safe(rule.query or rule.id)}</b>'
        f'<span class="ns-badge ns-kept">left out</span></div><p class="ns-note">{safe(rule.why)}</p></div>'
    )


def source_lines(lines: Iterable[SourceLine]) -> str:
    rows = "".join(
        f'<li><span class="ns-source">{safe(line.source)}</span><span>{safe(line.words)}</span>{_known(line)}'
        f'<span class="ns-note">{safe(line.evidence)}</span></li>'
        for line in lines
    )
    return f'<ul class="ns-thresholds">{rows}</ul>' if rows else ""


def _known(line: SourceLine) -> str:
    if line.percent_known is None:
        return ""
    return f'<span class="ns-bar" title="{line.percent_known:d} %"><i style="width:{line.percent_known:d}%"></i></span>'
