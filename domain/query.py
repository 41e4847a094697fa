"""What is asked, as the command line, the API, the dashboard and standing queries all read it: words, and filters.

    red car                       anything like it, seen, said or written
    "climate change"              these words, one after the other
    street -cars, street without cars     what follows must not be there
    fire OR smoke source:hall     either, and what else is said of this side holds for both
    source:gate speaker:"Ana Kovac" mood:angry lang:en kind:speech since:2h until:10m     and each with - before it
    kind:scene microphone while speaker:Ana budget     two questions, true at the same time of the same source

A colon after a word that is no filter's name is just a colon, and "or" in lower case just a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from domain.events import MODALITIES, Modality
from domain.instants import BadInstant, format_instant, parse_instant
from domain.mood import MoodLabel
from domain.query_tokens import FIELDS, QueryMistake, Token, tokens
from domain.words_in_common import content_words, words_of

__all__ = [
    "LONGEST_QUERY",
    "MOST_ALTERNATIVES",
    "MOST_CLAUSES",
    "MOST_EXCLUDED",
    "MOST_FILTERS",
    "Clause",
    "Filters",
    "Query",
    "QueryMistake",
    "Wording",
    "parse_query",
]

LONGEST_QUERY = 2000  # characters
MOST_CLAUSES = 4
MOST_FILTERS = 50
MOST_EXCLUDED = 10
MOST_ALTERNATIVES = 8  # each is a search of its own

_CHOICES: Mapping[str, tuple[str, ...]] = {"kinds": MODALITIES, "moods": get_args(MoodLabel)}


@dataclass(frozen=True, slots=True)
class Filters:
    """As they were written: a speaker is a name, a label or an id. Of one kind any may hold; all kinds must."""

    sources: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    moods: tuple[MoodLabel, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[Modality, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say what is looked for."""

    text: str  # what to rank by: words and phrases in their order
    phrases: tuple[str, ...] = ()  # each must be said or written, its words one after the other


@dataclass(frozen=True, slots=True)
class Clause:
    """What must be true at one time of one source. Without text, all that passes the filters, newest first."""

    text: str = ""  # as a wording's
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()  # must not be there
    excluded_phrases: tuple[str, ...] = ()  # of those, the ones meant word for word
    where: Filters = field(default_factory=Filters)
    where_not: Filters = field(default_factory=Filters)
    since_s: float | None = None
    until_s: float | None = None
    alternatives: tuple[Wording, ...] = ()  # of the text and its phrases: any one will do

    @property
    def wordings(self) -> tuple[Wording, ...]:
        """The text with its phrases, and the alternatives."""
        return Wording(self.text, self.phrases), *self.alternatives


@dataclass(frozen=True, slots=True)
class Query:
    clauses: tuple[Clause, ...]  # at least one; of several, all at the same time


def parse_query(text: str, now_s: float) -> Query:
    """Raises QueryMistake."""
    if len(text) > LONGEST_QUERY:
        message = f"the query has {len(text)} characters; {LONGEST_QUERY} are the most"
        raise QueryMistake(message, LONGEST_QUERY, len(text))
    clauses = [_Clause(0)]
    for token in tokens(text):
        if token.is_bare("while"):
            clauses[-1].check(text, token.start)
            clauses.append(_Clause(token.start))
            if len(clauses) > MOST_CLAUSES:
                raise QueryMistake(f"{MOST_CLAUSES} things joined by 'while' are the most", token.start, token.end)
        else:
            clauses[-1].take(token, now_s)
    clauses[-1].check(text, len(text))
    if sum(clause.filters for clause in clauses) > MOST_FILTERS:
        raise QueryMistake(f"the query has more than {MOST_FILTERS} filters", 0, len(text))
    if sum(clause.exclusions for clause in clauses) > MOST_EXCLUDED:
        raise QueryMistake(f"the query leaves out more than {MOST_EXCLUDED} things", 0, len(text))
    if sum(clause.alternatives for clause in clauses) > MOST_ALTERNATIVES:
        raise QueryMistake(f"{MOST_ALTERNATIVES} alternatives are the most", 0, len(text))
    return Query(tuple(clause.made() for clause in clauses))


class _Wording:
    """One alternative as it is read."""

    def __init__(self, start: int, joint: Token | None = None) -> None:
        self.start, self.joint = start, joint  # the OR before it
        self.words: list[str] = []
        self.phrases: list[str] = []

    def take(self, token: Token) -> None:
        self.words.append(token.value)
        if token.is_quoted and words_of(token.value):
            self.phrases.append(token.value)

    @property
    def says_something(self) -> bool:
        return any(map(words_of, self.words))

    def check(self, end: int) -> None:
        if not self.phrases and not any(map(content_words, self.words)):
            raise QueryMistake(
                f"{' '.join(self.words)[:80]!r} holds only words that say nothing by themselves: add what to look "
                "for, or put them in quotation marks to find them as they stand",
                self.start,
                end,
            )

    def made(self) -> Wording:
        return Wording(" ".join(self.words).strip() if self.says_something else "", tuple(dict.fromkeys(self.phrases)))


