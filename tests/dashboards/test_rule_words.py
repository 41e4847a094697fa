"""What a search becomes as a rule, read by the reader that rules are read by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.question import SearchFilter
from dashboards.rule_words import in_sources, is_to_the_letter, with_filters
from domain.mood import MOOD_LABELS
from domain.query import parse_query

NAMES = st.text("abcxyz -ñ", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(
    st.lists(NAMES, unique=True, max_size=3),
    st.lists(NAMES, unique=True, max_size=3),
    st.lists(st.sampled_from(MOOD_LABELS), unique=True),
    st.sampled_from([(), ("speech",), ("scene", "text")]),
)
def test_filters_are_read_as_they_were_chosen(
    sources: list[str], speakers: list[str], moods: list[str], kinds: tuple[str, ...]
) -> None:
    chosen = SearchFilter(tuple(sources), kinds, tuple(speakers), tuple(moods), last_s=60.0)  # type: ignore[arg-type]
    (clause,) = parse_query(with_filters("a red car", chosen, {}), 0.0).clauses
    assert (clause.text, clause.where.sources, clause.where.speakers) == ("a red car", tuple(sources), tuple(speakers))
    assert (clause.where.moods, clause.where.kinds, clause.since_s) == (tuple(moods), kinds, None)


def test_speakers_are_called_by_their_names() -> None:
    assert with_filters("budget", SearchFilter(speakers=("a1",)), {"a1": "Ana K"}) == 'budget speaker:"Ana K"'


def test_words_that_must_not_be_there_end_before_the_sources() -> None:
    (clause,) = parse_query(in_sources("street without cars", ["gate"]), 0.0).clauses
    assert (clause.excluded, clause.where.sources) == (("cars",), ("gate",))


@pytest.mark.parametrize(
    ("query", "is_literal"),
    [
        ('"fire alarm"', True),
        ('"fire alarm" source:hall', True),
        ('"fire alarm" -test', True),
        ("speaker:Ana mood:angry", True),
        ('"fire alarm" somebody shouts', False),
        ("a forklift", False),
        ("kind:scene a microphone while speaker:Ana", False),
        ('"never closed', False),
        ("", False),
    ],
)
def test_what_is_held_to_the_letter_compares_nothing(query: str, is_literal: bool) -> None:
    assert is_to_the_letter(query) is is_literal
