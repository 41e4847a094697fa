"""Stored moments as rules would have seen them: in order of time, with what they are labelled with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.events import Modality
from domain.moment_reading import LabelledMoment
from domain.ports import MomentFilter, MomentStore, StoredMoment
from domain.rules import Rule
from search.labelled_moments import SameSpeaker, labelled
from search.moment_history import Span, kinds_of, span_of

_PAGE = 512  # moments of a kind looked up at once: of vectors about 8 MB
_SHORTEST_S = 1.0  # time is cut no finer
_MOST_IN_SHORTEST = 10_000


class RuleHistory:
    """A `MomentHistory` of what is stored. Blocks. What is written meanwhile may or may not be seen."""

    def __init__(self, store: MomentStore, same_speaker: SameSpeaker) -> None:
        self._store, self._same_speaker = store, same_speaker

    def latest(self, rule: Rule, days: float, most: int, before_s: float | None = None) -> Span | None:
        """As `MomentHistory.latest`."""
        where = MomentFilter(rule.sources, until_s=before_s, only_final=True)
        starts_s = [each.moment.start_s for kind in kinds_of(rule) for each in self._store.newest(kind, where, most)]
        return span_of(starts_s, days, most, before_s)

    def windows(self, rule: Rule, since_s: float, until_s: float) -> Iterator[list[LabelledMoment]]:
        """All that begin in this time, a few hundred at once, in order of time."""
        pages = [self._page(kind, rule.sources, since_s, until_s, _PAGE) for kind in kinds_of(rule)]
        if any(len(page) == _PAGE for page in pages):
            if until_s - since_s > _SHORTEST_S:
                middle_s = (since_s + until_s) / 2
                yield from self.windows(rule, since_s, middle_s)
                yield from self.windows(rule, middle_s, until_s)
                return
            pages = [self._page(kind, rule.sources, since_s, until_s, _MOST_IN_SHORTEST) for kind in kinds_of(rule)]
        rows = [row for page in pages for row in page if since_s <= row.moment.start_s < until_s]
        if rows:
            yield labelled(rows, self._same_speaker)

    def _page(
        self, kind: Modality, sources: tuple[str, ...], since_s: float, until_s: float, limit: int
    ) -> Sequence[StoredMoment]:
        where = MomentFilter(sources, since_s, until_s, only_final=True)
        return self._store.newest(kind, where, limit, with_vectors=True)
