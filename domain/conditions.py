"""What a standing query asks of a moment, as a small tree.

Leaves that compare vectors (`Meaning`, `SceneText`, `Picture`, `Voice`) are graded: they say how much. The others hold
or don't. `AllOf` takes the least of its parts and `AnyOfThem` the most, as fuzzy logic does (Zadeh, "Fuzzy Sets", 1965,
section II); `Not` is no grade, because the absence of a likeness is no likeness of anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.events import MODALITIES, Modality, Vector
from domain.mood import MoodLabel
from domain.words_in_common import PHRASE, match_words

Space: TypeAlias = Literal["meaning", "scene", "picture", "voice"]

# The name of a moment's vector that each kind of graded leaf is compared with.
VECTOR_NAMES: dict[Space, str] = {"meaning": "text", "scene": "image", "picture": "image", "voice": "voice"}


@dataclass(frozen=True, slots=True)
class Words:
    """Said or written: every word of `text` in any order, and each phrase word for word. Case and accents don't count.

    Words that say nothing ("the", "of") are not asked for, unless there are no others.
    """

    text: str = ""
    phrases: tuple[str, ...] = ()

    def stand_in(self, text: str) -> bool:
        every_word = not self.text.strip() or match_words(self.text, text).score >= 1.0 - PHRASE
        return every_word and all(match_words(phrase, text).score == 1.0 for phrase in self.phrases)

    @property
    def needed(self) -> tuple[str, ...]:
        """Single words, folded, without which they stand nowhere."""
        return tuple(
            dict.fromkeys(word for each in (self.text, *self.phrases) for word in match_words(each, each).words)
        )


@dataclass(frozen=True, slots=True)
class Meaning:
    """Said or written, in whatever words."""

    text: str


@dataclass(frozen=True, slots=True)
class SceneText:
    """Seen, as these words describe it."""

    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Seen, like an example: one that is kept under a key, or its vector (unit length) and the encoder that made it."""

    key: str = ""
    vector: Vector = ()
    encoder: str = ""  # by name; empty: whoever made the rule vouches for it


@dataclass(frozen=True, slots=True)
class Voice:
    """Heard, in a voice like that of a speaker (an id) or of a vector (unit length) that an encoder made. `Speaker`
    asks whose it was found to be."""

    speaker: str = ""
    vector: Vector = ()
    encoder: str = ""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One of these people is heard: ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoodIs:
    """Somebody, or one of `speakers` when there are any, is heard in one of these moods and within these bounds."""

    labels: tuple[MoodLabel, ...] = ()
    valence: tuple[float, float] | None = None  # lowest and highest, both included, -1 to 1
    arousal: tuple[float, float] | None = None
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfKind:
    """The moment is a scene, speech or text. It only narrows: beside something that is asked for."""

    kinds: tuple[Modality, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part, in one moment."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOfThem:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Only beside something that is asked for. What is graded counts as there when it more likely is than not."""

    part: Condition


@dataclass(frozen=True, slots=True)
class While:
    """`what` in one moment and `during` in one of the same source that shares time with it, whichever came first."""

    what: Condition
    during: Condition


Graded: TypeAlias = Meaning | SceneText | Picture | Voice
Leaf: TypeAlias = Words | Graded | Speaker | MoodIs | OfKind
Condition: TypeAlias = Leaf | AllOf | AnyOfThem | Not | While


def space_of(leaf: Graded) -> Space:
    match leaf:
        case Meaning():
            return "meaning"
        case SceneText():
            return "scene"
        case Picture():
            return "picture"
        case Voice():
            return "voice"


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """The next level down; none below a leaf."""
    match condition:
        case AllOf(parts) | AnyOfThem(parts):
            return parts
        case Not(part):
            return (part,)
        case While(what, during):
            return what, during
        case _:
            return ()


def walk(condition: Condition) -> Iterator[Condition]:
    """The condition and everything below it. Takes any depth."""
    waiting = [condition]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(parts_of(found)))


def graded_leaves(condition: Condition) -> list[Graded]:
    """Those that need a vector, each once, in the order they stand."""
    return list(
        dict.fromkeys(each for each in walk(condition) if isinstance(each, Meaning | SceneText | Picture | Voice))
    )


def modalities_of(condition: Condition) -> frozenset[Modality]:
    """In which kinds of moment it could hold. Empty: in none."""
    match condition:
        case Words() | Meaning():
            return frozenset(("speech", "text"))
        case SceneText() | Picture():
            return frozenset(("scene",))
        case Voice():
            return frozenset(("speech",))
        case Speaker() | MoodIs():
            return frozenset(("scene", "speech"))  # a scene carries the labels of the speech heard during it
        case OfKind(kinds):
            return frozenset(kinds)
        case AllOf(parts):
            return frozenset(MODALITIES).intersection(*(modalities_of(part) for part in parts))
        case AnyOfThem(parts):
            return frozenset[Modality]().union(*(modalities_of(part) for part in parts))
        case Not():
            return frozenset(MODALITIES)
        case While(what, during):
            if not (modalities_of(what) and modalities_of(during)):
                return frozenset()
            return modalities_of(what) | modalities_of(during)
