"""What the page says of incidents, worked out from the node's answers."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from dashboards.incident_view import incident_card, open_line, suppressed_card
from dashboards.rates import told_words
from dashboards.rule_answers import Incident, Suppressed
from domain.query import parse_query
from tests.dashboards.conftest import incident, match

NOW_S = 1_767_268_800.0  # 2026-01-01 12:00 UTC
NODE = "http://node:8600"


def shown(best: dict[str, Any], **more: Any) -> Incident:
    return Incident.model_validate(incident("Fire", best, **more))


def test_a_phrase_is_marked_in_what_was_said_and_needs_no_bar() -> None:
    evidence = [{"what": "words", "text": '"fire drill"', "score": 1.0}]
    said = match(NOW_S - 60, "A fire drill, at noon.", "speech", 1.0, evidence=evidence)
    card = incident_card(shown(said), UTC, NOW_S, NODE).card
    assert [part.text for part in card.excerpt if part.marked] == ["fire drill"]
    assert [(reason.label, reason.percent) for reason in card.reasons] == [("words as they stand", None)]


def test_a_likeness_stands_beside_what_it_was_held_against() -> None:
    card = incident_card(shown(match(NOW_S - 60)), UTC, NOW_S, NODE).card
    assert [(reason.label, reason.percent) for reason in card.reasons] == [("picture", 71), ("told from", 62)]
    assert card.thumbnail_url == f"{NODE}/media/thumb.jpg"
    assert card.clip is not None and card.clip.start_s == 4.5
    assert (card.clock, card.duration) == ("11:59:00 UTC", "4 s")


def test_only_what_has_a_likeness_can_be_marked() -> None:
    alike, letter = match(NOW_S), match(NOW_S, "drill", "text", 1.0)
    warming = match(NOW_S, score=0.5, threshold=None)
    made = [incident_card(shown(best), UTC, NOW_S, NODE).can_be_marked for best in (alike, letter, warming)]
    assert made == [True, False, True]


def test_a_look_around_it_is_a_query() -> None:
    (clause,) = parse_query(incident_card(shown(match(NOW_S)), UTC, NOW_S, NODE).around, 0.0).clauses
    assert (clause.where.sources, clause.since_s, clause.until_s) == (("lobby",), NOW_S - 60, NOW_S + 64)


@pytest.mark.parametrize("start_s", [1e18, -1e18])
def test_a_time_outside_the_calendar_is_no_reason_to_fail(start_s: float) -> None:
    best = {**match(0.0), "start_s": start_s, "end_s": start_s}
    made = incident_card(shown(best), UTC, NOW_S, NODE)
    assert (made.around, made.card.clock) == ("source:lobby", "at an unknown time")


def test_what_was_kept_back_says_why_and_is_another_card_than_what_was_told() -> None:
    near = Suppressed.model_validate({"reason": "below threshold", "match": match(NOW_S, score=0.5)})
    cold = near.model_copy(update={"reason": "cooldown"})
    made, other = (suppressed_card(each, "fire", "Fire", UTC, NOW_S, NODE) for each in (near, cold))
    assert (made.badge, made.is_told, made.is_open) == ("below threshold", False, False)
    assert made.card.key != other.card.key


def test_what_is_open_says_where_and_since_when() -> None:
    assert open_line(shown(match(NOW_S - 60), is_open=True), UTC, NOW_S) == "lobby, since 11:59:00 UTC"


@pytest.mark.parametrize(
    ("incidents", "days", "words"),
    [
        (0, 7.0, "It would have told nothing in 7.0 days watched."),
        (1, 7.0, "It would have told 1 incident in 7.0 days watched: about one a week."),
        (2, 0.25, "It would have told 2 incidents in 6.0 hours watched: about one a week."),
        (2, 0.01, "It would have told 2 incidents in less than an hour watched."),
    ],
)
def test_a_trial_is_one_sentence(incidents: int, days: float, words: str) -> None:
    assert told_words(incidents, days, "one a week") == words
