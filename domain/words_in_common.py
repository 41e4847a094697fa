"""How much of a query's words a text holds: a score people can check by eye."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Scripts written without spaces (Thai to Lao, Burmese, kana, Han): each sign is a word of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
_ACCENTS = re.compile("[\u0300-\u036f]")

# Words that say nothing of what is looked for. Few, so that a query rarely loses what was meant.
_FUNCTION_WORDS = frozenset(
    """
    a an and are as at be been being but by did do does for from had has have he her his how i if in into is it its
    me my not of on or our she so that the their them there they this those to us was we were what when where which who
    whom whose why will with would you your
    """.split()  # noqa: SIM905  (as a list it would be eighty lines)
)

_SHORT = 2000  # characters: longer texts are not remembered

PARTIAL = 1.5  # exponent: one word of four is worth 0.125, not 0.25, because a shared "people" is no match
PHRASE = 0.2  # the share of the score that only the words in their order earn


@dataclass(frozen=True, slots=True)
class WordMatch:
    score: float  # 0 to 1
    words: tuple[str, ...]  # the query's words found, folded, in the query's order


def match_words(query: str, text: str) -> WordMatch:
    """Share of the query's distinct content words in the text, and a bonus when they stand there as one phrase.

    Case and accents don't count. A query of function words only ("to be or not to be") is found as a phrase or not at
    all: any talk holds such words.
    """
    asked, said = words_of(query), words_of(text)
    whole = bool(asked) and _stands_in(asked, said)
    content = content_words(query)
    if not content:
        return WordMatch(1.0, tuple(dict.fromkeys(asked))) if whole else WordMatch(0.0, ())
    present = set(said)
    found = tuple(word for word in content if word in present)
    share = (len(found) / len(content)) ** PARTIAL
    return WordMatch(1.0 if whole else (1.0 - PHRASE) * share, found)


def content_words(text: str) -> tuple[str, ...]:
    """The distinct words that say something of what is looked for, in order."""
    return tuple(dict.fromkeys(word for word in words_of(text) if word not in _FUNCTION_WORDS))


def holds_phrase(phrase: str, text: str) -> bool:
    """Whether the words of `phrase` stand in `text` one after the other; case and accents don't count."""
    return _stands_in(words_of(phrase), words_of(text))


def words_of(text: str) -> tuple[str, ...]:
    """In order, without case, accents and punctuation."""
    return _remembered(text) if len(text) <= _SHORT else _split(text)


@lru_cache(4096)  # a query's are asked for with every text, and a text's by each way in which it was found
def _remembered(text: str) -> tuple[str, ...]:
    return _split(text)


def _split(text: str) -> tuple[str, ...]:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return tuple(_WORD.findall(unicodedata.normalize("NFC", bare)))


def _stands_in(phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words) - len(phrase) + 1))
