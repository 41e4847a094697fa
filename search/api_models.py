"""What the HTTP API answers, as OpenAPI shows it. Times are event times in Unix seconds (UTC) unless they say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, Field

from domain.events import CueKind, Modality
from domain.instants import format_instant
from domain.mood import Mood, MoodLabel
from domain.ports import EncoderInfo
from domain.query import Clause, Filters, Wording
from domain.ranking import Evidence, RankedMoment, Why
from domain.stuck_stages import StuckStage
from search.clip_links import Links
from search.reranking import RerankReport, RerankStage, RerankState
from search.service import NewMoment

CompleteUntil = dict[str, dict[str, float]]


class HeardModel(BaseModel):
    """Somebody who is heard in a moment."""

    id: str
    label: str = Field(description='the name, or "speaker 7" for one nobody has named')


class ShareModel(BaseModel):
    """One cue's part in a mood, and what it alone says."""

    kind: CueKind
    what: str
    valence: float
    arousal: float
    share: float = Field(description="0 to 1; all of a mood's add up to 1")


class MoodModel(BaseModel):
    label: MoodLabel
    valence: float | None = Field(description="-1 unpleasant to 1 pleasant; null when the mood is unknown")
    arousal: float | None = Field(description="-1 sleepy to 1 excited; null when the mood is unknown")
    confidence: float
    evidence: list[ShareModel] = Field(description="the largest share first")

    @staticmethod
    def of(mood: Mood) -> MoodModel:
        is_known = mood.label != "unknown"
        return MoodModel(
            label=mood.label,
            valence=mood.valence if is_known else None,
            arousal=mood.arousal if is_known else None,
            confidence=mood.confidence,
            evidence=[
                ShareModel(kind=each.kind, what=each.what, valence=each.valence, arousal=each.arousal, share=each.share)
                for each in mood.evidence
            ],
        )


class EvidenceModel(BaseModel):
    """Why a moment was found: one picture, utterance or text in it."""

    moment_id: str
    modality: Modality
    why: Why
    score: float = Field(description="0 to 1, comparable between modalities")
    raw_score: float = Field(description="the engine's own: cosine, or BM25")
    start_s: float
    end_s: float
    text: str
    matched_words: list[str]
    encoder: str
    is_final: bool

    @staticmethod
    def of(evidence: Evidence) -> EvidenceModel:
        return EvidenceModel(
            moment_id=evidence.moment_id,
            modality=evidence.modality,
            why=evidence.why,
            score=evidence.score,
            raw_score=evidence.raw_score,
            start_s=evidence.start_s,
            end_s=evidence.end_s,
            text=evidence.text,
            matched_words=list(evidence.matched_words),
            encoder=evidence.encoder,
            is_final=evidence.is_final,
        )


class MomentModel(BaseModel):
    source: str
    start_s: float
    end_s: float
    time: str = Field(description="of the start, ISO 8601, UTC")
    modalities: list[Modality]
    score: float | None = Field(description="0 to 1; null where nothing was compared")
    text: str
    thumbnail_url: str | None
    clip_url: str | None = Field(description="MP4 around the moment, `#t=` where it begins; null when none is archived")
    evidence: list[EvidenceModel] = Field(description="best first; empty where nothing was asked for")
    speakers: list[HeardModel] = Field(description="heard in it")
    moods: list[MoodModel] = Field(description="of the speech heard in it and of what is seen")
    language: str | None = Field(description="of the text: ISO 639-1, where it is known")
    is_final: bool = Field(description="false while the text may still change")

    @staticmethod
    def of(moment: RankedMoment | NewMoment, links: Links, label_of: Callable[[str], str | None]) -> MomentModel:
        if isinstance(moment, RankedMoment):
            is_compared = any(each.why != "filter" for each in moment.evidence)
            score, evidence = (
                moment.score if is_compared else None,
                [EvidenceModel.of(each) for each in moment.evidence],
            )
            modalities = list(dict.fromkeys(each.modality for each in moment.evidence))
        else:
            score, evidence, modalities = None, [], [moment.modality]
        return MomentModel(
            source=moment.source,
            start_s=moment.start_s,
            end_s=moment.end_s,
            time=format_instant(moment.start_s),
            modalities=modalities,
            score=score,
            text=moment.text,
            thumbnail_url=links.thumbnail_url(moment.thumbnail_key),
            clip_url=links.clip_url(moment.source, moment.start_s, moment.end_s),
            evidence=evidence,
            speakers=_heard(moment.labels.speakers, label_of),
            moods=[MoodModel.of(mood) for mood in moment.labels.moods],
            language=moment.language or None,
            is_final=moment.is_final,
        )


class FiltersModel(BaseModel):
    sources: list[str]
    speakers: list[str]
    moods: list[str]
    languages: list[str]
    kinds: list[str]

    @staticmethod
    def of(filters: Filters) -> FiltersModel:
        return FiltersModel(**{name: list(values) for name, values in asdict(filters).items()})


class WordingModel(BaseModel):
    text: str
    phrases: list[str]

    @staticmethod
    def of(wording: Wording) -> WordingModel:
        return WordingModel(text=wording.text, phrases=list(wording.phrases))


