"""Who is heard: voices told apart as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.events import Vector


@dataclass(frozen=True, slots=True)
class Trait:
    """How one measured trait of a voice usually is: a running mean and deviation."""

    mean: float
    deviation: float
    count: int  # utterances behind it


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice that was told apart. `number` is for people ("speaker 7"); `id` is what moments are labelled with.

    The id is a function of the first utterance, so that a replay gives the same one.
    """

    id: str
    number: int
    voice: Vector  # mean direction of the utterances' vectors, unit length
    utterances: int
    spoken_s: float
    first_heard_s: float  # event time (Unix seconds)
    last_heard_s: float
    sources: tuple[str, ...]
    name: str | None = None
    enrolled: Vector | None = None  # of a recording given on purpose; it does not drift
    consent: str | None = None  # who allowed the recording to be used, in the words of whoever enrolled it
    traits: Mapping[str, Trait] = field(default_factory=dict)  # by cue, such as "pitch_hz"
    merged_into: str | None = None  # another speaker's id: the two are one

    @property
    def label(self) -> str:
        return self.name or f"speaker {self.number}"
