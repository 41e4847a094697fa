"""From a query as it was read to a request: speakers looked up, and the filters of the query and of the call together.

Filters may come from both (a dashboard's sidebar and its query box): then both hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from domain.events import MODALITIES, Modality
from domain.ports import MomentFilter
from domain.query import Clause, Filters, Query
from search.request import BadQuery, Example, SearchRequest, Wanted

Resolve = Callable[[str], tuple[str, ...]]  # ids of all who are meant; raises BadQuery when nobody is


def request_of(
    query: Query,
    resolve: Resolve,
    where: MomentFilter,
    modalities: Sequence[Modality],
    *,
    limit: int,
    offset: int = 0,
    like: Sequence[Example] = (),
    unlike: Sequence[Example] = (),
    weak: bool = False,
) -> SearchRequest:
    """Examples belong to the first of several clauses. Raises BadQuery for what can't be true."""
    first, *others = (_wanted(clause, resolve, where, tuple(modalities), weak) for clause in query.clauses)
    return SearchRequest(
        first.text,
        first.modalities,
        first.where,
        first.phrases,
        first.excluded,
        first.excluded_phrases,
        tuple(like),
        tuple(unlike),
        first.alternatives,
        weak,
        first.names_kinds,
        limit,
        offset,
        tuple(others),
    )


def _wanted(
    clause: Clause, resolve: Resolve, where: MomentFilter, modalities: tuple[Modality, ...], weak: bool
) -> Wanted:
    asked = clause.where.kinds or MODALITIES
    kinds = tuple(kind for kind in modalities or MODALITIES if kind in asked and kind not in clause.where_not.kinds)
    if not kinds:
        raise BadQuery("the kinds that are asked for exclude each other: no moment is of all of them")
    return Wanted(
        clause.text,
        kinds,
        _filter(clause, resolve, where),
        clause.phrases,
        clause.excluded,
        clause.excluded_phrases,
        alternatives=clause.alternatives,
        weak=weak,
        names_kinds=bool(modalities or clause.where.kinds),
    )


def _filter(clause: Clause, resolve: Resolve, where: MomentFilter) -> MomentFilter:
    asked = clause.where
    excluded = [*where.excluded, *_each(clause.where_not, resolve)]
    speakers = tuple(id for who in asked.speakers for id in resolve(who))
    # Several voices and moods may be heard in one moment, so two lists of them are two conditions: not one without.
    both = MomentFilter(
        speakers=speakers if where.speakers else (),
        moods=asked.moods if where.moods else (),
    )
    if both != MomentFilter():
        excluded.append(MomentFilter(excluded=(both,)))
    return replace(
        where,
        sources=_common("source", where.sources, asked.sources),
        languages=_common("language", where.languages, asked.languages),
        speakers=where.speakers or speakers,
        moods=where.moods or asked.moods,
        since_s=max((s for s in (where.since_s, clause.since_s) if s is not None), default=None),
        until_s=min((s for s in (where.until_s, clause.until_s) if s is not None), default=None),
        excluded=tuple(excluded),
    )


def _each(filters: Filters, resolve: Resolve) -> list[MomentFilter]:
    """One filter for each thing that must not be."""
    found = [MomentFilter(sources=filters.sources)] if filters.sources else []
    if filters.languages:
        found.append(MomentFilter(languages=filters.languages))
    if filters.moods:
        found.append(MomentFilter(moods=filters.moods))
    if speakers := tuple(id for who in filters.speakers for id in resolve(who)):
        found.append(MomentFilter(speakers=speakers))
    return found


def _common(what: str, given: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    if not given or not asked:
        return given or asked
    both = tuple(each for each in given if each in asked)
    if not both:
        raise BadQuery(f"the {what} chosen ({', '.join(given)}) and that in the query ({', '.join(asked)}) differ")
    return both
