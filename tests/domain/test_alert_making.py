"""What people are told of an incident, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert_making import alert_of, likelihood
from domain.condition_scores import CERTAIN, Witness
from domain.conditions import Words
from domain.events import decode, encode
from domain.incident_events import (
    Incident,
    IncidentClosed,
    IncidentEvent,
    IncidentOpened,
    IncidentUpdated,
    Match,
    MatchSuppressed,
)
from domain.incident_facts import EvidenceLine
from domain.rules import Rule
from domain.told_incidents import Told, ToldIncidents

RULE = Rule("r1", "fire", Words("fire"), webhooks=("team",))
SAID = Match(
    "r1", "m1", "gate", "speech", 10.0, 12.0, CERTAIN, None,
    (Witness("words", "fire", CERTAIN, "m1"), Witness("speaker", "s7", CERTAIN, "m1")), "there is a fire",
)  # fmt: skip
SEEN = Match(
    "r1", "m2", "gate", "scene", 10.0, 14.0, 5.0, 4.0, (Witness("scene", "smoke", 5.0, "m2"),),
    thumbnail_key="gate/thumbnails/10000.jpg",
)  # fmt: skip
WRITTEN = replace(SAID, modality="text", end_s=10.0)


def incident(best: Match, number: int = 1) -> Incident:
    return Incident(f"i{number}", "r1", ("gate",), 10.0, 20.0, 3, best)


def name_of(id: str) -> str | None:
    return "Ana" if id == "s7" else None


def test_what_was_said_is_told_with_its_reasons_and_names() -> None:
    alert = alert_of(IncidentOpened(incident(SAID)), RULE, name_of)
    assert alert is not None
    assert (alert.rule_id, alert.webhooks, alert.clip_span_s, alert.thumbnail_key) == ("r1", ("team",), (10, 12), None)
    facts = alert.facts
    assert (facts.rule, facts.incident, facts.update, facts.state) == ("fire", "i1", 0, "opened")
    assert (facts.changed_s, facts.source, facts.start_s, facts.end_s) == (10.0, "gate", 10.0, 20.0)
    assert facts.text == "there is a fire"
    assert facts.evidence == (EvidenceLine("words", "fire", 1.0, 10.0), EvidenceLine("speaker", "Ana", 1.0, 10.0))


def test_what_was_seen_is_told_by_what_it_looks_like() -> None:
    alert = alert_of(IncidentUpdated(incident(SEEN), 2), RULE, name_of)
    assert alert is not None
    assert (alert.facts.text, alert.facts.update, alert.facts.changed_s) == ("smoke", 2, 20.0)
    assert (alert.thumbnail_key, alert.clip_span_s) == (SEEN.thumbnail_key, (10.0, 14.0))


def test_a_written_text_has_no_clip() -> None:
    alert = alert_of(IncidentClosed(incident(WRITTEN), 1), RULE, name_of)
    assert alert is not None
    assert alert.clip_span_s is None


def test_a_digest_says_how_many_and_where() -> None:
    many = replace(incident(SAID), sources=("hall", "gate"), is_digest=True, incidents=7)
    alert = alert_of(IncidentOpened(many), RULE, name_of)
    assert alert is not None
    assert alert.facts.text == "too many at once to tell each: 7 in gate, hall. The clearest: there is a fire"


def test_nobody_is_told_of_what_was_suppressed() -> None:
    assert alert_of(MatchSuppressed(SAID, "paused"), RULE, name_of) is None


@given(st.floats(-100, 100))
def test_a_score_becomes_a_likelihood(score: float) -> None:
    assert 0.0 <= likelihood(score) <= likelihood(score + 1.0) <= likelihood(CERTAIN) == 1.0


happenings = st.builds(
    lambda kind, number, best, update: (
        IncidentOpened(incident(best, number)) if kind is IncidentOpened else kind(incident(best, number), update)
    ),
    st.sampled_from([IncidentOpened, IncidentUpdated, IncidentClosed]),
    st.integers(1, 6),
    st.sampled_from([SAID, SEEN, WRITTEN]),
    st.integers(1, 9),
)


@given(happenings)
def test_an_alert_of_it_survives_the_wire(event: IncidentEvent) -> None:
    alert = alert_of(event, RULE, name_of)
    assert alert is not None
    message = encode(alert)
    assert decode(message.key, message.value, message.headers) == alert


@given(st.lists(happenings, max_size=20))
def test_the_last_of_each_incident_is_remembered_and_kept(events: list[IncidentEvent]) -> None:
    told = ToldIncidents(kept=3)
    told.note(events)
    latest = told.latest()
    assert len({each.incident.id for each in latest}) == len(latest) <= 3
    if events and not isinstance(last := events[-1], MatchSuppressed):
        assert Told(last.incident, not isinstance(last, IncidentClosed)) in latest
    again = ToldIncidents(kept=3)
    for of_rule in told.by_rule().values():
        again.go_on(of_rule)
    assert again.latest() == latest
    again.note(events)
    assert again.latest() == latest  # and none of them is taken for an earlier one
    assert told.latest("another") == []


def test_what_is_no_incident_is_refused() -> None:
    with pytest.raises(ValueError, match="not an incident"):
        ToldIncidents().go_on([(0, "{}")])
