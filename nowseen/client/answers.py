"""What a node answers beside moments, in the same manner: moments.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from nowseen.client.moments import Moment, Said, utc


class Filters(Said):
    sources: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Wording(Said):
    """One way to say what is looked for."""

    text: str = ""
    phrases: tuple[str, ...] = ()


class Clause(Said):
    """How a part of the query was read: what must be true at one time of one source."""

    text: str = ""  # what is ranked by
    phrases: tuple[str, ...] = ()  # must be said or written, word for word
    alternatives: tuple[Wording, ...] = ()  # to the text and its phrases: any one will do
    excluded: tuple[str, ...] = ()  # must not be there
    where: Filters = Filters()
    where_not: Filters = Filters()
    since_s: float | None = None
    until_s: float | None = None

    @property
    def since(self) -> datetime | None:
        return None if self.since_s is None else utc(self.since_s)

    @property
    def until(self) -> datetime | None:
        return None if self.until_s is None else utc(self.until_s)


class Reranked(Said):
    """What a closer look at the best moments did: "words" or "pictures"."""

    stage: str
    state: str  # "done", "absent", "late" and so on: where it is not "done", the fast order stands
    model: str | None = None
    considered: int = 0  # moments that it had a say in
    took_ms: float = 0.0


class Answer(Said):
    """Moments: of a search the best first, of the newest the latest.

    `complete_until` says by source and modality up to which time everything is indexed. What is not found and happened
    before is not there; what happened later may still turn up.
    """

    moments: tuple[Moment, ...]
    complete_until: Mapping[str, Mapping[str, float]] = {}
    query: str = ""
    understood: tuple[Clause, ...] = ()  # of several, all at the same time
    reranked: tuple[Reranked, ...] = ()
    took_ms: Mapping[str, float] = {}  # by stage
    warnings: tuple[str, ...] = ()


class Sentence(Said):
    """Of a language model, with the numbers of its moments in brackets."""

    text: str
    citations: tuple[int, ...]  # positions in `moments`, counted from 1


class CitedAnswer(Said):
    """What a language model wrote about moments of a search, every sentence citing some; or why it wrote nothing."""

    question: str
    answer: str  # the sentences together; empty where there is none
    sentences: tuple[Sentence, ...] = ()
    dropped: int = 0  # sentences left out, because they cited none of the moments
    note: str | None = None  # why there is no answer, where there is none
    model: str | None = None
    moments: tuple[Moment, ...] = ()  # what the search found and the sentences cite, best first
    complete_until: Mapping[str, Mapping[str, float]] = {}  # as in Answer
    reranked: tuple[Reranked, ...] = ()
    warnings: tuple[str, ...] = ()
    took_ms: float = 0.0  # of the language model


class Watermark(Said):
    """Up to when one modality of a source is indexed."""

    until_s: float
    stored_s: float | None = None  # when the store acknowledged it, by the node's clock
    behind_s: float  # how far `until_s` lies behind the node's clock

    @property
    def until(self) -> datetime:
        return utc(self.until_s)

    @property
    def stored(self) -> datetime | None:
        return None if self.stored_s is None else utc(self.stored_s)


class Source(Said):
    source: str
    moments: Mapping[str, int] = {}  # by modality
    watermarks: Mapping[str, Watermark] = {}  # by modality


class Sources(Said):
    sources: tuple[Source, ...]


class Speaker(Said):
    """A voice that was told apart from others."""

    id: str  # stays, whatever the speaker is called
    label: str  # the name, else "speaker 7"
    name: str | None = None
    number: int = 0
    utterances: int = 0
    spoken_s: float = 0.0
    first_heard_s: float
    last_heard_s: float
    sources: tuple[str, ...] = ()
    is_enrolled: bool = False  # known from a recording that was given on purpose
    consent: str | None = None

    @property
    def first_heard(self) -> datetime:
        return utc(self.first_heard_s)

    @property
    def last_heard(self) -> datetime:
        return utc(self.last_heard_s)


class Speakers(Said):
    speakers: tuple[Speaker, ...]


class RuleOfSpeaker(Said):
    """A rule that knows a speaker: it holds the vector of a "voice" like it, names the "speaker" in its query, or has
    the speaker "excluded"."""

    id: str
    name: str
    query: str = ""
    why: str
    likeness: float | None = None  # of the voice, 0 to 1; below about 0.82 it may well be another's


class Forgotten(Said):
    """A speaker is."""

    label: str
    rules_removed: tuple[RuleOfSpeaker, ...] = ()
    rules_left: tuple[RuleOfSpeaker, ...] = ()
    not_looked_into: int = 0  # rules that are left out, which may hold the voice or not


class Encoder(Said):
    """A model in use."""

    role: str
    name: str
    origin: str = ""
    licence: str = ""
    vector_size: int = 0
    device: str = ""
    stand_in_for: str | None = None  # the model that was wanted
    warning: str | None = None  # what the stand-in can't do


class Encoders(Said):
    encoders: tuple[Encoder, ...]


class Part(Said):
    ok: bool
    detail: str = ""


class Stuck(Said):
    """A stage that has failed for a minute at one record, or not come back for five."""

    stage: str
    topic: str | None = None  # None, as the three below it, when it waits for no record of its own
    partition: int | None = None
    offset: int | None = None
    source: str | None = None
    since_s: float
    doing: str
    error: str = ""  # the last one
    detail: str = ""  # all of it as one sentence

    @property
    def since(self) -> datetime:
        return utc(self.since_s)


class Health(Said):
    status: str  # "ready", "degraded" (the node serves, a part beside it does not work) or "not ready"
    parts: Mapping[str, Part]
    lag: Mapping[str, int] = {}  # records not read yet, by topic
    warnings: tuple[str, ...] = ()
    stuck: tuple[Stuck, ...] = ()

    @property
    def is_ready(self) -> bool:
        return self.status == "ready"
