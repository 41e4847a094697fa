"""Rules in the language of queries: what a search becomes as a rule, and whether one is held to the letter. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from dashboards.question import SearchFilter
from domain.conditions import Meaning, Not, SceneText, walk
from domain.errors import BadRequest
from domain.rule_query import read_rule_query

_BARE = re.compile(r'[^\s"“”„«»]+')


def with_filters(query: str, where: SearchFilter, labels: Mapping[str, str]) -> str:
    """The query with the sidebar's filters written out; `labels` has what speakers are called by their ids.

    Times and languages are left out: a rule watches what comes, and can't tell languages apart.
    """
    filters = (
        *(("source", source) for source in where.sources),
        *(("kind", kind) for kind in where.kinds),
        *(("speaker", labels.get(id, id)) for id in where.speakers),
        *(("mood", mood) for mood in where.moods),
    )
    return _joined(query, filters)


def in_sources(query: str, sources: Iterable[str]) -> str:
    return _joined(query, (("source", source) for source in sources))


def is_to_the_letter(query: str) -> bool:
    """Whether a rule of this query compares nothing: it tells at once, and needs no threshold."""
    try:
        condition = read_rule_query(query, lambda who: (who,)).condition
    except BadRequest:
        return False
    excluded = {id(part) for each in walk(condition) if isinstance(each, Not) for part in walk(each)}
    return not any(isinstance(each, Meaning | SceneText) and id(each) not in excluded for each in walk(condition))


def _joined(query: str, filters: Iterable[tuple[str, str]]) -> str:
    written = (f"{name}:{value}" if _BARE.fullmatch(value) else f'{name}:"{value}"' for name, value in filters)
    return " ".join(part for part in (query.strip(), *written) if part)
