"""Moments as a node tells them, and what all its answers have in common.

Answers are frozen, and without the fields this version does not know, so that the node may grow. Times are event times
in Unix seconds, and the same as `datetime` in UTC under the name without `_s`. Scores go from 0 to 1 and compare
between pictures, meaning and words. Names from a short list (`modality`, `why`, a mood's `label`) are strings here: a
node newer than this client may have more of them. What an older node does not say has a default.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict


def utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Heard(Said):
    """Somebody who is heard in a moment."""

    id: str
    label: str  # the name, or "speaker 7"


class Share(Said):
    """One cue's part in a mood, and what it alone says."""

    kind: str  # "words", "voice" or "picture"
    what: str
    valence: float = 0.0
    arousal: float = 0.0
    share: float


class Mood(Said):
    label: str  # "calm", "happy", "tense", "angry", "sad", "neutral" or "unknown"
    valence: float | None = None  # -1 unpleasant to 1 pleasant; None when the mood is unknown
    arousal: float | None = None  # -1 sleepy to 1 excited; likewise
    confidence: float
    evidence: tuple[Share, ...] = ()  # the largest share first


class Evidence(Said):
    """Why a moment was found: one picture, utterance or text in it."""

    moment_id: str
    modality: str  # "scene", "speech" or "text"
    why: str  # "picture", "meaning", "words", "voice" or "filter"
    score: float
    raw_score: float = 0.0  # the engine's own: cosine, or BM25
    start_s: float
    end_s: float
    text: str = ""
    matched_words: tuple[str, ...] = ()
    encoder: str = ""
    is_final: bool = True

    @property
    def start(self) -> datetime:
        return utc(self.start_s)

    @property
    def end(self) -> datetime:
        return utc(self.end_s)


class Moment(Said):
    """A stretch of one source's time."""

    source: str
    start_s: float
    end_s: float
    modalities: tuple[str, ...] = ()
    score: float | None = None  # None where nothing was asked for, as among the newest
    text: str = ""
    thumbnail_url: str | None = None
    clip_url: str | None = None  # a player starts where its `#t=` says
    evidence: tuple[Evidence, ...] = ()  # best first; empty among the newest
    speakers: tuple[Heard, ...] = ()
    moods: tuple[Mood, ...] = ()
    language: str | None = None  # ISO 639-1, where it is known
    is_final: bool = True  # False while the text may still change

    @property
    def start(self) -> datetime:
        return utc(self.start_s)

    @property
    def end(self) -> datetime:
        return utc(self.end_s)

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all that was found in it, the best first."""
        return tuple(dict.fromkeys(each.moment_id for each in self.evidence))

    def cut_to(self, evidence: Sequence[Evidence]) -> Moment:
        """What of it this evidence, which is not empty, shows: its time, text and score. Pictures, clip, speakers and
        moods stay those of all of it."""
        if tuple(evidence) == self.evidence:
            return self
        worded = next((each for each in evidence if each.text), evidence[0])
        return self.model_copy(
            update={
                "start_s": min(each.start_s for each in evidence),
                "end_s": max(each.end_s for each in evidence),
                "modalities": tuple(dict.fromkeys(each.modality for each in evidence)),
                "score": max(each.score for each in evidence),
                "text": worded.text,
                "evidence": tuple(evidence),
                "is_final": worded.is_final,
            }
        )
