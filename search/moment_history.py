"""What a rule can be tried on: moments that were, as it would have seen them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.backtest import Past
from domain.conditions import modalities_of
from domain.events import MODALITIES, CoverageAdvanced, Modality
from domain.rules import Rule

DAY_S = 86_400.0
_MOST_AHEAD_S = 60.0


@dataclass(frozen=True, slots=True)
class Span:
    """Event time; the end is not in it."""

    since_s: float
    until_s: float
    moments: int  # that begin in it


class MomentHistory(Protocol):
    """Blocks. What comes meanwhile may or may not be seen."""

    def latest(self, rule: Rule, days: float, most: int, before_s: float | None = None) -> Span | None:
        """The last days of which there is something of the rule's sources and of kinds that it could match; shorter
        where they hold more than `most` moments. None when there is nothing."""
        ...

    def windows(self, rule: Rule, since_s: float, until_s: float) -> Iterator[Sequence[Past]]:
        """All that begin in this time, a few hundred at once, in the order in which live matching would see them; and
        what else tells how far the rule's sources have got, where that is known."""
        ...


def span_of(starts_s: Iterable[float], days: float, most: int, before_s: float | None) -> Span | None:
    """The last of these, as `MomentHistory.latest` takes them."""
    latest_s = sorted((start_s for start_s in starts_s if before_s is None or start_s < before_s), reverse=True)[:most]
    if not latest_s:
        return None
    inside = [start_s for start_s in latest_s if start_s >= latest_s[0] - days * DAY_S]
    return Span(inside[-1], latest_s[0] + 0.001 if before_s is None else before_s, len(inside))


def kinds_of(rule: Rule) -> list[Modality]:
    """Those that it could match."""
    possible = modalities_of(rule.condition)
    return [kind for kind in MODALITIES if kind in possible]


def is_ahead(coverage: CoverageAdvanced, now_s: float) -> bool:
    """Whether it reaches so far into the future that some clock is wrong: it tells nothing of the source then."""
    return coverage.until_s > now_s + _MOST_AHEAD_S
