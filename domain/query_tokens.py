"""What a query is made of, as it is written: words, quotations and filters, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.errors import BadRequest

FIELDS: Mapping[str, str] = {  # as people write it -> as it is called here
    "source": "sources",
    "speaker": "speakers",
    "mood": "moods",
    "lang": "languages",
    "language": "languages",
    "kind": "kinds",
    "since": "since_s",
    "until": "until_s",
}
_QUOTES = '"“”„«»'
_TOKEN = re.compile(
    rf"(?P<minus>-?)(?:(?P<field>[^\W\d_]+):(?=\S))?(?:[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)(?P<closed>[{_QUOTES}])?"
    rf"|(?P<bare>[^\s{_QUOTES}]+))"
)
_EMPTY_FILTER = re.compile(r"-?(?P<field>[^\W\d_]+):(?=\s|$)")


class QueryMistake(BadRequest):
    """The query can't be read. `start` and `end` say which of its characters are meant, the message why."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start, self.end = start, end


@dataclass(frozen=True, slots=True)
class Token:
    start: int
    end: int
    is_not: bool
    field: str  # "" for words
    value: str
    is_quoted: bool

    def is_bare(self, word: str) -> bool:
        return self._is_plain and self.value.casefold() == word

    @property
    def is_or(self) -> bool:
        return self._is_plain and self.value == "OR"

    @property
    def _is_plain(self) -> bool:
        return not (self.is_not or self.field or self.is_quoted)


def tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if (empty := _EMPTY_FILTER.match(text, at)) and empty["field"].casefold() in FIELDS:
            name = empty["field"]
            raise QueryMistake(
                f"{name}: is followed by nothing: write its value right after the colon", at, empty.end()
            )
        found = _TOKEN.match(text, at)
        assert found is not None  # noqa: S101  (anything but space matches)
        if found["quoted"] is not None and found["closed"] is None:
            raise QueryMistake("this quotation mark is never closed", found.start("quoted") - 1, len(text))
        name, minus = found["field"] or "", bool(found["minus"])
        is_quoted = found["quoted"] is not None
        value = found["quoted"] if is_quoted else found["bare"]
        if name and name.casefold() not in FIELDS:
            _check_spelling(name, found.start("field"), found.end("field"))
            # No filter: the name and the colon are words, and what is quoted after them is read next.
            if is_quoted:
                name, value, is_quoted, end = "", f"{name}:", False, found.start("quoted") - 1
            else:
                name, value, end = "", f"{name}:{value}", found.end()
        else:
            end = found.end()
        yield Token(at, end, minus, name.casefold(), value.strip() if is_quoted else value, is_quoted)
        at = end


def _check_spelling(name: str, start: int, end: int) -> None:
    meant = next((field for field in FIELDS if _is_slip(name.casefold(), field)), None)
    if meant is not None:
        raise QueryMistake(
            f"there is no filter {name}: did you mean {meant}:? (in quotation marks it is just words)", start, end
        )


def _is_slip(name: str, field: str) -> bool:
    """Its plural, one letter wrong, one left out, or two changed about. Not one too many: "slang" and "moody" are
    words."""
    if name == field + "s":
        return True
    if len(name) == len(field):
        wrong = [i for i in range(len(name)) if name[i] != field[i]]
        is_swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and name[wrong[0]] == field[wrong[1]]
        return len(name) > 4 and (len(wrong) == 1 or (is_swapped and name[wrong[1]] == field[wrong[0]]))
    return len(field) > 4 and any(name == field[:i] + field[i + 1 :] for i in range(1, len(field)))
