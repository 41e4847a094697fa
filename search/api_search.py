"""Endpoints that find moments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from domain.events import MODALITIES, Modality
from domain.ranking import RankedMoment
from search.api_filters import Heard, heard
from search.api_models import (
    CompleteUntil,
    MomentModel,
    NewestModel,
    SearchModel,
    SourceModel,
    SourcesModel,
    WatermarkModel,
    stand_in_warnings,
)
from search.api_parts import ApiParts
from search.clip_links import Links
from search.instants import parse_instant
from search.service import LONGEST_QUERY, MOST_MOMENTS, NewMoment, SearchRequest

Sources = Annotated[list[str], Query(description="only these; repeat it for several")]
Kinds = Annotated[list[Modality], Query(description="only these; repeat it for several")]
Limit = Annotated[int, Query(ge=1, le=MOST_MOMENTS, description="moments at most")]
Instant = Annotated[
    str | None, Query(description="Unix seconds or ISO 8601 (UTC where no zone is given)", max_length=60)
]
InVoices = Annotated[Heard, Depends(heard)]


def search_routes(parts: ApiParts) -> APIRouter:
    routes = APIRouter(tags=["search"])

    @routes.get("/search")
    def search(
        request: Request,
        q: Annotated[str, Query(description="what to look for, in words", max_length=LONGEST_QUERY)],
        voices: InVoices,
        source: Sources = [],  # noqa: B006  (the framework copies it)
        kind: Kinds = [],  # noqa: B006
        since: Instant = None,
        until: Instant = None,
        limit: Limit = 10,
    ) -> SearchModel:
        """Moments that fit the words, best first, each with its evidence."""
        where = replace(
            voices.where(parts),
            sources=tuple(source),
            since_s=None if since is None else parse_instant(since),
            until_s=None if until is None else parse_instant(until),
        )
        answer = parts.service.search(SearchRequest(q, tuple(kind) or MODALITIES, where, limit))
        parts.metrics.searched(answer.took_ms)
        return SearchModel(
            query=q,
            moments=_models(parts, request, answer.moments),
            complete_until=_complete_until(parts, source),
            took_ms={stage: round(took_ms, 3) for stage, took_ms in answer.took_ms.items()},
            warnings=[*stand_in_warnings(parts.encoders), *_unknown(parts, source)],
        )

    @routes.get("/moments/newest")
    def newest(
        request: Request,
        voices: InVoices,
        source: Sources = [],  # noqa: B006
        kind: Kinds = [],  # noqa: B006
        limit: Limit = 20,
    ) -> NewestModel:
        """What was indexed of the latest event times, latest first."""
        where = replace(voices.where(parts), sources=tuple(source))
        moments = parts.service.newest(where, tuple(kind) or MODALITIES, limit)
        return NewestModel(moments=_models(parts, request, moments), complete_until=_complete_until(parts, source))

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


def _models(parts: ApiParts, request: Request, moments: Sequence[RankedMoment | NewMoment]) -> list[MomentModel]:
    links = Links(parts.archive, parts.public_url or str(request.base_url))
    return [MomentModel.of(moment, links, parts.speakers.label) for moment in moments]


def _complete_until(parts: ApiParts, sources: Iterable[str]) -> CompleteUntil:
    complete = parts.watermarks.complete_until(sources)
    return {source: {str(modality): until_s for modality, until_s in of.items()} for source, of in complete.items()}


def _unknown(parts: ApiParts, sources: Sequence[str]) -> list[str]:
    if not sources:
        return []
    known = {name for modality in MODALITIES for name in parts.store.sources(modality)}
    known |= {mark.source for mark in parts.watermarks.snapshot()}
    return [
        f"nothing is indexed of source {name!r}: /sources lists those there are"
        for name in sources
        if name not in known
    ]
