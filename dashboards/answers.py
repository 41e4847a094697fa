"""The search node's answers, checked for shape. Fields this page does not know are ignored, so that the node may grow.

Times are Unix seconds, UTC. Scores are calibrated, 0 to 1, or None where nothing was compared.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from domain.events import CueKind, Modality
from domain.mood import MoodLabel

CompleteUntil = dict[str, dict[Modality, float]]  # source -> modality -> everything before this time is indexed


class NodeAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Heard(NodeAnswer):
    id: str
    label: str


class Share(NodeAnswer):
    kind: CueKind
    what: str
    share: float  # of the mood's evidence, 0 to 1


class Mood(NodeAnswer):
    label: MoodLabel
    confidence: float  # 0 to 1
    evidence: tuple[Share, ...] = ()  # the largest share first


class Evidence(NodeAnswer):
    moment_id: str = ""
    modality: Modality
    why: str | None = None  # "picture", "meaning", "words", "voice" or "filter"; None when nothing was asked
    score: float | None = None
    start_s: float
    end_s: float
    text: str = ""
    matched_words: tuple[str, ...] = ()


class Moment(NodeAnswer):
    source: str
    start_s: float
    end_s: float
    modalities: tuple[Modality, ...] = ()
    score: float | None = None
    text: str = ""
    thumbnail_url: str | None = None
    clip_url: str | None = None  # its fragment, #t=12.5, says where in the clip the moment starts
    evidence: tuple[Evidence, ...] = ()
    speakers: tuple[Heard, ...] = ()
    moods: tuple[Mood, ...] = ()
    language: str | None = None
    is_final: bool = True  # false while the text may still change


class Filters(NodeAnswer):
    """As they were written in the query."""

    sources: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Wording(NodeAnswer):
    """One way to say what is looked for."""

    text: str = ""
    phrases: tuple[str, ...] = ()


class Clause(NodeAnswer):
    """How a part of the query was read: what must be true at one time of one source."""

    text: str = ""  # what is ranked by: words and phrases
    phrases: tuple[str, ...] = ()
    alternatives: tuple[Wording, ...] = ()  # to the text and its phrases: any one will do
    excluded: tuple[str, ...] = ()
    where: Filters = Filters()
    where_not: Filters = Filters()
    since_s: float | None = None
    until_s: float | None = None


class Found(NodeAnswer):
    moments: tuple[Moment, ...]
    understood: tuple[Clause, ...] = ()  # of several, all at the same time
    complete_until: CompleteUntil = {}
    took_ms: dict[str, float] = {}
    warnings: tuple[str, ...] = ()


class Watermark(NodeAnswer):
    until_s: float
    stored_s: float | None = None
    behind_s: float


class SourceStatus(NodeAnswer):
    source: str
    moments: dict[Modality, int] = {}
    watermarks: dict[Modality, Watermark] = {}


class Sources(NodeAnswer):
    sources: tuple[SourceStatus, ...]


class Encoder(NodeAnswer):
    role: str
    name: str
    stand_in_for: str | None = None
    warning: str | None = None


class Encoders(NodeAnswer):
    encoders: tuple[Encoder, ...]


class PartAtWork(NodeAnswer):
    ok: bool
    detail: str


class Stuck(NodeAnswer):
    detail: str  # a sentence for people


class Health(NodeAnswer):
    parts: dict[str, PartAtWork] = {}
    stuck: tuple[Stuck, ...] = ()  # stages that can't go on


class Speaker(NodeAnswer):
    id: str
    label: str
    name: str | None = None
    utterances: int
    spoken_s: float
    is_enrolled: bool = False  # known from a recording that was given on purpose


class Speakers(NodeAnswer):
    speakers: tuple[Speaker, ...]


class Place(NodeAnswer):
    """Characters of the query: from `start` on, before `end`."""

    start: int
    end: int


class Refusal(NodeAnswer):
    error: str
    at: Place | None = None
