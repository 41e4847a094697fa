"""How the node read the query, as chips: said only where it is more than plain words. Pure, plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal, cast

from dashboards.answers import Clause, Filters, Wording
from dashboards.times import clock
from dashboards.view_models import KIND_NAMES
from dashboards.voices import language_name
from domain.events import Modality

Tone = Literal["plain", "exactly", "only", "without"]


@dataclass(frozen=True, slots=True)
class Chip:
    tone: Tone
    label: str  # may be empty, where the words say enough
    words: str


def understood(
    clauses: Sequence[Clause], zone: tzinfo, now_s: float, *, heard_words: bool = False
) -> tuple[tuple[Chip, ...], ...]:
    """The chips of each clause, of which all hold at the same time; none at all for plain words.

    `heard_words` says that the text is not what was typed but what a recording said, which nobody has seen yet.
    """
    read = tuple(tuple(_chips(clause, zone, now_s, heard_words=heard_words)) for clause in clauses)
    is_plain = len(read) < 2 and all(chip.tone == "plain" for chips in read for chip in chips)
    is_plain = is_plain and not any(clause.alternatives for clause in clauses)
    return () if is_plain and not heard_words else tuple(chips for chips in read if chips)


def _chips(clause: Clause, zone: tzinfo, now_s: float, *, heard_words: bool) -> Iterator[Chip]:
    yield from _worded(Wording(text=clause.text, phrases=clause.phrases), "heard" if heard_words else "", "exactly")
    for wording in clause.alternatives:
        yield from _worded(wording, "or heard" if heard_words else "or", "or exactly")
    for what in clause.excluded:
        yield Chip("without", "without", what)
    for label, value in _filters(clause.where):
        yield Chip("only", label, value)
    for label, value in _filters(clause.where_not):
        yield Chip("without", f"not {label}", value)
    if clause.since_s is not None:
        yield Chip("only", "since", clock(clause.since_s, zone, now_s))
    if clause.until_s is not None:
        yield Chip("only", "until", clock(clause.until_s, zone, now_s))


def _worded(wording: Wording, plain: str, exactly: str) -> Iterator[Chip]:
    words = wording.text
    for phrase in wording.phrases:
        words = words.replace(phrase, " ", 1)
    if words.strip():
        yield Chip("plain", plain, " ".join(words.split()))
    for phrase in wording.phrases:
        yield Chip("exactly", exactly, f"“{phrase}”")


def _filters(filters: Filters) -> Iterator[tuple[str, str]]:
    yield from _any("source", filters.sources)
    yield from _any("speaker", filters.speakers)
    yield from _any("mood", filters.moods)
    yield from _any("language", map(language_name, filters.languages))
    yield from _any("in", (KIND_NAMES.get(cast(Modality, kind), kind) for kind in filters.kinds))


def _any(label: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    """One chip for several values: any of them will do."""
    if joined := " or ".join(values):
        yield label, joined
