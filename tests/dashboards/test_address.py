"""What an address means by a value: the node's own spelling, or what the page shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.address import meant
from domain.mood import MOOD_LABELS


def _shout(mood: str) -> str:
    return f"{mood.upper()}!"


@given(st.lists(st.sampled_from(MOOD_LABELS), unique=True))
def test_a_value_is_known_by_itself_by_its_name_and_in_any_case(moods: list[str]) -> None:
    for spell in (str, str.capitalize, _shout, lambda mood: _shout(mood).lower()):
        assert set(meant(map(spell, moods), MOOD_LABELS, _shout)) == set(moods)


def test_what_is_not_there_is_not_meant() -> None:
    assert meant(["bored", ""], MOOD_LABELS, _shout) == []


def test_what_is_spelled_exactly_is_not_also_something_else() -> None:
    assert meant(["Lobby"], ["lobby", "Lobby"], str) == ["Lobby"]
    assert meant(["LOBBY"], ["lobby", "Lobby"], str) == ["lobby", "Lobby"]
