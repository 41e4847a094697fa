"""What is kept of deliveries comes back as it was; what is damaged is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deliveries import (
    Delivery,
    DeliveryDeadLettered,
    EndpointHealth,
    Forgotten,
    Kept,
    PendingDelivery,
    SettledDelivery,
)
from domain.delivery_records import FAILED_KEYS, KEPT_KEYS, decode_failed, decode_kept, encode_failed, encode_kept
from domain.errors import BadEvent

times = st.floats(0, 1e11)
counts = st.integers(0, 10_000)
texts = st.text(max_size=20)
deliveries = st.builds(Delivery, texts, texts, counts, texts, texts, times)
states: st.SearchStrategy[Kept] = st.one_of(
    st.builds(PendingDelivery, deliveries, counts, times),
    st.builds(SettledDelivery, texts, texts, times, st.sampled_from(("delivered", "dead-lettered"))),
    st.builds(EndpointHealth, texts, counts, times, texts, st.none() | texts),
    st.builds(Forgotten, texts),
)
EXAMPLES: tuple[Kept, ...] = (
    PendingDelivery(Delivery("ops", "incident", 1, "text/plain", "body", 5.0), 2, 6.0),
    SettledDelivery("id", "ops", 5.0, "delivered"),
    EndpointHealth("ops", 3, 6.0, "answered 500", "answered 410"),
)


@given(states)
def test_it_comes_back_as_it_was(one: Kept) -> None:
    key, value = encode_kept(one)

    assert key.decode() == one.key
    assert decode_kept(key, value) == one


letters = st.builds(DeliveryDeadLettered, deliveries, counts, times, texts)


@given(letters)
def test_a_dead_letter_comes_back_as_it_was(letter: DeliveryDeadLettered) -> None:
    assert decode_failed(*encode_failed(letter)) == letter


@given(states, letters)
def test_the_book_s_records_and_dead_letters_have_other_keys(one: Kept, letter: DeliveryDeadLettered) -> None:
    kept, failed = encode_kept(one)[0], encode_failed(letter)[0]

    assert isinstance(one, Forgotten) or kept.startswith(KEPT_KEYS)
    assert failed.startswith(FAILED_KEYS) and not failed.startswith(KEPT_KEYS)


@given(letters, st.sampled_from(["key", "value"]))
def test_a_dead_letter_in_another_s_place_is_refused(letter: DeliveryDeadLettered, wrong: str) -> None:
    key, value = encode_failed(letter)
    if wrong == "key":
        key += b"x"
    else:
        _, pending = encode_kept(PendingDelivery(letter.delivery, 0, 5.0))
        assert pending is not None
        value = pending
    with pytest.raises(BadEvent):
        decode_failed(key, value)


@given(st.binary() | st.text().map(str.encode))
def test_garbage_is_refused(value: bytes) -> None:
    with pytest.raises(BadEvent):
        decode_kept(b"delivery/x", value)
    with pytest.raises(BadEvent):
        decode_failed(b"failed/x", value)


json_values = (
    st.none() | st.booleans() | st.integers(-9, 10**400) | st.floats() | st.text(max_size=3) | st.lists(st.none())
)


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_damaged_field_is_refused_or_read_as_its_type(one: Kept, data: st.DataObject) -> None:
    key, value = encode_kept(one)
    assert value is not None
    fields: dict[str, Any] = json.loads(value)
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(json_values)
    try:
        read = decode_kept(key, json.dumps(fields).encode())
    except BadEvent:
        return

    assert type(read) is type(one)
    assert read.key == one.key
    encode_kept(read)  # so it holds nothing that could not be kept


@pytest.mark.parametrize("one", EXAMPLES)
def test_a_missing_field_and_another_version_are_refused(one: Kept) -> None:
    key, value = encode_kept(one)
    assert value is not None
    fields: dict[str, Any] = json.loads(value)
    for name in fields:
        with pytest.raises(BadEvent):
            decode_kept(key, json.dumps({k: v for k, v in fields.items() if k != name}).encode())
    with pytest.raises(BadEvent, match="version 2"):
        decode_kept(key, json.dumps(fields | {"version": 2}).encode())
