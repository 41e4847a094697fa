"""docs/schemas say what domain/events.py writes and reads: what encode() makes is valid, what is invalid is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.events import (
    CoverageAdvanced,
    Event,
    Message,
    MomentDescribed,
    MomentWithdrawn,
    MoodCue,
    SpeechCut,
    TextPublished,
    WatermarkAdvanced,
    Word,
    decode,
    encode,
)
from domain.incident_facts import EvidenceLine, IncidentFacts

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
VECTOR = {"text": (0.6, 0.8)}
EXAMPLES: dict[str, tuple[Event, ...]] = {
    "text.published.v1": (TextPublished("lobby", 5.0, "hello"), TextPublished("lobby", 5.0, "hi", 6.0, "Ann", "en")),
    "moment.described.v1": (
        MomentDescribed(
            "lobby", "scene", 5.0, 6.0, "clip", {"image": (1.0,)}, thumbnail_key="lobby/thumbnails/5000.jpg"
        ),
        MomentDescribed(
            "lobby",
            "speech",
            5.0,
            6.0,
            "minilm",
            VECTOR,
            "hi",
            (Word("hi", 5.0, 5.5),),
            None,
            {"a": "b", "c": 0.5},
            (MoodCue("words", "hi", 0.25, -0.5), MoodCue("voice", "pitch_hz", measured=180.0)),
            False,
        ),
    ),
    "moment.withdrawn.v1": (MomentWithdrawn("lobby", "speech", 5.0, "minilm"),),
    "coverage.advanced.v1": (
        CoverageAdvanced("lobby", "text", 5.0, 6.0, 7.0, 0.1, 0.2, 3),
        CoverageAdvanced("lobby", "scene", 5.0, 6.0, 7.0, 0.1, 0.2, 3, ("6f0b0f5e-7d6c-5e0c-9b5e-2f6d0c9a4e11",), 1),
    ),
    "watermark.advanced.v1": (WatermarkAdvanced("lobby", "text", 5.0, 6.0),),
    "speech.cut.v1": (SpeechCut("lobby", 0, 12, 16_000, 5.0),),
    "alert.raised.v1": (
        AlertRaised(
            IncidentFacts(
                "smoke", "i1", 0, "opened", 7.0, "lobby", 5.0, 6.0, "smoke", (EvidenceLine("a", "b", 1.0, 5.0),)
            ),
            ("team",),
            "r1",
            "lobby/thumbnails/5000.jpg",
            (5.0, 6.0),
        ),
        AlertRaised(IncidentFacts("smoke", "i1", 1, "closed", 8.0, "lobby", 5.0, 6.0, ""), ()),
    ),
}
CASES = [(name, encode(event)) for name, examples in EXAMPLES.items() for event in examples]


def schema(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return parsed


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def test_every_schema_is_one_and_belongs_to_an_event() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.json" for name in EXAMPLES}
    for name in EXAMPLES:
        Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize(("name", "message"), CASES)
def test_what_encode_makes_is_valid(name: str, message: Message) -> None:
    assert message.headers["ce_type"].decode() == f"nowseen.{name}" == schema(name)["title"]
    assert list(validator(name).iter_errors(json.loads(message.value))) == []


@pytest.mark.parametrize(("name", "message"), CASES)
def test_the_schema_names_every_field_and_no_other(name: str, message: Message) -> None:
    fields = json.loads(message.value)

    assert set(schema(name)["required"]) <= set(fields) <= set(schema(name)["properties"])


@pytest.mark.parametrize(("name", "message"), CASES)
def test_a_required_field_is_required_by_both(name: str, message: Message) -> None:
    for missing in schema(name)["required"]:
        fields = {key: value for key, value in json.loads(message.value).items() if key != missing}

        assert not validator(name).is_valid(fields)
        with pytest.raises(BadEvent, match=f"'{missing}' is missing"):
            decode(message.key, json.dumps(fields).encode(), message.headers)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(st.sampled_from(CASES), st.data())
def test_what_the_schema_forbids_is_refused(case: tuple[str, Message], data: st.DataObject) -> None:
    name, message = case
    fields = json.loads(message.value)
    fields[data.draw(st.sampled_from(sorted(schema(name)["properties"])))] = data.draw(json_values)
    try:
        decode(message.key, json.dumps(fields).encode(), message.headers)
    except BadEvent:
        return

    assert list(validator(name).iter_errors(fields)) == []
