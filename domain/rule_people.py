"""Whom a condition knows: voices by their vectors, and speakers by their ids."""

from __future__ import annotations

from domain.conditions import Condition, MoodIs, Speaker, Voice, walk


def voices_in(condition: Condition) -> list[Voice]:
    """Those that it holds itself, asked for or left out."""
    return [each for each in walk(condition) if isinstance(each, Voice)]


def speakers_in(condition: Condition) -> list[tuple[str, ...]]:
    """Ids, asked for or left out, as they stand together: any of them may be heard."""
    named = [
        each.ids if isinstance(each, Speaker) else each.speakers
        for each in walk(condition)
        if isinstance(each, Speaker | MoodIs)
    ]
    return [*filter(None, named), *((voice.speaker,) for voice in voices_in(condition) if voice.speaker)]