class ClauseModel(BaseModel):
    """What must be true at one time of one source."""

    text: str = Field(description="what is ranked by")
    phrases: list[str] = Field(description="must be said or written, word for word")
    alternatives: list[WordingModel] = Field(description="to the text and its phrases: any one will do")
    excluded: list[str] = Field(description="must not be there")
    where: FiltersModel
    where_not: FiltersModel
    since_s: float | None
    until_s: float | None

    @staticmethod
    def of(clause: Clause) -> ClauseModel:
        return ClauseModel(
            text=clause.text,
            phrases=list(clause.phrases),
            alternatives=[WordingModel.of(each) for each in clause.alternatives],
            excluded=list(clause.excluded),
            where=FiltersModel.of(clause.where),
            where_not=FiltersModel.of(clause.where_not),
            since_s=clause.since_s,
            until_s=clause.until_s,
        )


class RerankModel(BaseModel):
    """What a closer look at the best moments did."""

    stage: RerankStage
    state: RerankState = Field(
        description='"in part": there was time for some; "late" and others: the fast order stands'
    )
    model: str | None
    considered: int = Field(description="moments that it had a say in")
    took_ms: float

    @staticmethod
    def of(report: RerankReport) -> RerankModel:
        return RerankModel(**asdict(report))


class SearchModel(BaseModel):
    query: str
    understood: list[ClauseModel] = Field(description="how the query was read; of several, all at the same time")
    moments: list[MomentModel]
    complete_until: CompleteUntil = Field(
        description="by source and modality, up to when the index is complete: later than that, no match may only mean "
        "not indexed yet"
    )
    reranked: list[RerankModel] = Field(description="by stage; empty where nothing was ranked by words")
    took_ms: dict[str, float]
    warnings: list[str]


class NewestModel(BaseModel):
    moments: list[MomentModel]
    complete_until: CompleteUntil


class WatermarkModel(BaseModel):
    until_s: float
    stored_s: float = Field(description="clock time of the store's acknowledgement")
    behind_s: float = Field(description="how far `until_s` lies behind the clock")


class SourceModel(BaseModel):
    source: str
    moments: dict[str, int]
    watermarks: dict[str, WatermarkModel]


class SourcesModel(BaseModel):
    sources: list[SourceModel]


class EncoderModel(BaseModel):
    role: str
    name: str
    origin: str
    licence: str
    vector_size: int
    device: str
    stand_in_for: str | None
    warning: str | None

    @staticmethod
    def of(info: EncoderInfo) -> EncoderModel:
        return EncoderModel(
            role=info.role,
            name=info.name,
            origin=info.origin,
            licence=info.licence,
            vector_size=info.vector_size,
            device=info.device,
            stand_in_for=info.stand_in_for,
            warning=info.warning,
        )


class EncodersModel(BaseModel):
    encoders: list[EncoderModel]


class PartModel(BaseModel):
    ok: bool
    detail: str


class StuckModel(BaseModel):
    """A stage that has failed for a minute at one record, or not come back for five."""

    stage: str = Field(description="the agent's name in topology.yaml")
    topic: str | None = Field(description="null, with the three below it, when it waits for no record of its own")
    partition: int | None
    offset: int | None
    source: str | None
    since_s: float
    doing: str
    error: str = Field(description="the last one; empty when it only does not come back")
    detail: str = Field(description="all of it as one sentence")

    @classmethod
    def of(cls, stuck: StuckStage) -> StuckModel:
        return cls(
            stage=stuck.stage, topic=stuck.topic, partition=stuck.partition, offset=stuck.offset, source=stuck.source,
            since_s=stuck.since_s, doing=stuck.doing, error=stuck.error, detail=stuck.sentence(),
        )  # fmt: skip


class HealthModel(BaseModel):
    status: Literal["ready", "degraded", "not ready"] = Field(
        description="ready: all works; degraded: this node serves, and a part beside it does not work or is not known "
        "to; not ready: this node does not serve"
    )
    parts: dict[str, PartModel]
    lag: dict[str, int] = Field(description="records not read yet, by topic")
    warnings: list[str]
    stuck: list[StuckModel] = Field(description="stages that can't go on; also among the warnings")


class PlaceModel(BaseModel):
    start: int
    end: int


class ErrorModel(BaseModel):
    error: str = Field(description="what is wrong and what to do")
    at: PlaceModel | None = Field(default=None, description="which characters of the query are meant")


NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": ErrorModel}}  # a route's `responses`


def stand_in_warnings(encoders: tuple[EncoderInfo, ...]) -> list[str]:
    """One sentence for each model that stands in for the one wanted."""
    return [
        f"{info.role}: {info.name} stands in for {info.stand_in_for}" + (f": {info.warning}" if info.warning else "")
        for info in encoders
        if info.stand_in_for is not None
    ]


def _heard(ids: Iterable[str], label_of: Callable[[str], str | None]) -> list[HeardModel]:
    """Two ids that were found to be one voice have one label; an id of nobody has none."""
    labels = {label: id for id in reversed(list(ids)) if (label := label_of(id)) is not None}
    return [HeardModel(id=id, label=label) for label, id in reversed(labels.items())]
