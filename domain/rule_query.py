"""A rule's words, in the language that searches are asked in (domain/query.py), as the condition it watches for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
    Graded,
    Meaning,
    MoodIs,
    Not,
    OfKind,
    SceneText,
    Speaker,
    While,
    Words,
    modalities_of,
)
from domain.errors import BadRequest
from domain.events import MODALITIES, Modality
from domain.query import Clause, Wording, parse_query
from domain.words_in_common import content_words

Resolve = Callable[[str], tuple[str, ...]]  # ids of all who are meant by a name; raises BadRequest when nobody is

_NOW_S = 0.0  # a time in the query is refused, so what "2h" counts from is nothing


@dataclass(frozen=True, slots=True)
class Asked:
    condition: Condition
    sources: tuple[str, ...] = ()  # empty: all


def read_rule_query(text: str, resolve: Resolve, example: Graded | None = None) -> Asked:
    """What to watch for, and where; like the example, when there is one: then words may be missing.

    Words and phrases, filters and `while` mean what they mean in a search. A search ranks and a rule decides, so words
    alone are held against pictures and meanings with a threshold, phrases to the letter. The example belongs to the
    first side of a `while`, and comes first in the condition. Raises QueryMistake, and BadRequest for what a rule can't
    ask.
    """
    if example is not None and not text.strip():
        return Asked(example)
    clauses = parse_query(text, _NOW_S).clauses
    if len(clauses) > 2:
        raise BadRequest("a rule joins two things by 'while' and no more: leave one out, or put it into another rule")
    parts = [_condition(clause, resolve, example if clause is clauses[0] else None) for clause in clauses]
    return Asked(parts[0] if len(parts) == 1 else While(*parts), _sources(clauses))


def _condition(clause: Clause, resolve: Resolve, example: Graded | None) -> Condition:
    _check(clause)
    kinds = _kinds(clause, example)
    asked = [*((example,) if example else ()), *_likeness(clause, kinds), *_labels(clause, resolve)]
    if not asked:
        raise BadRequest("it matches everything of the sources and kinds it names: say what should be seen or said")
    parts = (*asked, *_narrowed(asked, kinds), *_absences(clause, kinds, resolve))
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _check(clause: Clause) -> None:
    if clause.since_s is not None or clause.until_s is not None:
        raise BadRequest("a rule has no time, it watches what comes: leave since: and until: out, or give it hours")
    if clause.where.languages or clause.where_not.languages:
        raise BadRequest("a rule can't tell languages apart: leave lang: out, or watch the sources of that language")
    if clause.where_not.sources:
        raise BadRequest("a rule is told which sources to watch, not which to leave out: name them with source:")


def _kinds(clause: Clause, example: Graded | None) -> tuple[Modality, ...]:
    asked = clause.where.kinds or MODALITIES
    kinds = tuple(kind for kind in MODALITIES if kind in asked and kind not in clause.where_not.kinds)
    if not kinds:
        raise BadRequest("it can never match: the kinds that are asked for exclude each other")
    if example is not None:
        like = modalities_of(example)
        kinds = tuple(kind for kind in kinds if kind in like)
        if not kinds:
            raise BadRequest(
                f"it can never match: what is like the example is {' or '.join(sorted(like))}, not of kind:"
            )
    if kinds == ("scene",) and any(wording.phrases for wording in clause.wordings):
        raise BadRequest("it can never match: a scene has no words. Join what is seen and what is said by 'while'")
    if kinds == ("text",) and (clause.where.speakers or clause.where.moods):
        raise BadRequest("it can never match: a written text has neither a speaker nor a mood")
    return kinds


def _likeness(clause: Clause, kinds: tuple[Modality, ...]) -> Iterator[Condition]:
    """Words as they are meant, and phrases as they stand. Any of the alternatives."""
    if not clause.alternatives:
        yield from _worded(Wording(clause.text, clause.phrases), kinds)
        return
    ways: list[Condition] = []
    for wording in clause.wordings:
        match tuple(_worded(wording, kinds)):
            case (AnyOfThem(parts),):
                ways += parts
            case (one,):
                ways.append(one)
            case several:
                ways.append(AllOf(several))
    yield AnyOfThem(tuple(ways))


def _worded(wording: Wording, kinds: tuple[Modality, ...]) -> Iterator[Condition]:
    """All of them."""
    text, phrases = wording.text, wording.phrases
    if phrases:
        yield Words("", phrases)
        # Of words beside phrases the meaning of it all is asked for; phrases alone are to the letter.
        if content_words(_without(text, phrases)):
            yield Meaning(text)
    elif text:
        ways: list[Condition] = []
        if set(kinds) != {"scene"}:
            ways.append(Meaning(text))
        if "scene" in kinds:
            ways.append(SceneText(text))
        yield ways[0] if len(ways) == 1 else AnyOfThem(tuple(ways))


def _labels(clause: Clause, resolve: Resolve) -> Iterator[Condition]:
    speakers = _everybody(clause.where.speakers, resolve)
    if speakers:
        yield Speaker(speakers)
    if clause.where.moods:
        yield MoodIs(clause.where.moods, speakers=speakers)


def _narrowed(asked: list[Condition], kinds: tuple[Modality, ...]) -> Iterator[Condition]:
    """To the kinds, where what is asked for could hold in others."""
    if not any(modalities_of(each) <= set(kinds) for each in asked):
        yield OfKind(kinds)


def _absences(clause: Clause, kinds: tuple[Modality, ...], resolve: Resolve) -> Iterator[Condition]:
    for text in clause.excluded:
        if set(kinds) != {"scene"}:
            yield Not(Words(text))
            yield Not(Meaning(text))
        if "scene" in kinds:
            yield Not(SceneText(text))
    if speakers := _everybody(clause.where_not.speakers, resolve):
        yield Not(Speaker(speakers))
    if clause.where_not.moods:
        yield Not(MoodIs(clause.where_not.moods))


def _everybody(names: tuple[str, ...], resolve: Resolve) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for name in names for id in resolve(name)))


def _sources(clauses: tuple[Clause, ...]) -> tuple[str, ...]:
    """Both halves of a `while` are of one source: those that every half allows."""
    named = [clause.where.sources for clause in clauses if clause.where.sources]
    if not named:
        return ()
    both = tuple(source for source in named[0] if all(source in others for others in named[1:]))
    if not both:
        raise BadRequest("it can never match: what 'while' joins is of one source, and different ones are named")
    return both


def _without(text: str, phrases: tuple[str, ...]) -> str:
    for phrase in phrases:
        text = re.sub(rf"(?<!\S){re.escape(phrase)}(?!\S)", " ", text)
    return text
