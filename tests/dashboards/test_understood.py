"""How a query was read, in chips."""

from __future__ import annotations

from datetime import UTC

import pytest

from dashboards.answers import Clause, Filters, Wording
from dashboards.understood import Chip, understood

NOON_S = 12 * 3600.0


def test_plain_words_need_no_explanation() -> None:
    assert understood([Clause(text="red car")], UTC, NOON_S) == ()
    assert understood([], UTC, NOON_S) == ()


def test_everything_that_is_more_than_words_is_said_once() -> None:
    clause = Clause(
        text="platform thank you seven", phrases=("thank you",), excluded=("rain",),
        where=Filters(sources=("lobby",), speakers=("Ana", "Ben"), languages=("fr", "xx"), kinds=("scene",)),
        where_not=Filters(moods=("angry",)), since_s=NOON_S - 3600, until_s=NOON_S,
    )  # fmt: skip
    assert understood([clause], UTC, NOON_S) == (
        (
            Chip("plain", "", "platform seven"),
            Chip("exactly", "exactly", "“thank you”"),
            Chip("without", "without", "rain"),
            Chip("only", "source", "lobby"),
            Chip("only", "speaker", "Ana or Ben"),
            Chip("only", "language", "French or xx"),
            Chip("only", "in", "pictures"),
            Chip("without", "not mood", "angry"),
            Chip("only", "since", "11:00:00 UTC"),
            Chip("only", "until", "12:00:00 UTC"),
        ),
    )


def test_two_things_at_the_same_time_are_two_groups_however_plain() -> None:
    read = understood([Clause(text="dog"), Clause(text="rain")], UTC, NOON_S)
    assert read == ((Chip("plain", "", "dog"),), (Chip("plain", "", "rain"),))


def test_alternatives_are_said_however_plain() -> None:
    clause = Clause(text="dog", alternatives=(Wording(text="rain"), Wording(text="so long", phrases=("so long",))))
    assert understood([clause], UTC, NOON_S) == (
        (Chip("plain", "", "dog"), Chip("plain", "or", "rain"), Chip("exactly", "or exactly", "“so long”")),
    )


def test_what_a_recording_says_is_shown_though_it_is_plain() -> None:
    assert understood([Clause(text="red car")], UTC, NOON_S, heard_words=True) == (
        (Chip("plain", "heard", "red car"),),
    )


@pytest.mark.parametrize("heard_words", [False, True])
def test_a_file_alone_says_nothing(heard_words: bool) -> None:
    assert understood([Clause()], UTC, NOON_S, heard_words=heard_words) == ()
