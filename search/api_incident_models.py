"""What the HTTP API answers about incidents and matches. Times are event times in Unix seconds (UTC)."""

from __future__ import annotations

from pydantic import BaseModel, Field

from domain.alert_making import NameOf, evidence_of, likelihood, told_text
from domain.events import Modality
from domain.incident_events import Incident, Match, MatchSuppressed, Reason
from search.clip_links import Links


class EvidenceLineModel(BaseModel):
    what: str = Field(description="scene, meaning, words, speaker or mood")
    text: str
    score: float = Field(description="0 to 1; 1 for what holds to the letter")


class MatchModel(BaseModel):
    moment_id: str
    source: str
    modality: Modality
    start_s: float
    end_s: float
    text: str
    score: float = Field(description="0 to 1, as a search's scores; 1 for what holds to the letter")
    threshold: float | None = Field(description="what the score was held against; null where there was nothing")
    evidence: list[EvidenceLineModel]
    thumbnail_url: str | None
    clip_url: str | None

    @staticmethod
    def of(match: Match, links: Links, name_of: NameOf) -> MatchModel:
        return MatchModel(
            moment_id=match.moment_id,
            source=match.source,
            modality=match.modality,
            start_s=match.start_s,
            end_s=match.end_s,
            text=match.text,
            score=round(likelihood(match.score), 3),
            threshold=None if match.threshold is None else round(likelihood(match.threshold), 3),
            evidence=[
                EvidenceLineModel(what=line.what, text=line.text, score=round(line.score, 3))
                for line in evidence_of(match, name_of)
            ],
            thumbnail_url=links.picture_url(match.thumbnail_key, match.source, match.start_s, match.end_s),
            clip_url=links.clip_url(match.source, match.start_s, match.end_s),
        )


class IncidentModel(BaseModel):
    id: str
    rule_id: str
    rule: str = Field(description="its name, or its id when it was removed")
    is_open: bool
    sources: list[str]
    start_s: float
    end_s: float
    matches: int
    is_digest: bool = Field(description="it stands for incidents that came too fast to tell each")
    incidents: int = Field(description="for how many it stands")
    text: str
    best: MatchModel

    @staticmethod
    def of(incident: Incident, is_open: bool, rule: str, links: Links, name_of: NameOf) -> IncidentModel:
        return IncidentModel(
            id=incident.id,
            rule_id=incident.rule_id,
            rule=rule,
            is_open=is_open,
            sources=list(incident.sources),
            start_s=incident.start_s,
            end_s=incident.end_s,
            matches=incident.matches,
            is_digest=incident.is_digest,
            incidents=incident.incidents,
            text=told_text(incident, name_of),
            best=MatchModel.of(incident.best, links, name_of),
        )


class IncidentsModel(BaseModel):
    incidents: list[IncidentModel]


class SuppressedModel(BaseModel):
    reason: Reason
    incident_id: str | None = Field(
        description="the digest that counts it, or the incident after which it came too soon"
    )
    match: MatchModel

    @staticmethod
    def of(event: MatchSuppressed, links: Links, name_of: NameOf) -> SuppressedModel:
        return SuppressedModel(
            reason=event.reason, incident_id=event.incident_id, match=MatchModel.of(event.match, links, name_of)
        )


class SuppressedListModel(BaseModel):
    suppressed: list[SuppressedModel]
    counts: dict[Reason, int] = Field(description="of all, also of those no longer listed")
