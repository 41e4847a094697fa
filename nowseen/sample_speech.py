"""What is said in the demo's sources: real recordings, one after the other, each with its words, speaker and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.ports import PCM_RATE_HZ, Pcm
from nowseen.sound_files import read_sound

_PAUSE_S = 0.7


@dataclass(frozen=True, slots=True)
class Span:
    """What is seen or said, in seconds from the source's start."""

    what: str
    start_s: float
    end_s: float
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A recording, or the part of it between two times, and what is said there."""

    speaker: str
    file: str
    text: str
    part_s: tuple[float, float] | None = None


ANNOUNCER = "Allison"
_AUSTEN, _SONNET = "reader of Austen", "reader of the sonnet"

BOOKCLUB = (
    Turn(
        _AUSTEN,
        "austen-0870.wav",
        "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do "
        "for them",
    ),
    Turn(_AUSTEN, "austen-0880.wav", "he was not an ill disposed young man"),
    Turn(_AUSTEN, "austen-0890.wav", "unless to be rather cold hearted and rather selfish is to be ill disposed"),
    Turn(
        _AUSTEN,
        "austen-0920.wav",
        "had he married a more amiable woman he might have been made still more respectable than he was",
    ),
    Turn(_AUSTEN, "austen-0930.wav", "he might even have been made amiable himself"),
)
PANEL = (
    BOOKCLUB[0],
    Turn(
        ANNOUNCER,
        "allison-queue-periodic-announce.g722",
        "all of our representatives are currently busy please stay on the line and your call will be answered by the "
        "next available representative",
    ),
    Turn(
        _SONNET,
        "sonnet.mp3",
        "from fairest creatures we desire increase that thereby beauty's rose might never die",
        (2.6, 8.8),
    ),
    Turn(
        ANNOUNCER,
        "allison-status.g722",
        "the person you are calling is not at their desk i will try to locate them for you",
    ),
    BOOKCLUB[1],
    Turn(
        _SONNET,
        "sonnet.mp3",
        "but as the riper should by time decease his tender heir might bear his memory",
        (8.8, 14.6),
    ),
)


def spoken(turns: Sequence[Turn], files: Mapping[str, Path]) -> tuple[tuple[Span, ...], Pcm]:
    """The turns with a pause before, between and after: where each is, and all of it."""
    pause = np.zeros(round(_PAUSE_S * PCM_RATE_HZ), np.float32)
    pieces, spans, at_s = [pause], [], len(pause) / PCM_RATE_HZ
    for turn in turns:
        speech = read_sound(files[turn.file])
        if turn.part_s is not None:
            start_s, end_s = turn.part_s
            speech = speech[round(start_s * PCM_RATE_HZ) : round(end_s * PCM_RATE_HZ)]
        end_s = at_s + len(speech) / PCM_RATE_HZ
        spans.append(Span(turn.text, at_s, end_s, turn.speaker))
        pieces += [speech, pause]
        at_s = end_s + _PAUSE_S
    return tuple(spans), np.concatenate(pieces)
