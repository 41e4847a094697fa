"""What stands under the search box, as HTML: how the query was read, what is wrong with it, and how to write one."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.answers import Place
from dashboards.markup import safe
from dashboards.understood import Chip

EXAMPLES = (
    ("red car", "anything like it: seen, said or written"),
    ('"thank you"', "these words, one after the other"),
    ("street -cars", "not with these; also: street without cars"),
    ("speaker:Ana budget", "who speaks; also mood: lang: kind: source:"),
    ("dog while speaker:Ana", "both at the same time"),
    ("storm since:2h", "how far back: 10m 2h 3d; also until:"),
)


def how_to_ask() -> str:
    rows = "".join(f"<dt><code>{safe(query)}</code></dt><dd>{safe(meaning)}</dd>" for query, meaning in EXAMPLES)
    return f'<dl class="ns-how">{rows}</dl>'


def understood(clauses: Sequence[Sequence[Chip]]) -> str:
    read = '<span class="ns-meanwhile">at the same time</span>'.join(
        "".join(_chip(chip) for chip in chips) for chips in clauses
    )
    return f'<div class="ns-read" role="status" aria-label="How the query was read">{read}</div>'


def mistake(query: str, message: str, at: Place) -> str:
    """The query with the characters that are meant marked, and what is wrong with them."""
    start = min(max(at.start, 0), len(query))
    end = min(max(at.end, start), len(query))
    wrong = f"<mark>{safe(query[start:end])}</mark>" if start < end else ""
    shown = f'<p class="ns-query" dir="auto">{safe(query[:start])}{wrong}{safe(query[end:])}</p>'
    return f'<div class="ns-mistake" role="alert">{shown}<p>{safe(_sentence(message))}</p></div>'


def refusal(message: str) -> str:
    """What is wrong, where no characters are meant."""
    return f'<div class="ns-mistake" role="alert"><p>{safe(_sentence(message))}</p></div>'


def _chip(chip: Chip) -> str:
    label = f"<i>{safe(chip.label)}</i> " if chip.label else ""
    return f'<span class="ns-chip ns-{chip.tone}">{label}{safe(chip.words)}</span>'


def _sentence(message: str) -> str:
    whole = message[:1].upper() + message[1:]
    return whole if whole.endswith((".", "?", "!", ")")) else f"{whole}."
