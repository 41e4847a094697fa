"""Whose voice says what in an utterance: a part for each voice, with the vector of that voice.

An utterance in which the voice changes becomes several parts, cut between words. That depends on the utterance's sound
alone, so a replay gives the same parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.events import Vector
from domain.ports import PCM_RATE_HZ, Pcm, Transcript, VoiceEncoder
from domain.voice_changes import mean_voice, voice_changes, window_starts
from domain.voice_parts import VoicePart, voice_parts
from streams.speech_segments import Settled

SHORTEST_VOICE_S = 1.0  # in less sound there is too little of a voice


@dataclass(frozen=True, slots=True)
class HeardVoice:
    """One voice's part of an utterance."""

    piece: Settled
    transcript: Transcript
    part: VoicePart
    voice: Vector | None  # None: too short to tell

    @property
    def start_s(self) -> float:
        return self.piece.start_s + self.part.start_s

    @property
    def end_s(self) -> float:
        ends_it = self.part.end_s >= len(self.piece.pcm) / PCM_RATE_HZ
        return self.piece.until_s if ends_it else self.piece.start_s + self.part.end_s

    @property
    def pcm(self) -> Pcm:
        return self.piece.pcm[round(self.part.start_s * PCM_RATE_HZ) : round(self.part.end_s * PCM_RATE_HZ)]


def hear_voices(spoken: Sequence[tuple[Settled, Transcript]], voices: VoiceEncoder) -> list[HeardVoice]:
    """The parts of utterances that have words, in order. All windows of all of them go to the encoder in one call."""
    length, window_s = voices.window_samples, voices.window_samples / PCM_RATE_HZ
    starts = [
        window_starts(len(piece.pcm), length) if len(piece.pcm) >= SHORTEST_VOICE_S * PCM_RATE_HZ else []
        for piece, _ in spoken
    ]
    rows = voices.encode_voices(
        [piece.pcm[at : at + length] for (piece, _), mine in zip(spoken, starts, strict=True) for at in mine]
    )
    heard: list[HeardVoice] = []
    for (piece, transcript), mine in zip(spoken, starts, strict=True):
        own, rows = rows[: len(mine)], rows[len(mine) :]
        mine_s, duration_s = [at / PCM_RATE_HZ for at in mine], len(piece.pcm) / PCM_RATE_HZ
        changes_s = voice_changes(own, mine_s, window_s)
        for part in voice_parts(transcript.text, transcript.words, duration_s, changes_s):
            # A window across a change holds both voices: those that are mostly inside count.
            inside = own[[part.start_s <= at_s + min(window_s, duration_s) / 2 <= part.end_s for at_s in mine_s]]
            told = part.end_s - part.start_s >= SHORTEST_VOICE_S and inside.any()
            heard.append(HeardVoice(piece, transcript, part, mean_voice(inside) if told else None))
    return heard
