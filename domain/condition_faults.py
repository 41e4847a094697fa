"""What is wrong with a condition before a single moment was compared: it can never hold, or it always does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
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
    modalities_of,
    parts_of,
    walk,
)
from domain.events import MODALITIES, Vector
from domain.mood import MOOD_LABELS, label_of
from domain.words_in_common import words_of

MOST_PARTS = 100
DEEPEST = 10
LONGEST_TEXT = 2000  # characters
UNIT_TOLERANCE = 0.01  # how far from 1 the length of a vector that was kept as float16 may be
_BETWEEN = "nowseenbetween"
_GRID = 41  # values tried along valence and along arousal


def condition_faults(condition: Condition) -> tuple[str, ...]:
    """Every fault in plain sentences that say what to change; none for a condition that may or may not hold.

    That there are none does not prove that it will ever hold. Those found are certain.
    """
    if sum(1 for _ in walk(condition)) > MOST_PARTS or _depth(condition) > DEEPEST:
        return (f"the condition is too large: {MOST_PARTS} parts and {DEEPEST} levels are the most",)
    faults = [fault for each in walk(condition) for fault in _own_faults(each)]
    if not faults and not _is_asked_for(condition):
        faults.append("it matches everything that is not excluded: add what should be seen or said")
    return tuple(dict.fromkeys(faults))


def _own_faults(condition: Condition) -> Iterator[str]:
    match condition:
        case Words(text, phrases):
            if not text.strip() and not phrases:
                yield "it can never match: no words are given"
            for each in (text, *phrases):
                yield from _text_faults(each, empty_is_fine=each == text and bool(phrases))
                if each.strip() and not words_of(each):
                    yield f"it can never match: {each[:40]!r} holds no word"
        case Meaning(text) | SceneText(text):
            yield from _text_faults(text)
        case Picture(key=key, vector=vector):
            yield from _example_faults("picture", "key", key, vector)
        case Voice(speaker=speaker, vector=vector):
            yield from _example_faults("voice", "speaker", speaker, vector)
        case Speaker(ids):
            if not ids or not all(id.strip() for id in ids):
                yield "it can never match: a speaker is named by an id, and one is missing"
        case MoodIs():
            yield from _mood_faults(condition)
        case OfKind(kinds):
            if not kinds or set(kinds) - set(MODALITIES):
                yield f"it can never match: a moment is one of {', '.join(MODALITIES)}"
        case AllOf(parts):
            if not parts:
                yield "it can never match: 'all of' holds nothing"
            yield from _contradictions(parts)
        case AnyOfThem(parts):
            if not parts:
                yield "it can never match: 'any of' holds nothing"
        case While(what, during):
            if any(isinstance(each, While) for part in (what, during) for each in walk(part)):
                yield "a 'while' inside a 'while' is not understood: put all that holds at one time side by side"
        case Not():
            pass


def _text_faults(text: str, empty_is_fine: bool = False) -> Iterator[str]:
    if not text.strip() and not empty_is_fine:
        yield "it can never match: a text is empty"
    if len(text) > LONGEST_TEXT:
        yield f"a text has {len(text)} characters; {LONGEST_TEXT} are the most"


def _example_faults(what: str, name: str, key: str, vector: Vector) -> Iterator[str]:
    if bool(key.strip()) == bool(vector):
        yield f"a {what} is given by its {name} or by its vector: exactly one of them"
    if vector and not (all(map(math.isfinite, vector)) and abs(math.hypot(*vector) - 1) < UNIT_TOLERANCE):
        yield f"the vector of a {what} is not of unit length"


def _mood_faults(mood: MoodIs) -> Iterator[str]:
    if unknown := sorted(set(mood.labels) - set(MOOD_LABELS)):
        yield f"{', '.join(unknown)} is not a mood; there are {', '.join(MOOD_LABELS)}"
        return
    for name, bounds in (("valence", mood.valence), ("arousal", mood.arousal)):
        if bounds is not None and not -1 <= bounds[0] <= bounds[1] <= 1:
            yield f"it can never match: {name} from {bounds[0]} to {bounds[1]}; the lower comes first, both -1 to 1"
            return
    anything = (None, (-1, 1))
    if mood.valence in anything and mood.arousal in anything and set(mood.labels) in (set(), set(MOOD_LABELS)):
        yield "it matches every mood: name some, or bounds of valence or arousal"
    elif mood.labels and not _has_label(mood):
        yield f"it can never match: no mood within these bounds is {' or '.join(mood.labels)}"


def _has_label(mood: MoodIs) -> bool:
    """Whether somewhere within the bounds is a mood of one of the labels. Passes over what is thinner than a step."""
    (lowest, highest), (calmest, liveliest) = mood.valence or (-1.0, 1.0), mood.arousal or (-1.0, 1.0)
    if "unknown" in mood.labels and lowest <= 0 <= highest and calmest <= 0 <= liveliest:
        return True
    return any(
        label_of(float(valence), float(arousal)) in mood.labels
        for valence in np.linspace(lowest, highest, _GRID)
        for arousal in np.linspace(calmest, liveliest, _GRID)
    )


def _contradictions(parts: Sequence[Condition]) -> Iterator[str]:
    kinds = modalities_of(AllOf(tuple(parts)))
    if parts and not kinds and all(modalities_of(part) for part in parts):
        yield (
            "it can never match: no single moment is seen and said. "
            "Join what is seen and what is said by 'while', which asks for the same time instead"
        )
    excluded = [part.part for part in parts if isinstance(part, Not)]
    asked = [part for part in parts if not isinstance(part, Not)]
    for each in excluded:
        if each in asked or (isinstance(each, Words) and _follows(each, asked)):
            yield "it can never match: the same is asked for and excluded"
    named = [set(part.ids) for part in asked if isinstance(part, Speaker)]
    if kinds == {"speech"} and named and not set.intersection(*named):
        yield "it can never match: an utterance has one speaker, and two are asked for"


def _follows(excluded: Words, asked: Sequence[Condition]) -> bool:
    """Whether every text that holds all that is asked for holds these words too."""
    words = [part for part in asked if isinstance(part, Words)]
    # All that is certain to be in such a text, and kept apart, so that nothing is a phrase by chance.
    certain = [piece for part in words for piece in (*part.needed, *part.phrases)]
    return excluded.stand_in(f" {_BETWEEN} ".join(certain))


def _is_asked_for(condition: Condition) -> bool:
    """Whether it takes something to be there, and not only something to be absent."""
    match condition:
        case Not() | OfKind():
            return False
        case AllOf(parts):
            return any(map(_is_asked_for, parts))
        case AnyOfThem(parts):
            return all(map(_is_asked_for, parts))
        case While(what, during):
            return _is_asked_for(what) and _is_asked_for(during)
        case _:
            return True


def _depth(condition: Condition) -> int:
    level, depth = [condition], 0
    while level:
        level, depth = [part for each in level for part in parts_of(each)], depth + 1
    return depth
