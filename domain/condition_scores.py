"""How well a condition holds in a moment, and by what."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
    Graded,
    Meaning,
    MoodIs,
    Not,
    OfKind,
    Picture,
    SceneText,
    Speaker,
    Voice,
    While,
    Words,
    space_of,
)
from domain.events import Vector
from domain.moment_reading import Exact, Reading
from domain.moments import share_time
from domain.mood import Mood

WitnessKind: TypeAlias = Literal["words", "meaning", "scene", "picture", "voice", "speaker", "mood"]

CERTAIN = math.inf  # the score of what holds to the letter


@dataclass(frozen=True, slots=True)
class Witness:
    """One leaf that held, and the moment it held in."""

    kind: WitnessKind
    what: str  # for people: the words, the text, the key of the picture, the speaker, the mood
    score: float  # standard score, or CERTAIN
    moment_id: str


@dataclass(frozen=True, slots=True)
class Holding:
    score: float  # of the whole: the least of all that had to hold
    witnesses: tuple[Witness, ...]


Scorer: TypeAlias = Callable[[Reading, Sequence[Reading]], Holding | None]


def scorer(condition: Condition, vectors: Mapping[Graded, Vector], likely: float) -> Scorer:
    """A function of a moment and of those that share time with it -> how the condition holds, or None.

    `vectors` has one for every graded leaf; `likely` is the standard score from which what is excluded counts as there.
    Raises KeyError when a vector is missing.
    """
    match condition:
        case Words():
            return _worded(condition)
        case Meaning() | SceneText() | Picture() | Voice():
            return _graded(condition, np.asarray(vectors[condition], np.float32).astype(np.float64))
        case Speaker():
            return _spoken(condition)
        case MoodIs():
            return _in_mood(condition)
        case OfKind():
            return _of_kind(condition)
        case AllOf(parts):
            return _all([scorer(part, vectors, likely) for part in parts])
        case AnyOfThem(parts):
            return _any([scorer(part, vectors, likely) for part in parts])
        case Not(part):
            return _absent(scorer(part, vectors, likely), likely)
        case While(what, during):
            return _at_once(scorer(what, vectors, likely), scorer(during, vectors, likely))


def named(leaf: Graded) -> str:
    match leaf:
        case Meaning(text) | SceneText(text):
            return text
        case Picture(key=key):
            return key or "like the example picture"
        case Voice(speaker=speaker):
            return speaker or "like the example voice"


def moods_that_fit(mood: MoodIs, moods: Sequence[Mood]) -> list[Mood]:
    return [each for each in moods if _fits(mood, each)]


def _graded(leaf: Graded, example: Exact) -> Scorer:
    space, what = space_of(leaf), named(leaf)

    def score(reading: Reading, _: Sequence[Reading]) -> Holding | None:
        standard = reading.standard(space, example)
        return None if standard is None else Holding(standard, (Witness(space, what, standard, reading.id),))

    return score


def _worded(words: Words) -> Scorer:
    what = " ".join(filter(None, [words.text, *(f'"{phrase}"' for phrase in words.phrases)]))

    def score(reading: Reading, _: Sequence[Reading]) -> Holding | None:
        return _certain("words", what, reading) if words.stand_in(reading.moment.text) else None

    return score


def _spoken(speaker: Speaker) -> Scorer:
    def score(reading: Reading, _: Sequence[Reading]) -> Holding | None:
        heard = next((id for id in reading.labels.speakers if id in speaker.ids), None)
        return None if heard is None else _certain("speaker", heard, reading)

    return score


def _in_mood(mood: MoodIs) -> Scorer:
    def score(reading: Reading, _: Sequence[Reading]) -> Holding | None:
        fitting = moods_that_fit(mood, reading.labels.moods)
        return _certain("mood", fitting[0].label, reading) if fitting else None

    return score


def _of_kind(asked: OfKind) -> Scorer:
    def score(reading: Reading, _: Sequence[Reading]) -> Holding | None:
        return Holding(CERTAIN, ()) if reading.moment.modality in asked.kinds else None

    return score


def _all(scorers: Sequence[Scorer]) -> Scorer:
    def score(reading: Reading, near: Sequence[Reading]) -> Holding | None:
        held = []
        for each in scorers:
            holding = each(reading, near)
            if holding is None:
                return None
            held.append(holding)
        return _together(held)

    return score


def _any(scorers: Sequence[Scorer]) -> Scorer:
    def score(reading: Reading, near: Sequence[Reading]) -> Holding | None:
        return _best([each(reading, near) for each in scorers])

    return score


def _absent(scorer: Scorer, likely: float) -> Scorer:
    def score(reading: Reading, near: Sequence[Reading]) -> Holding | None:
        holding = scorer(reading, near)
        return None if holding is not None and holding.score >= likely else Holding(CERTAIN, ())

    return score


def _at_once(what: Scorer, during: Scorer) -> Scorer:
    def pair(reading: Reading, near: Sequence[Reading], one: Scorer, other: Scorer) -> list[Holding | None]:
        there = [other(each, near) for each in near if share_time(each.moment, reading.moment)]
        others = [each for each in (other(reading, near), *there) if each is not None]
        own = one(reading, near) if others else None
        return [] if own is None else [_together([own, each]) for each in others]

    def score(reading: Reading, near: Sequence[Reading]) -> Holding | None:
        # Either may come first: what was seen is described sooner than what was said is transcribed.
        return _best([*pair(reading, near, what, during), *pair(reading, near, during, what)])

    return score


def _certain(kind: WitnessKind, what: str, reading: Reading) -> Holding:
    return Holding(CERTAIN, (Witness(kind, what, CERTAIN, reading.id),))


def _together(held: Sequence[Holding]) -> Holding:
    witnesses = dict.fromkeys(witness for each in held for witness in each.witnesses)
    return Holding(min(each.score for each in held), tuple(sorted(witnesses, key=_by_kind)))


def _best(holdings: Sequence[Holding | None]) -> Holding | None:
    """The highest; among equals the one whose witnesses come first by name, so that the order of moments is nothing."""
    held = [each for each in holdings if each is not None]
    return min(held, key=lambda each: (-each.score, [_by_kind(witness) for witness in each.witnesses]), default=None)


def _by_kind(witness: Witness) -> tuple[str, str, str]:
    return witness.kind, witness.what, witness.moment_id


def _fits(asked: MoodIs, mood: Mood) -> bool:
    if asked.speakers and mood.speaker not in asked.speakers:
        return False
    if asked.labels and mood.label not in asked.labels:
        return False
    if mood.label == "unknown" and not asked.labels:
        return False  # its valence and arousal mean nothing
    return _within(mood.valence, asked.valence) and _within(mood.arousal, asked.arousal)


def _within(value: float, bounds: tuple[float, float] | None) -> bool:
    return bounds is None or bounds[0] <= value <= bounds[1]
