"""Whom a condition knows: voices by their vectors, and speakers by their ids."""

from __future__ import annotations

from collections.abc import Iterator

from domain.conditions import Condition, MoodIs, Not, Speaker, Voice, parts_of, walk


def voices_in(condition: Condition) -> list[Voice]:
    """Those that it holds itself, asked for or left out."""
    return [each for each in walk(condition) if isinstance(each, Voice)]


def speakers_in(condition: Condition) -> list[tuple[str, ...]]:
    """Ids that are asked for, as they stand together: any of them may be heard."""
    return [ids for ids, is_asked_for in _named(condition) if is_asked_for]


def speakers_left_out(condition: Condition) -> list[tuple[str, ...]]:
    """Ids, as they stand together, of whom the condition leaves out."""
    return [ids for ids, is_asked_for in _named(condition) if not is_asked_for]


def _named(condition: Condition) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Ids as they stand together, each with whether they are asked for. Who is left out of what is left out is."""
    waiting = [(condition, True)]
    while waiting:
        found, is_asked_for = waiting.pop()
        match found:
            case Speaker(ids) | MoodIs(speakers=ids) if ids:
                yield ids, is_asked_for
            case Voice(speaker) if speaker:
                yield (speaker,), is_asked_for
        below = is_asked_for != isinstance(found, Not)
        waiting.extend((part, below) for part in reversed(parts_of(found)))
