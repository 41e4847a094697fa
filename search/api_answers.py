"""The endpoint that answers in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from domain.cited_answer import MOST_MOMENTS
from domain.events import Modality
from domain.mood import MoodLabel
from domain.query import LONGEST_QUERY, parse_query
from domain.ranking import RankedMoment
from search.answering import Answering
from search.api_filters import Scope, scope
from search.api_models import CompleteUntil, MomentModel, RerankModel, stand_in_warnings
from search.api_parts import ApiParts
from search.api_search import complete_until, named_sources, unknown_sources
from search.clip_links import Links
from search.request import SearchRequest
from search.reranking import RerankReport
from search.scope import request_of

_Names = Annotated[list[str], Field(max_length=50)]
_Instant = Annotated[str | float | None, Field(description="as in GET /search")]
_Bound = Annotated[float | None, Field(ge=-1, le=1)]


class AnswerRequestModel(BaseModel):
    """A question, in the query language of GET /search, and the filters of it under the same names."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(max_length=LONGEST_QUERY)
    source: _Names = []
    kind: list[Modality] = []
    since: _Instant = None
    until: _Instant = None
    limit: int = Field(8, ge=1, le=MOST_MOMENTS, description="moments at most to answer from")
    speaker: _Names = []
    mood: list[MoodLabel] = []
    language: _Names = []
    valence_min: _Bound = None
    valence_max: _Bound = None
    arousal_min: _Bound = None
    arousal_max: _Bound = None
    final: bool = False

    def scope(self) -> Scope:
        fields = self.model_dump(exclude={"q", "limit"})
        since_until = {name: None if fields[name] is None else str(fields[name]) for name in ("since", "until")}
        return scope(**{**fields, **since_until})


class SentenceModel(BaseModel):
    text: str = Field(description="plain text, with the numbers of its moments in brackets")
    citations: list[int] = Field(description="positions in `moments`, counted from 1")


class AnswerModel(BaseModel):
    question: str
    answer: str = Field(description="the sentences together; plain text, written by a language model")
    sentences: list[SentenceModel]
    dropped: int = Field(description="sentences left out, because they cited none of the moments")
    note: str | None = Field(description="why there is no answer, where there is none")
    model: str | None
    moments: list[MomentModel] = Field(description="what the search found and the sentences cite, best first")
    reranked: list[RerankModel] = Field(description="as in GET /search")
    warnings: list[str] = Field(description="as in GET /search")
    complete_until: CompleteUntil = Field(description="as in GET /search")
    took_ms: float = Field(description="of the language model")


@dataclass(frozen=True, slots=True)
class _Basis:
    """What an answer rests on."""

    moments: list[RankedMoment]
    shown: list[MomentModel]
    reranked: list[RerankModel]
    sources: tuple[str, ...]


class Found(Protocol):
    @property
    def moments(self) -> Sequence[RankedMoment]: ...

    @property
    def reranked(self) -> Sequence[RerankReport]: ...


def answer_routes(parts: ApiParts, find: Callable[[SearchRequest], Found], answering: Answering) -> APIRouter:
    """`find` searches, in a thread, and gives moments that this asker may see, best first: nothing else is told to the
    language model, and nothing else can be cited."""
    routes = APIRouter(tags=["search"])

    def found(request: Request, asked: AnswerRequestModel) -> _Basis:
        within = asked.scope()
        query = parse_query(asked.q, parts.clock())
        wanted = request_of(query, parts.ids_of, within.where(parts), within.kinds, limit=asked.limit)
        answer = find(wanted)
        moments = list(answer.moments[: asked.limit])
        links = Links(parts.archive, parts.public_url or str(request.base_url))
        return _Basis(
            moments,
            [MomentModel.of(moment, links, parts.speakers.label) for moment in moments],
            [RerankModel.of(report) for report in answer.reranked],
            named_sources(query, within.sources),
        )

    @routes.post("/answer")
    async def answer(request: Request, asked: AnswerRequestModel) -> AnswerModel:
        """A few sentences that answer the question from the moments found, each with the numbers of those it rests on;
        or, where there is no language model or it fails, the moments alone with a note."""
        basis = await to_thread.run_sync(found, request, asked)
        written = await answering.answer(asked.q, basis.moments, parts.speakers.label)
        return AnswerModel(
            question=asked.q,
            answer=" ".join(sentence.text for sentence in written.sentences),
            sentences=[SentenceModel(text=each.text, citations=list(each.citations)) for each in written.sentences],
            dropped=written.dropped,
            note=written.note,
            model=written.model,
            moments=basis.shown,
            reranked=basis.reranked,
            warnings=[*stand_in_warnings(parts.encoders), *unknown_sources(parts, basis.sources)],
            complete_until=complete_until(parts, basis.sources),
            took_ms=round(written.took_ms, 3),
        )

    return routes
