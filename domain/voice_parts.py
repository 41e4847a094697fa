"""An utterance in which the voice changes, as one part per voice. Times count from the utterance's first sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.events import Word
from domain.voice_changes import split_words

_APART_S = 0.01  # moments' ids count milliseconds


@dataclass(frozen=True, slots=True)
class VoicePart:
    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...]


def voice_parts(text: str, words: Sequence[Word], duration_s: float, changes_s: Sequence[float]) -> list[VoicePart]:
    """The parts between changes of the voice, end to end from 0 to `duration_s`; at least one, each with words.

    A part begins with its first word, except the first, which begins with the utterance: so the moment of an utterance
    that goes on has its id. Every word is in one part. A part that would begin where another does is none.
    """
    groups: list[list[Word]] = []
    starts_s: list[float] = []
    for group in split_words(words, changes_s):
        start_s = group[0].start_s if groups else 0.0
        if groups and not starts_s[-1] + _APART_S <= start_s <= duration_s - _APART_S:
            groups[-1] += group
        else:
            groups.append(list(group))
            starts_s.append(start_s)
    if len(groups) < 2:
        return [VoicePart(0.0, duration_s, text, tuple(words))]
    ends_s = [*starts_s[1:], duration_s]
    return [
        VoicePart(start_s, end_s, part, tuple(group))
        for start_s, end_s, part, group in zip(starts_s, ends_s, _texts(text, groups), groups, strict=True)
    ]


def _texts(text: str, groups: Sequence[Sequence[Word]]) -> list[str]:
    """The text, cut where each group's first word stands: not every language puts spaces between words."""
    begins: list[int] = []
    at = 0
    for group in groups:
        for number, word in enumerate(group):
            found = text.find(word.text, at)
            if found < 0:
                return [" ".join(word.text for word in group) for group in groups]
            if number == 0:
                begins.append(found)
            at = found + len(word.text)
    begins[0] = 0
    return [text[begin:end].strip() for begin, end in zip(begins, [*begins[1:], len(text)], strict=True)]
