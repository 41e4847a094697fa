"""One speaker that was two: which utterances are whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.events import Vector
from domain.voice_changes import mean_voice, two_groups


@dataclass(frozen=True, slots=True)
class Halves:
    stay: tuple[str, ...]  # moment ids
    move: tuple[str, ...]
    stay_voice: Vector
    move_voice: Vector

    def moves(self, voice: Vector) -> bool:
        """Whether a voice is nearer to the half that moves."""
        return bool(np.dot(self.move_voice, voice) > np.dot(self.stay_voice, voice))


def halves(voices: Mapping[str, Vector], enrolled: Vector | None) -> tuple[Halves | None, float]:
    """The two groups that utterances (moment id -> unit vector) fall into, and how alike they are: the cosine of their
    means. None when all are alike. The larger group stays, or the one nearer to the enrolment."""
    moments = sorted(voices)
    rows = np.asarray([voices[moment] for moment in moments], dtype=np.float32)
    second, likeness = two_groups(rows)
    if not second.any():
        return None, likeness
    groups = [
        (tuple(moment for moment, member in zip(moments, group, strict=True) if member), mean_voice(rows[group]))
        for group in (~second, second)
    ]
    if enrolled is not None:
        groups.sort(key=lambda group: -float(np.dot(group[1], enrolled)))
    else:
        groups.sort(key=lambda group: -len(group[0]))
    (stay, stay_voice), (move, move_voice) = groups
    return Halves(stay, move, stay_voice, move_voice), likeness