class _Clause:
    """One clause as it is read."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._wordings = [_Wording(start)]
        self._excluded: list[list[str]] = []
        self._excluded_phrases: list[str] = []
        self._fields: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
        self._times: dict[str, float] = {}
        self._without: Token | None = None  # the last "without", while its words go on
        self.filters = 0

    def take(self, token: Token, now_s: float) -> None:
        if token.field:
            self._end_without()
            self._filter(token, now_s)
        elif token.is_bare("without"):
            self._end_without()
            self._without = token
            self._excluded.append([])
        elif token.is_or:
            self._otherwise(token)
        elif token.is_not:
            self._end_without()
            if words_of(token.value):
                self._excluded.append([token.value])
                if token.is_quoted:
                    self._excluded_phrases.append(token.value)
        elif self._without is not None:
            self._excluded[-1].append(token.value)
        else:
            self._wordings[-1].take(token)

    @property
    def alternatives(self) -> int:
        return len(self._wordings)

    @property
    def exclusions(self) -> int:
        return len(self._excluded)

    def check(self, text: str, end: int) -> None:
        """Raises QueryMistake when the clause, which ends here, says nothing to look for."""
        self._end_without()
        last = self._wordings[-1]
        if last.joint is not None and not last.says_something:
            raise self._one_sided(last.joint)
        if last.says_something:
            last.check(end)
            return
        if self.filters:
            return
        if self._excluded:
            raise QueryMistake("only what must not be there is said: say what to look for too", self._start, end)
        if self._start == 0 and end == len(text):
            raise QueryMistake("the query is empty: say what to look for", 0, len(text))
        raise QueryMistake("'while' joins two things: one of them is missing", self._start, end)

    def made(self) -> Clause:
        where, where_not = (
            Filters(**cast(Any, {name: tuple(dict.fromkeys(values)) for name, values in kept.items()}))
            for kept in self._fields
        )
        first, *others = dict.fromkeys(wording.made() for wording in self._wordings)
        return Clause(
            first.text,
            first.phrases,
            tuple(dict.fromkeys(" ".join(words) for words in self._excluded)),
            tuple(dict.fromkeys(self._excluded_phrases)),
            where,
            where_not,
            self._times.get("since_s"),
            self._times.get("until_s"),
            tuple(others),
        )

    def _otherwise(self, joint: Token) -> None:
        if self._without is not None:
            raise QueryMistake(
                "'without' takes all the words after it: write it again before each thing that must not be there, "
                "as in 'without cars without buses'",
                joint.start,
                joint.end,
            )
        if not self._wordings[-1].says_something:
            raise self._one_sided(joint)
        self._wordings[-1].check(joint.start)
        self._wordings.append(_Wording(joint.end, joint))

    def _one_sided(self, joint: Token) -> QueryMistake:
        why = "OR stands between two things to look for, and one of them is missing"
        if self.filters:
            why += ". Of a filter that is given twice either value will do, without OR: source:gate source:hall"
        return QueryMistake(f"{why} (in quotation marks it is just a word)", joint.start, joint.end)

    def _end_without(self) -> None:
        if self._without is not None and not any(map(words_of, self._excluded[-1])):
            raise QueryMistake("without what? Write it after 'without'", self._without.start, self._without.end)
        self._without = None

    def _filter(self, token: Token, now_s: float) -> None:
        name = FIELDS[token.field]
        self.filters += 1
        if not token.value:
            raise QueryMistake(f"{token.field}: is followed by nothing", token.start, token.end)
        if name in ("since_s", "until_s"):
            self._time(name, token, now_s)
            return
        value = token.value if name in ("sources", "speakers") else token.value.casefold()
        if name in _CHOICES and value not in _CHOICES[name]:
            raise QueryMistake(
                f"{token.value[:40]!r} is no {token.field}; there are {', '.join(_CHOICES[name])}",
                token.start,
                token.end,
            )
        self._fields[token.is_not].setdefault(name, []).append(value)

    def _time(self, name: str, token: Token, now_s: float) -> None:
        if token.is_not:
            other = "until" if name == "since_s" else "since"
            raise QueryMistake(f"-{token.field}: says little: write {other}:", token.start, token.end)
        if name in self._times:
            raise QueryMistake(f"{token.field}: is said twice", token.start, token.end)
        try:
            self._times[name] = parse_instant(token.value, now_s)
        except BadInstant as error:
            raise QueryMistake(f"{token.field}: {error}", token.start, token.end) from error
        since_s, until_s = self._times.get("since_s"), self._times.get("until_s")
        if since_s is not None and until_s is not None and since_s > until_s:
            raise QueryMistake(
                f"since ({format_instant(since_s)}) is after until ({format_instant(until_s)})", token.start, token.end
            )
