"""Endpoints that find moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from domain.events import MODALITIES
from domain.query import LONGEST_QUERY, Clause, parse_query
from domain.query import Query as QueryRead
from domain.ranking import RankedMoment
from search.api_filters import Limit, Scope, scope
from search.api_models import (
    ClauseModel,
    CompleteUntil,
    MomentModel,
    NewestModel,
    RerankModel,
    SearchModel,
    SourceModel,
    SourcesModel,
    WatermarkModel,
    stand_in_warnings,
)
from search.api_parts import ApiParts
from search.clip_links import Links
from search.request import SearchRequest
from search.scope import request_of
from search.service import NewMoment

InScope = Annotated[Scope, Depends(scope)]
Offset = Annotated[int, Query(ge=0, description="moments to pass over: the pages before this one")]
MomentIds = Annotated[list[UUID], Query(description="of evidence in an earlier answer; repeat it for several")]

Weak = Annotated[bool, Query(description="also what is too weak to be evidence, after what is: scores below 0.15")]


def search_routes(parts: ApiParts) -> APIRouter:
    routes = APIRouter(tags=["search"])

    @routes.get("/search")
    def search(
        request: Request,
        scope: InScope,
        q: Annotated[str, Query(description="what to look for: docs/search.md", max_length=LONGEST_QUERY)] = "",
        like: MomentIds = [],  # noqa: B006  (the framework copies it)
        unlike: MomentIds = [],  # noqa: B006
        weak: Weak = False,
        limit: Limit = 10,
        offset: Offset = 0,
    ) -> SearchModel:
        """Moments that fit the words and are like the moments named, best first, each with its evidence.

        Without either, all that pass the filters, newest first.
        """
        query = read_query(parts, q)
        asked = request_of(
            query,
            parts.ids_of,
            scope.where(parts),
            scope.kinds,
            limit=limit,
            offset=offset,
            like=parts.service.examples(map(str, like)),
            unlike=parts.service.examples(map(str, unlike)),
            weak=weak,
        )
        return found(parts, request, q, query, asked, scope.sources)

    @routes.get("/moments/newest")
    def newest(
        request: Request,
        scope: InScope,
        limit: Limit = 20,
    ) -> NewestModel:
        """What was indexed of the latest event times, latest first."""
        moments = parts.service.newest(scope.where(parts), scope.kinds or MODALITIES, limit)
        return NewestModel(
            moments=_models(parts, request, moments), complete_until=complete_until(parts, scope.sources)
        )

    @routes.get("/sources")
    def sources() -> SourcesModel:
        """Every source known: how much of it is indexed, and up to when that is complete."""
        counts = {modality: parts.store.sources(modality) for modality in MODALITIES}
        marks = parts.watermarks.snapshot()
        now_s = parts.clock()
        names = sorted({name for count in counts.values() for name in count} | {mark.source for mark in marks})
        return SourcesModel(
            sources=[
                SourceModel(
                    source=name,
                    moments={modality: count[name] for modality, count in counts.items() if name in count},
                    watermarks={
                        mark.modality: WatermarkModel(
                            until_s=mark.until_s, stored_s=mark.stored_s, behind_s=round(now_s - mark.until_s, 3)
                        )
                        for mark in marks
                        if mark.source == name
                    },
                )
                for name in names
            ]
        )

    return routes


def read_query(parts: ApiParts, q: str) -> QueryRead:
    """Raises QueryMistake. No words at all may do: something else can say what to look for."""
    if not q.strip():
        return QueryRead((Clause(),))
    return parse_query(q, parts.clock())


def found(
    parts: ApiParts,
    request: Request,
    q: str,
    query: QueryRead,
    asked: SearchRequest,
    sources: Sequence[str],
    before_ms: Mapping[str, float] | None = None,
) -> SearchModel:
    """`before_ms`: what stages before the search took."""
    answer = parts.service.search(asked)
    parts.metrics.searched(answer.took_ms)
    named = named_sources(query, sources)
    return SearchModel(
        query=q,
        understood=[ClauseModel.of(clause) for clause in query.clauses],
        moments=_models(parts, request, answer.moments),
        complete_until=complete_until(parts, named),
        reranked=[RerankModel.of(report) for report in answer.reranked],
        took_ms={stage: round(took_ms, 3) for stage, took_ms in {**(before_ms or {}), **answer.took_ms}.items()},
        warnings=[*stand_in_warnings(parts.encoders), *unknown_sources(parts, named)],
    )


def named_sources(query: QueryRead, sources: Sequence[str]) -> tuple[str, ...]:
    """Those the question is about: of its filters and of its words."""
    return tuple(dict.fromkeys((*sources, *(name for clause in query.clauses for name in clause.where.sources))))


def _models(parts: ApiParts, request: Request, moments: Sequence[RankedMoment | NewMoment]) -> list[MomentModel]:
    links = Links(parts.archive, parts.public_url or str(request.base_url))
    return [MomentModel.of(moment, links, parts.speakers.label) for moment in moments]


def complete_until(parts: ApiParts, sources: Iterable[str]) -> CompleteUntil:
    complete = parts.watermarks.complete_until(sources)
    return {source: {str(modality): until_s for modality, until_s in of.items()} for source, of in complete.items()}


def unknown_sources(parts: ApiParts, sources: Sequence[str]) -> list[str]:
    if not sources:
        return []
    known = {name for modality in MODALITIES for name in parts.store.sources(modality)}
    known |= {mark.source for mark in parts.watermarks.snapshot()}
    return [
        f"nothing is indexed of source {name!r}: /sources lists those there are"
        for name in sources
        if name not in known
    ]
