"""The mood of a moment: what speaks for it, and what follows. Valence and arousal after Russell's circumplex (1980)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.events import CueKind, MoodCue
from domain.mood_traits import CLIP, deviation, updated
from domain.sarcasm import sarcasm_likely
from domain.speakers import Trait

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
    speaker: str | None = None  # whose it is: an id


UNKNOWN = Mood("unknown", 0.0, 0.0, 0.0)

# Degrees on the circumplex where one label ends, halfway between its words' neighbours as Russell (1980, figure 2)
# scaled them: sleepy 272, calm 316, pleased 353, happy 8, excited 49, aroused 74, tense 93, distressed 138, miserable
# 189, sad 208, bored 242. His angry (99) lies beside tense; here anger is what is clearly unpleasant.
_LABEL_ENDS: tuple[tuple[float, MoodLabel], ...] = (
    (62, "happy"), (115, "tense"), (163, "angry"), (250, "sad"), (333, "calm"), (360, "happy"),
)  # fmt: skip
_MIDDLE = 0.2  # distance from the middle that is neutral
_PRIOR_WEIGHT = 0.3  # of most moments having no mood: one faint cue moves a mood little
_NEUTRAL_WEIGHT = 0.3  # evidence below which the middle is not neutral but unknown
_HALF_SURE_WEIGHT = 0.7
_ONE_AXIS = 0.7  # confidence when valence or arousal has no evidence at all
_SARCASM = 0.35
_FAINTEST = 0.3  # weight of a cue that says "nothing": a model's "neutral" is evidence
_KIND_WEIGHTS: Mapping[CueKind, float] = {"words": 1.0, "voice": 1.0, "picture": 0.5}


@dataclass(frozen=True, slots=True)
class _Vote:
    kind: CueKind
    what: str
    valence: float
    arousal: float
    valence_weight: float  # 0: says nothing of it
    arousal_weight: float
    is_trait: bool

    @property
    def pull(self) -> float:
        return self.valence_weight * abs(self.valence) + self.arousal_weight * abs(self.arousal)

    @property
    def weight(self) -> float:
        return max(self.valence_weight, self.arousal_weight)


def judge(cues: Sequence[MoodCue], traits: Mapping[str, Trait], text: str = "") -> Mood:
    """The mood that these cues speak of, and each one's share in it.

    Words, pictures and what a model says count as they are; a measured trait of the voice counts by its deviation from
    `traits`, how this speaker usually is (domain/mood_traits.py). No evidence is "unknown"; "neutral" takes evidence,
    and a place near the middle. `text`, where there is one, helps to notice words that are not meant: the confidence
    is low then, and whenever the cues disagree or one of the two axes has none.
    """
    votes = [vote for cue in cues if (vote := _vote(cue, traits)) is not None]
    weight = sum(vote.weight for vote in votes)
    if not weight:
        return UNKNOWN
    valence, valence_doubt = _mean([(vote.valence, vote.valence_weight, vote.is_trait) for vote in votes])
    arousal, arousal_doubt = _mean([(vote.arousal, vote.arousal_weight, vote.is_trait) for vote in votes])
    label = label_of(valence, arousal)
    if label == "neutral" and weight < _NEUTRAL_WEIGHT:
        return UNKNOWN
    confidence = weight / (weight + _HALF_SURE_WEIGHT) * (1 - min(1.0, max(valence_doubt, arousal_doubt)))
    if not any(vote.valence_weight for vote in votes) or not any(vote.arousal_weight for vote in votes):
        confidence *= _ONE_AXIS
    voice_valence = _voice([(vote.valence, vote.valence_weight) for vote in votes if vote.is_trait])[0]
    if sarcasm_likely(text, cues, voice_valence, _is_flat(cues, traits)):
        confidence *= _SARCASM
    return Mood(label, valence, arousal, confidence, _shares(votes))


def label_of(valence: float, arousal: float) -> MoodLabel:
    if math.hypot(valence, arousal) < _MIDDLE:
        return "neutral"
    degrees = math.degrees(math.atan2(arousal, valence)) % 360
    return next((label for end, label in _LABEL_ENDS if degrees < end), "happy")


def learn(traits: Mapping[str, Trait], cues: Sequence[MoodCue]) -> dict[str, Trait]:
    """How this speaker usually is, after an utterance with these cues: its measured traits are counted in."""
    learnt = dict(traits)
    for cue in cues:
        if cue.measured is not None and deviation(cue.what, cue.measured, traits) is not None:
            learnt[cue.what] = updated(learnt.get(cue.what), cue.measured)
    return learnt


def _vote(cue: MoodCue, traits: Mapping[str, Trait]) -> _Vote | None:
    if cue.valence is not None or cue.arousal is not None:
        valence, arousal = cue.valence or 0.0, cue.arousal or 0.0
        weight = _KIND_WEIGHTS[cue.kind] * (_FAINTEST + (1 - _FAINTEST) * max(abs(valence), abs(arousal)))
        return _Vote(
            cue.kind, cue.what, valence, arousal,
            weight if cue.valence is not None else 0.0, weight if cue.arousal is not None else 0.0, False,
        )  # fmt: skip
    found = None if cue.measured is None else deviation(cue.what, cue.measured, traits)
    if found is None:
        return None
    meaning, says = found.meaning, found.standard / CLIP
    return _Vote(
        cue.kind, found.what,
        says * meaning.valence_sign if meaning.valence_weight else 0.0, says * meaning.arousal_sign,
        found.trust * meaning.valence_weight, found.trust * meaning.arousal_weight, True,
    )  # fmt: skip


def _mean(votes: Sequence[tuple[float, float, bool]]) -> tuple[float, float]:
    """Mean of values by weight, drawn to 0 by the prior, and how far they are from agreeing: their deviation.

    The traits of a voice are one witness: that some stay as usual while others rise is no disagreement.
    """
    witnesses = [(value, weight) for value, weight, is_trait in votes if not is_trait]
    witnesses.append(_voice([(value, weight) for value, weight, is_trait in votes if is_trait]))
    total = sum(weight for _, weight in witnesses)
    if not total:
        return 0.0, 0.0
    middle = sum(value * weight for value, weight in witnesses) / total
    doubt = math.sqrt(sum(weight * (value - middle) ** 2 for value, weight in witnesses) / total)
    return middle * total / (total + _PRIOR_WEIGHT), doubt


def _voice(votes: Sequence[tuple[float, float]]) -> tuple[float, float]:
    weight = sum(weight for _, weight in votes)
    return (sum(value * weight for value, weight in votes) / weight if weight else 0.0), weight


def _shares(votes: Sequence[_Vote]) -> tuple[Share, ...]:
    pulls = [vote.pull for vote in votes]
    parts = pulls if sum(pulls) > 0 else [vote.weight for vote in votes]
    shares = [
        Share(vote.kind, vote.what, vote.valence, vote.arousal, part / sum(parts))
        for vote, part in zip(votes, parts, strict=True)
    ]
    return tuple(sorted(shares, key=lambda share: -share.share))


def _is_flat(cues: Sequence[MoodCue], traits: Mapping[str, Trait]) -> bool:
    melody = "pitch_sd_semitones"
    known = [
        found
        for cue in cues
        if cue.what == melody and cue.measured is not None
        if (found := deviation(melody, cue.measured, traits)) is not None
    ]
    return any(found.trust > 0.5 and found.standard <= -1 for found in known)
