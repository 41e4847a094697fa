"""The mood of a moment: what speaks for it, and what follows. Valence and arousal after Russell's circumplex (1980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.events import CueKind

MoodLabel: TypeAlias = Literal["calm", "happy", "tense", "angry", "sad", "neutral", "unknown"]

MOOD_LABELS: tuple[MoodLabel, ...] = ("calm", "happy", "tense", "angry", "sad", "neutral", "unknown")


@dataclass(frozen=True, slots=True)
class Share:
    """One cue's part in a mood."""

    kind: CueKind
    what: str  # for people: a word, "pitch above this speaker's usual"
    valence: float  # -1 to 1: what this cue alone says
    arousal: float
    share: float  # of the whole evidence, 0 to 1; all of a mood's add up to 1


@dataclass(frozen=True, slots=True)
class Mood:
    """Unknown when nothing speaks of a mood: valence, arousal and confidence are 0 then, and mean nothing."""

    label: MoodLabel
    valence: float  # -1 unpleasant to 1 pleasant
    arousal: float  # -1 sleepy to 1 excited
    confidence: float  # 0 to 1
    evidence: tuple[Share, ...] = ()  # the largest share first
