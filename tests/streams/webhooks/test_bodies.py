"""What a webhook says, and that nobody's words can make it say something else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.endpoints import PRESETS, Endpoint, Preset
from domain.incident_facts import EvidenceLine, IncidentFacts
from streams.webhooks.bodies import delivery_for, plain_body, slack_body, standard_body

FACTS = IncidentFacts(
    rule="Door left open",
    incident="5f0c7e9d",
    update=2,
    state="updated",
    changed_s=1_767_225_605.25,
    source="lobby",
    start_s=1_767_225_600.0,
    end_s=1_767_225_604.0,
    text="a <door> & nobody at it",
    evidence=(EvidenceLine("words", "who left it open?", 0.8126, 1_767_225_601.5),),
    thumbnail_url="https://node.example/thumbnails/lobby/1.jpg?expires=1&signature=a_b",
    clip_url="https://node.example/clip?source=lobby|1&start_s=1",
)
texts = st.text(max_size=40) | st.text("<>&@|\"'\\\x00\u202e\ud800 \nchannel", max_size=3_000)
facts = st.builds(
    IncidentFacts,
    rule=texts,
    incident=st.uuids().map(str),
    update=st.integers(0, 10**6),
    state=st.sampled_from(("opened", "updated", "closed")),
    changed_s=st.floats(0, 1e11),
    source=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,127}", fullmatch=True),
    start_s=st.floats(0, 1e11),
    end_s=st.floats(0, 1e11),
    text=texts,
    evidence=st.lists(st.builds(EvidenceLine, texts, texts, st.floats(0, 1), st.floats(0, 1e11)), max_size=15).map(
        tuple
    ),
    thumbnail_url=st.none() | st.just("https://node.example/t?a=1&b=2"),
    clip_url=st.none() | st.just("https://node.example/c#" + "x" * 5_000),
)


def test_the_standard_body() -> None:
    assert json.loads(standard_body(FACTS)) == {
        "type": "incident.updated",
        "timestamp": "2026-01-01T00:00:05.250Z",
        "data": {
            "rule": "Door left open",
            "incident": "5f0c7e9d",
            "update": 2,
            "what": "a <door> & nobody at it",
            "when": {"start": "2026-01-01T00:00:00.000Z", "end": "2026-01-01T00:00:04.000Z"},
            "where": "lobby",
            "evidence": [
                {"what": "words", "text": "who left it open?", "score": 0.813, "at": "2026-01-01T00:00:01.500Z"}
            ],
            "thumbnail_url": FACTS.thumbnail_url,
            "clip_url": FACTS.clip_url,
        },
    }


def test_the_slack_body() -> None:
    assert json.loads(slack_body(FACTS)) == {
        "text": "Door left open: updated\n"
        "a &lt;door&gt; &amp; nobody at it\n"
        "lobby, 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:04.000Z\n"
        "- words: who left it open?\n"
        "<https://node.example/clip?source=lobby%7C1&amp;start_s=1|Watch>\n"
        "<https://node.example/thumbnails/lobby/1.jpg?expires=1&amp;signature=a_b|Picture>"
    }


def test_the_plain_body() -> None:
    assert plain_body(replace(FACTS, thumbnail_url=None)) == (
        "Door left open: updated\n"
        "a <door> & nobody at it\n"
        "lobby, 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:04.000Z\n"
        "- words: who left it open?\n"
        "https://node.example/clip?source=lobby|1&start_s=1\n"
    )


@pytest.mark.parametrize(
    "word", ["@channel", "@all", "@Here", "@EVERYONE", "<!channel>", "<@U123>", "<https://evil.example|x>"]
)
def test_nobody_s_words_call_or_link_anybody(word: str) -> None:
    shown: str = json.loads(slack_body(replace(FACTS, text=f"so he said {word} twice", clip_url=None)))["text"]

    assert word not in shown
    assert re.findall(r"<[^>]*>", shown) == [line for line in shown.splitlines() if line.endswith("|Picture>")]
    assert "mail@example.org" in slack_body(replace(FACTS, text="mail@example.org"))


@given(facts)
def test_every_body_is_small_and_well_formed(one: IncidentFacts) -> None:
    for preset in PRESETS:
        body = delivery_for(one, Endpoint("ops", "https://receiver.example", preset), 5.0).body
        assert len(body.encode()) <= 20_000
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", body)
    parsed: dict[str, Any] = json.loads(standard_body(one))
    assert parsed["type"] == f"incident.{one.state}"
    assert len(parsed["data"]["evidence"]) == min(10, len(one.evidence))
    assert parsed["data"]["clip_url"] is None
    shown = json.loads(slack_body(one))["text"]
    assert shown.count("<") == (1 if one.thumbnail_url else 0)


def test_what_is_cut_shows_it() -> None:
    for text in ("x" * 1_001, "x" + " " * 2_000 + "y", "x " * 600):
        what: str = json.loads(standard_body(replace(FACTS, text=text)))["data"]["what"]
        assert what.endswith("…") and len(what) <= 1_000
    assert json.loads(standard_body(replace(FACTS, text="x" * 1_000)))["data"]["what"] == "x" * 1_000


@pytest.mark.parametrize(
    ("preset", "content_type"),
    [("standard", "application/json"), ("slack", "application/json"), ("plain", "text/plain; charset=utf-8")],
)
def test_a_delivery_is_for_its_endpoint(preset: Preset, content_type: str) -> None:
    one = delivery_for(FACTS, Endpoint("ops", "https://receiver.example", preset), 7.0)

    assert (one.endpoint, one.incident, one.update, one.content_type, one.queued_s) == (
        "ops", FACTS.incident, 2, content_type, 7.0,
    )  # fmt: skip
    assert one.id == delivery_for(replace(FACTS, text="other"), Endpoint("ops", "https://x.example"), 9.0).id
