"""Which rules know a speaker: what is to be told of them, and may have to go, when the speaker is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.conditions import Condition
from domain.rule_people import speakers_in, speakers_left_out, voices_in
from search.rules_at_work import KnownRule
from search.speakers import Speakers

Why: TypeAlias = Literal["voice", "speaker", "excluded"]


@dataclass(frozen=True, slots=True)
class RuleOfSpeaker:
    """By its "voice" a rule holds a vector of somebody who sounds like the speaker; it asks for the "speaker" by an id,
    or has the speaker "excluded"."""

    known: KnownRule
    why: Why
    likeness: float | None = None  # of the voice: 0 to 1; from SpeakerRules.new_voice on, so it may be another's


def rules_of_speaker(speakers: Speakers, rules: Sequence[KnownRule], who: str) -> list[RuleOfSpeaker]:
    """In the rules' order. Raises UnknownSpeaker. Rules that are left out can't be looked into."""
    speaker = speakers.find(who)
    ids, found = set(speakers.resolve(speaker.id)), list[RuleOfSpeaker]()
    for known in rules:
        condition = known.rule.condition
        if (likeness := _likeness(speakers, speaker.id, condition)) is not None:
            found.append(RuleOfSpeaker(known, "voice", likeness))
        elif any(not ids.isdisjoint(together) for together in speakers_in(condition)):
            found.append(RuleOfSpeaker(known, "speaker"))
        elif any(not ids.isdisjoint(together) for together in speakers_left_out(condition)):
            found.append(RuleOfSpeaker(known, "excluded"))
    return found


def _likeness(speakers: Speakers, id: str, condition: Condition) -> float | None:
    alike = [speakers.likeness(id, voice.vector) for voice in voices_in(condition) if voice.vector]
    return max((each for each in alike if each is not None), default=None)
