"""A delivery's id is a function of what it tells and to whom."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.errors import BadRequest

parts = st.tuples(st.text(alphabet='a|",[]\\ 1', max_size=4), st.integers(0, 20), st.text(alphabet='a|",1', max_size=4))


def delivery(incident: str, update: int, endpoint: str, body: str = "body", queued_s: float = 5.0) -> Delivery:
    return Delivery(endpoint, incident, update, "text/plain", body, queued_s)


@given(parts, parts)
def test_the_id_is_the_same_exactly_when_incident_update_and_endpoint_are(
    one: tuple[str, int, str], other: tuple[str, int, str]
) -> None:
    assert (delivery(*one).id == delivery(*other, body="another", queued_s=6.0).id) == (one == other)


@given(parts)
def test_the_id_has_no_character_that_could_be_taken_for_another_part_of_what_is_signed(
    one: tuple[str, int, str],
) -> None:
    assert set(delivery(*one).id) <= set(string.hexdigits + "-")


def test_logs_show_neither_address_nor_body() -> None:
    assert "T0KEN" not in repr(Endpoint("ops", "https://hooks.example/T0KEN"))
    assert "said" not in repr(delivery("i", 0, "ops", body="said"))


@pytest.mark.parametrize("name", ["", ".", "-x", "a b", "a/b", "a" * 65, "ä"])
def test_a_name_fits_in_a_key_and_a_path(name: str) -> None:
    with pytest.raises(BadRequest, match="endpoint's name"):
        Endpoint(name, "https://receiver.example")


def test_a_preset_is_one_of_ours() -> None:
    with pytest.raises(BadRequest, match="standard, slack, plain"):
        Endpoint("ops", "https://receiver.example", "discord")  # type: ignore[arg-type]
