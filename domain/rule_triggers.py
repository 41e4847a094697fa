"""Which rules are worth a look at a moment, without looking at each: what must be there for a condition to hold.

A condition that asks for several things needs one of them to be watched: the rarest. That is how queries that stand
are indexed where documents stream by (Yan and Garcia-Molina, "Index Structures for Selective Dissemination of
Information Under the Boolean Model", 1994, section 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

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
)
from domain.ports import Labels
from domain.words_in_common import words_of

Key: TypeAlias = tuple[Literal["word", "speaker", "mood"], str]

_ANY_MOOD = ""
_RARITY = {"word": 0, "speaker": 1, "graded": 2, "mood": 3}


@dataclass(frozen=True, slots=True)
class Triggers:
    """Unless one of these is in a moment, the condition does not hold in it."""

    keys: tuple[Key, ...] = ()
    graded: tuple[Graded, ...] = ()

    @property
    def rarity(self) -> int:
        """Of the most common of them: 0 is the rarest."""
        return max([*(_RARITY[kind] for kind, _ in self.keys), *(_RARITY["graded"] for _ in self.graded)], default=-1)


def triggers_of(condition: Condition) -> Triggers | None:
    """None for a condition that something absent, or any moment of a kind, is enough for: no rule has such a one as its
    whole."""
    match condition:
        case Words():
            return Triggers((("word", max(condition.needed, key=len)),)) if condition.needed else Triggers()
        case Speaker(ids):
            return Triggers(tuple(("speaker", id) for id in ids))
        case MoodIs(labels):
            return Triggers(tuple(("mood", label) for label in labels) or (("mood", _ANY_MOOD),))
        case Meaning() | SceneText() | Picture() | Voice():
            return Triggers(graded=(condition,))
        case AllOf(parts):
            found = [each for part in parts if (each := triggers_of(part)) is not None]
            return min(found, key=lambda each: (each.rarity, len(each.keys) + len(each.graded)), default=None)
        case AnyOfThem(parts):
            return _union([triggers_of(part) for part in parts])
        case While(what, during):
            return _union([triggers_of(what), triggers_of(during)])
        case Not() | OfKind():
            return None


def needed_at_once(condition: Condition) -> tuple[frozenset[Key], ...]:
    """Of each of these at least one is in the moment, or in one at the same time, or the condition does not hold."""
    if not isinstance(condition, While):
        return ()
    halves = [triggers_of(condition.what), triggers_of(condition.during)]
    return tuple(frozenset(half.keys) for half in halves if half is not None and not half.graded)


def _union(all: list[Triggers | None]) -> Triggers | None:
    found = [each for each in all if each is not None]
    if len(found) < len(all):
        return None
    keys = dict.fromkeys(key for each in found for key in each.keys)
    return Triggers(tuple(keys), tuple(dict.fromkeys(leaf for each in found for leaf in each.graded)))


class TriggerIndex:
    """Owners by key. Adding and removing take the time of the owner's keys."""

    def __init__(self) -> None:
        self._owners: defaultdict[Key, set[int]] = defaultdict(set)

    def add(self, owner: int, keys: tuple[Key, ...]) -> None:
        for key in keys:
            self._owners[key].add(owner)

    def remove(self, owner: int, keys: tuple[Key, ...]) -> None:
        for key in keys:
            self._owners[key].discard(owner)
            if not self._owners[key]:
                del self._owners[key]

    def pulled(self, text: str, labels: Labels) -> set[int]:
        """Owners of which at least one key is in the text or among the labels."""
        if not self._owners:
            return set()
        return {owner for key in keys_in(text, labels) for owner in self._owners.get(key, ())}


def keys_in(text: str, labels: Labels) -> Iterator[Key]:
    for word in dict.fromkeys(words_of(text)):
        yield "word", word
    for speaker in labels.speakers:
        yield "speaker", speaker
    for mood in labels.moods:
        yield "mood", mood.label
    if labels.moods:
        yield "mood", _ANY_MOOD
