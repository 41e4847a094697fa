"""Texts as they are shown: the words that matched, and as much around them as a card has room for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"\w+(?:['’]\w+)*")
EXCERPT_LENGTH = 280  # characters: an utterance of about 20 s in full


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text, in order; the marked ones are the words that matched."""

    text: str
    marked: bool = False


def highlight(text: str, words: Iterable[str]) -> tuple[Part, ...]:
    """`text` cut into parts, whose texts joined are `text` again; whole words among `words` are marked, in any case.

    Marked words with nothing but space between them are one part, so that a phrase looks like one.
    """
    wanted = {word.casefold() for word in words if word.strip()}
    parts: list[Part] = []
    done = 0
    for found in _WORD.finditer(text):
        whole = found.group().casefold()
        if whole not in wanted and wanted.isdisjoint(re.split("['’]", whole)):
            continue
        between = text[done : found.start()]
        if parts and between.isspace():
            parts[-1] = Part(parts[-1].text + between + found.group(), True)
        else:
            parts += [Part(between)] if between else []
            parts.append(Part(found.group(), True))
        done = found.end()
    if done < len(text):
        parts.append(Part(text[done:]))
    return tuple(parts)


def excerpt(text: str, words: Sequence[str], length: int = EXCERPT_LENGTH) -> tuple[Part, ...]:
    """About `length` characters of `text` around the first matching word, cut between words and marked with …"""
    text = one_line(text)
    if len(text) <= length:
        return highlight(text, words)
    parts = highlight(text, words)
    first = len(parts[0].text) if not parts[0].marked and len(parts) > 1 else 0
    start = max(0, min(first - length // 3, len(text) - length))
    cut = text[start : start + length]
    if start > 0 and " " in cut[: length // 3]:
        cut = cut.split(" ", 1)[1]
    if start + length < len(text) and " " in cut[-length // 3 :]:
        cut = cut.rsplit(" ", 1)[0]
    head = [Part("… ")] if start > 0 else []
    tail = [Part(" …")] if start + length < len(text) else []
    return (*head, *highlight(cut, words), *tail)


def one_line(text: str) -> str:
    return " ".join(text.split())
