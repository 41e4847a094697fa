"""The endpoint that answers in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Protocol

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from domain.cited_answer import MOST_MOMENTS
from domain.errors import BadRequest
from domain.events import MODALITIES, Modality
from domain.mood import MoodLabel
from domain.ports import MomentFilter
from domain.ranking import RankedMoment
from search.answering import Answering, WrittenAnswer
from search.api_filters import heard
from search.api_models import CompleteUntil, MomentModel
from search.api_parts import ApiParts
from search.clip_links import Links
from search.instants import parse_instant

_LONGEST_QUESTION = 2000  # characters
_Names = Annotated[list[str], Field(max_length=50)]
_Instant = Annotated[str | float | None, Field(description="Unix seconds or ISO 8601 (UTC where no zone is given)")]
_Bound = Annotated[float | None, Field(ge=-1, le=1)]


class AnswerRequestModel(BaseModel):
    """A question, and the filters of GET /search under the same names."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(max_length=_LONGEST_QUESTION)
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

    def where(self, parts: ApiParts) -> MomentFilter:
        """Raises BadQuery and BadInstant."""
        voices = heard(
            self.speaker, self.mood, self.language, self.valence_min, self.valence_max, self.arousal_min,
            self.arousal_max, self.final,
        )  # fmt: skip
        return replace(
            voices.where(parts),
            sources=tuple(self.source),
            since_s=None if self.since is None else parse_instant(str(self.since)),
            until_s=None if self.until is None else parse_instant(str(self.until)),
        )


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
    complete_until: CompleteUntil = Field(description="as in GET /search")
    took_ms: float = Field(description="of the language model")

    @staticmethod
    def of(question: str, written: WrittenAnswer, moments: list[MomentModel], complete: CompleteUntil) -> AnswerModel:
        return AnswerModel(
            question=question,
            answer=" ".join(sentence.text for sentence in written.sentences),
            sentences=[SentenceModel(text=each.text, citations=list(each.citations)) for each in written.sentences],
            dropped=written.dropped,
            note=written.note,
            model=written.model,
            moments=moments,
            complete_until=complete,
            took_ms=round(written.took_ms, 3),
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for before it's answered."""

    text: str
    modalities: tuple[Modality, ...]
    where: MomentFilter
    limit: int


class Found(Protocol):
    @property
    def moments(self) -> Sequence[RankedMoment]: ...


def answer_routes(parts: ApiParts, find: Callable[[Question], Found], answering: Answering) -> APIRouter:
    """`find` searches, in a thread, and gives moments that this asker may see, best first: nothing else is told to the
    language model, and nothing else can be cited."""
    routes = APIRouter(tags=["search"])

    def found(request: Request, asked: AnswerRequestModel) -> tuple[list[RankedMoment], list[MomentModel]]:
        question = Question(asked.q, tuple(asked.kind) or MODALITIES, asked.where(parts), asked.limit)
        moments = list(find(question).moments[: asked.limit])
        links = Links(parts.archive, parts.public_url or str(request.base_url))
        return moments, [MomentModel.of(moment, links, parts.speakers.label) for moment in moments]

    @routes.post("/answer")
    async def answer(request: Request, asked: AnswerRequestModel) -> AnswerModel:
        """A few sentences that answer the question from the moments found, each with the numbers of those it rests on;
        or, where there is no language model or it fails, the moments alone with a note."""
        if not asked.q.strip():
            raise BadRequest("q is empty: say what you want to know")
        moments, shown = await to_thread.run_sync(found, request, asked)
        written = await answering.answer(asked.q, moments, parts.speakers.label)
        complete = parts.watermarks.complete_until(asked.source)
        return AnswerModel.of(
            asked.q,
            written,
            shown,
            {source: {str(each): s for each, s in of.items()} for source, of in complete.items()},
        )

    return routes
