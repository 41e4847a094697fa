"""What a search is asked, once its words are read and its speakers looked up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from domain.events import MODALITIES, Modality, Vector
from domain.ports import MomentFilter
from domain.query import LONGEST_QUERY, Wording

MOST_MOMENTS = 100  # in one answer
DEEPEST = 1000  # moments that can be paged through

# By which of a moment's vectors an example is like it, and of which modality.
Likeness: TypeAlias = Literal["picture", "meaning", "voice"]


class BadQuery(ValueError):  # noqa: N818  (a query can be bad without being an error of ours)
    """The question can't be answered as it is put. The message says why, for the one who asked."""


@dataclass(frozen=True, slots=True)
class Example:
    """Something to be like, or unlike: a vector of the encoder that made the stored ones."""

    by: Likeness
    vector: Vector
    moment_id: str | None = None  # the moment it is of, which is no answer itself


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be true at one time of one source. Without text and examples: all inside `where`, newest first.

    Raises BadQuery when it makes no sense.
    """

    text: str = ""
    modalities: tuple[Modality, ...] = MODALITIES
    where: MomentFilter = field(default_factory=MomentFilter)
    phrases: tuple[str, ...] = ()  # each must be said or written in the moment
    excluded: tuple[str, ...] = ()  # what no evidence may show or say
    excluded_phrases: tuple[str, ...] = ()  # of those, what is meant word for word
    like: tuple[Example, ...] = ()
    unlike: tuple[Example, ...] = ()  # what is nearer to one of these than to those to be like is left out
    alternatives: tuple[Wording, ...] = ()  # to the text and its phrases: any one will do
    weak: bool = False  # also what is too weak to be evidence
    names_kinds: bool = False  # somebody chose the modalities, though they be all there are

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST_QUERY:
            raise BadQuery(f"the query has {len(self.text)} characters; {LONGEST_QUERY} are the most")
        if self.unlike and not self.like:
            raise BadQuery("only what it must be unlike is given: say what it is to be like too")
        if strange := {each.by for each in self.unlike} - {each.by for each in self.like}:
            raise BadQuery(
                f"what it must be unlike, by its {sorted(strange)[0]}, is of another kind than what it is like"
            )
        phrases = [*self.phrases, *(phrase for each in self.alternatives for phrase in each.phrases)]
        if phrases and set(self.modalities) == {"scene"}:
            raise BadQuery(
                f"{phrases[0]!r} is looked for word for word, and pictures have no words: leave out the quotation marks"
            )
        check_modalities(self.modalities)
        check_filter(self.where)

    @property
    def is_ranked(self) -> bool:
        return bool(self.text.strip() or self.like)

    def each_way(self) -> Iterator[Wanted]:
        """By each of the alternatives, and nothing else changed."""
        if not self.alternatives:
            yield self
            return
        for wording in (Wording(self.text, self.phrases), *self.alternatives):
            yield replace(self, text=wording.text, phrases=wording.phrases, alternatives=())


@dataclass(frozen=True, slots=True)
class SearchRequest(Wanted):
    """Raises BadQuery when it makes no sense."""

    limit: int = 10
    offset: int = 0
    meanwhile: tuple[Wanted, ...] = ()  # what must be true at the same time of the same source

    def __post_init__(self) -> None:
        Wanted.__post_init__(self)
        check_limit(self.limit)
        if not 0 <= self.offset <= DEEPEST - self.limit:
            raise BadQuery(
                f"moments {self.offset} to {self.offset + self.limit}: only the best {DEEPEST} can be paged "
                "through; narrow the question by time, source or words"
            )
        for each in (self, *self.meanwhile):
            narrowed = each.where != MomentFilter() or each.names_kinds or set(each.modalities) != set(MODALITIES)
            if not each.is_ranked and not narrowed:
                raise BadQuery("the query is empty: say what to look for")


def check_modalities(modalities: Sequence[Modality]) -> None:
    """Raises BadQuery."""
    if not modalities:
        raise BadQuery(f"no modality is chosen: take at least one of {', '.join(MODALITIES)}")
    if unknown := sorted(set(modalities) - set(MODALITIES)):
        raise BadQuery(f"{', '.join(unknown)} is not a modality; there are {', '.join(MODALITIES)}")


def check_limit(limit: int) -> None:
    """Raises BadQuery."""
    if not 1 <= limit <= MOST_MOMENTS:
        raise BadQuery(f"limit is {limit}; it goes from 1 to {MOST_MOMENTS}")


def check_filter(where: MomentFilter) -> None:
    """Raises BadQuery when no moment could be inside."""
    for name, bound_s in (("since_s", where.since_s), ("until_s", where.until_s)):
        if bound_s is not None and not math.isfinite(bound_s):
            raise BadQuery(f"{name} is {bound_s}; it is a time in Unix seconds")
    if where.since_s is not None and where.until_s is not None and where.since_s > where.until_s:
        raise BadQuery(f"since_s ({where.since_s}) is after until_s ({where.until_s})")
    for name, bounds in (("valence", where.valence), ("arousal", where.arousal)):
        if bounds is not None and not -1 <= bounds[0] <= bounds[1] <= 1:
            raise BadQuery(f"{name} goes from {bounds[0]} to {bounds[1]}; the lower comes first, both -1 to 1")
