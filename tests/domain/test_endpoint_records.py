"""Endpoints come back from their topic as they were; what is damaged is refused without showing the address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.endpoint_records import decode_endpoint, encode_endpoint
from domain.endpoints import PRESETS, Endpoint
from domain.errors import BadEvent

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
endpoints = st.builds(Endpoint, names, st.text(max_size=40), st.sampled_from(PRESETS), st.none() | st.text(max_size=9))


@given(endpoints)
def test_it_comes_back_as_it_was(endpoint: Endpoint) -> None:
    assert decode_endpoint(*encode_endpoint(endpoint)) == endpoint


@given(st.binary() | st.text().map(str.encode))
def test_garbage_is_refused(value: bytes) -> None:
    with pytest.raises(BadEvent):
        decode_endpoint(b"ops", value)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        (b"ops", {"version": 2}),
        (b"ops", {"preset": "teams"}),
        (b"ops", {"preset": ["slack"]}),
        (b"ops", {"url": None}),
        (b"ops", {"secret_variable": 5}),
        (b"a name", {}),
        (b"\xff", {}),
    ],
)
def test_a_damaged_field_is_refused_without_showing_the_address(key: bytes, changed: dict[str, Any]) -> None:
    _, value = encode_endpoint(Endpoint("ops", "https://receiver.example/T0KEN"))
    with pytest.raises(BadEvent) as refused:
        decode_endpoint(key, json.dumps(json.loads(value) | changed).encode())

    assert "T0KEN" not in str(refused.value)
