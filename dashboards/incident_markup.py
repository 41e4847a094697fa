"""Incidents as HTML, around what every card shows. Every string from outside passes `safe` on its way."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.incident_view import IncidentCard
from dashboards.markup import safe


def head(shown: IncidentCard) -> str:
    badge = "ns-open" if shown.is_open else "ns-over" if shown.is_told else "ns-kept"
    note = f'<span class="ns-note">{safe(shown.note)}</span>' if shown.note else ""
    return (
        f'<div class="ns-incident"><b>{safe(shown.rule)}</b>{note}'
        f'<span class="ns-badge {badge}">{safe(shown.badge)}</span></div>'
    )


def happening(lines: Iterable[tuple[str, str, str]]) -> str:
    """What is open right now: rule, words, and where since when. Read out by screen readers, as it comes."""
    rows = "".join(
        f"<li><b>{safe(rule)}</b> <q>{safe(words)}</q> <span>{safe(where)}</span></li>" for rule, words, where in lines
    )
    return f'<div class="ns-happening" role="alert"><i aria-hidden="true"></i><ul>{rows}</ul></div>'
