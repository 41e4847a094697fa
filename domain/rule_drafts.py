"""A rule as people write it, and the rule it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from domain.conditions import Graded, Meaning, Picture, SceneText, Voice
from domain.errors import BadRequest
from domain.hours_text import parse_hours
from domain.rule_query import Resolve, read_rule_query
from domain.rules import DecidedBy, Mark, Rule, RuleState, check_rule

MOST_RULES = 10_000

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True)
class RuleDraft:
    query: str  # docs/search.md
    name: str = ""  # empty: what it asks for
    hours: str = ""  # empty: always
    webhooks: tuple[str, ...] = ()
    state: RuleState = "active"
    decided_by: DecidedBy = "budget"
    false_alarms_per_day: float = 1.0
    example: Graded | None = None  # what it is to be like, beside the query or without one


def rule_of(draft: RuleDraft, id: str, resolve: Resolve, marks: tuple[Mark, ...] = ()) -> Rule:
    """Raises BadRequest, QueryMistake among them, for a rule that could never match, always would or can't be read."""
    asked = read_rule_query(draft.query, resolve, draft.example)
    rule = Rule(
        id,
        name_of(draft),
        asked.condition,
        asked.sources,
        parse_hours(draft.hours) if draft.hours.strip() else None,
        draft.webhooks,
        draft.state,
        draft.decided_by,
        draft.false_alarms_per_day,
        marks,
        draft.example is not None,
    )
    check_rule(rule)
    return rule


def name_of(draft: RuleDraft) -> str:
    given = () if draft.example is None else (f"like {example_words(draft.example)}",)
    return draft.name.strip() or ", ".join((*given, *filter(None, (" ".join(draft.query.split()),))))[:100]


def example_words(example: Graded) -> str:
    """What was given as an example, for people."""
    match example:
        case Picture():
            return "a picture"
        case Voice():
            return "a voice"
        case Meaning(text) | SceneText(text):
            return f'"{text}"'


def new_id(name: str, taken: Iterable[str]) -> str:
    """Of the name, so that people know it again; another when another rule has it. Raises BadRequest when there are
    too many rules."""
    others = set(taken)
    if len(others) >= MOST_RULES:
        raise BadRequest(f"there are {MOST_RULES} rules, which are the most: remove one first")
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:60].strip("-")
    stem = slug if _ID.fullmatch(slug) else f"rule-{uuid5(NAMESPACE_URL, name).hex[:8]}"
    return next(id for number in range(1, len(others) + 2) if (id := _numbered(stem, number)) not in others)


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"
