"""Which rules know a speaker: what is to be told of them, and may have to go, when the speaker is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

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
    likeness = _likeness(speakers, speaker.id, rules)
    for known in rules:
        condition = known.rule.condition
        if known.rule.id in likeness:
            found.append(RuleOfSpeaker(known, "voice", likeness[known.rule.id]))
        elif any(not ids.isdisjoint(together) for together in speakers_in(condition)):
            found.append(RuleOfSpeaker(known, "speaker"))
        elif any(not ids.isdisjoint(together) for together in speakers_left_out(condition)):
            found.append(RuleOfSpeaker(known, "excluded"))
    return found


def _likeness(speakers: Speakers, id: str, rules: Sequence[KnownRule]) -> dict[str, float]:
    """By rule, of those that hold a voice like the speaker's. All are compared at once."""
    held = [(rule.rule.id, voice.vector) for rule in rules for voice in voices_in(rule.rule.condition) if voice.vector]
    found = dict[str, float]()
    for (rule_id, _), alike in zip(held, speakers.likeness(id, [vector for _, vector in held]), strict=True):
        if alike is not None:
            found[rule_id] = max(alike, found.get(rule_id, alike))
    return found
