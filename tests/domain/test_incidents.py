"""Every match is accounted for, people are told once, and a replay tells the same."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.condition_scores import CERTAIN, Witness
from domain.errors import BadEvent
from domain.incident_events import (
    REASONS,
    Incident,
    IncidentClosed,
    IncidentEvent,
    IncidentOpened,
    IncidentUpdated,
    Match,
    MatchSuppressed,
    Reason,
)
from domain.incident_groups import kinds_of
from domain.incident_json import (
    decode_incident_event,
    encode_incident_event,
    rule_state_from_data,
    rule_state_to_data,
)
from domain.incidents import IncidentOptions, Incidents

OPTIONS = IncidentOptions(
    quiet_s=10.0,
    longest_s=60.0,
    cooldown_s=10.0,
    update_every_s=5.0,
    storm_incidents=2,
    storm_s=20.0,
    remembered_s=1000.0,
)


def match(
    start_s: float, source: str = "gate", what: str = "smoke", score: float = 4.0, rule_id: str = "fire"
) -> Match:
    moment_id = f"{source}-{start_s:g}"
    witness = Witness("scene", what, score, moment_id)
    return Match(rule_id, moment_id, source, "scene", start_s, start_s + 2.0, score, 3.0, (witness,))


Pushes: TypeAlias = Sequence[tuple[Match, Reason | None]]

matches = st.builds(
    match,
    st.integers(0, 150).map(float),
    st.sampled_from(["gate", "desk"]),
    st.sampled_from(["smoke", "smoke", "flames"]),
    st.sampled_from([3.5, 4.0, 5.0, CERTAIN]),
)
held_back = st.none() | st.none() | st.none() | st.sampled_from(REASONS[:5])
pushes = st.lists(st.tuples(matches, held_back), max_size=30).map(
    lambda found: sorted(found, key=lambda pair: pair[0].start_s)
)


def pushed(incidents: Incidents, found: Pushes) -> list[IncidentEvent]:
    return [event for each, reason in found for event in incidents.push(each, each.start_s, reason)]


def run(found: Pushes) -> list[IncidentEvent]:
    incidents = Incidents(OPTIONS)
    return pushed(incidents, found) + incidents.tick(math.inf)


def closed(events: Sequence[IncidentEvent]) -> list[Incident]:
    return [event.incident for event in events if isinstance(event, IncidentClosed)]


def first_of_each(found: Pushes) -> Pushes:
    """Of one moment the same match every time, as a replay has it: only one."""
    return list({pair[0].moment_id: pair for pair in reversed(found)}.values())[::-1]


@given(pushes)
def test_every_match_is_in_one_incident_or_suppressed(found: Pushes) -> None:
    first = first_of_each(found)
    events = run(first)
    told = sum(incident.matches for incident in closed(events) if not incident.is_digest)
    kept = Counter(event.reason for event in events if isinstance(event, MatchSuppressed))
    assert told + sum(kept.values()) == len(first)
    assert kept["storm"] == sum(incident.matches for incident in closed(events) if incident.is_digest)
    for _, reason in first:
        assert reason is None or kept[reason] > 0


@given(pushes)
def test_an_incident_opens_is_updated_and_closes_in_that_order(found: Pushes) -> None:
    history: dict[str, list[IncidentEvent]] = {}
    for event in run(found):
        if not isinstance(event, MatchSuppressed):
            history.setdefault(event.incident.id, []).append(event)
    for events in history.values():
        assert [type(event) for event in events] == [
            IncidentOpened, *[IncidentUpdated] * (len(events) - 2), IncidentClosed,
        ]  # fmt: skip
        numbers = [event.number for event in events if isinstance(event, IncidentUpdated | IncidentClosed)]
        assert numbers == list(range(1, len(events)))
        counts = [event.incident.matches for event in events if not isinstance(event, MatchSuppressed)]
        assert counts == sorted(counts)


@given(pushes)
def test_two_incidents_that_are_alike_are_apart(found: Pushes) -> None:
    ordered = sorted(
        (each for each in closed(run(first_of_each(found))) if not each.is_digest), key=lambda each: each.start_s
    )
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 :]:
            if one.sources == other.sources and kinds_of(one.best) & kinds_of(other.best):
                assert other.start_s - one.end_s > OPTIONS.quiet_s + OPTIONS.cooldown_s


@given(pushes)
def test_no_more_open_in_a_while_than_is_no_storm(found: Pushes) -> None:
    begun_s = [
        event.incident.start_s for event in run(found)
        if isinstance(event, IncidentOpened) and not event.incident.is_digest
    ]  # fmt: skip
    for start_s in begun_s:
        assert sum(start_s <= other < start_s + OPTIONS.storm_s for other in begun_s) <= OPTIONS.storm_incidents


@given(pushes)
def test_a_replay_tells_the_same_and_what_is_pushed_twice_counts_once(found: Pushes) -> None:
    alike = first_of_each(found)
    assert run(alike) == run(alike)
    assert run([each for pair in alike for each in (pair, pair)]) == run(alike)
    incidents = Incidents(OPTIONS)
    events = pushed(incidents, alike)
    assert pushed(incidents, alike) == []  # all of it again, before time has passed
    assert events + incidents.tick(math.inf) == run(alike)


@given(pushes, st.integers(0, 30))
def test_it_goes_on_from_what_was_kept(found: Pushes, cut: int) -> None:
    first = Incidents(OPTIONS)
    events = pushed(first, found[:cut])
    kept = json.loads(json.dumps({id: rule_state_to_data(state) for id, state in first.rules.items()}))
    again = Incidents(OPTIONS, {id: rule_state_from_data(state) for id, state in kept.items()}, first.clocks_s)
    events += pushed(again, found[cut:]) + again.tick(math.inf)
    assert events == run(found)


@given(pushes)
def test_ticks_in_between_change_nothing_but_when_it_closes(found: Pushes) -> None:
    """Of digests they do: for a source from which nothing came, time has passed."""

    def told(events: Sequence[IncidentEvent]) -> list[str]:
        suppressed = [(event.match, event.reason) for event in events if isinstance(event, MatchSuppressed)]
        return sorted(map(repr, (*suppressed, *(each for each in closed(events) if not each.is_digest))))

    incidents, events = Incidents(OPTIONS), list[IncidentEvent]()
    for each, reason in found:
        events += incidents.tick(each.start_s)
        events += incidents.push(each, each.start_s, reason)
    assert told(events + incidents.tick(math.inf)) == told(run(found))


@settings(max_examples=30)
@given(pushes)
@example([(match(0.0, score=CERTAIN), None), (match(3.0), None), (match(9.0), None), (match(9.0, "desk"), "paused")])
def test_an_event_survives_the_topic(found: Pushes) -> None:
    for event in run(found):
        assert decode_incident_event(encode_incident_event(event)) == event


@pytest.mark.parametrize("value", [b"", b"[]", b"1", b"{}", b'{"version":2}', b'{"version":1,"event":"incident.lost"}',
                                   b'{"version":1,"event":"incident.opened","incident":{"id":"x"}}'])  # fmt: skip
def test_what_is_no_event_is_a_bad_event(value: bytes) -> None:
    with pytest.raises(BadEvent, match="not an event of an incident"):
        decode_incident_event(value)


def test_a_match_after_the_quiet_is_suppressed_until_it_has_cooled_down() -> None:
    events = run([(match(0.0), None), (match(15.0), None), (match(23.0), None)])
    assert [type(event).__name__ for event in events] == [
        "IncidentOpened", "IncidentClosed", "MatchSuppressed", "IncidentOpened", "IncidentClosed",
    ]  # fmt: skip
    suppressed = events[2]
    assert isinstance(suppressed, MatchSuppressed)
    assert (suppressed.reason, suppressed.incident_id) == ("cooldown", closed(events)[0].id)


def test_what_is_not_alike_is_another_incident() -> None:
    incidents = closed(run([(match(0.0), None), (match(1.0, what="flames"), None)]))
    assert [incident.best.witnesses[0].what for incident in incidents] == ["smoke", "flames"]


def test_updates_are_not_one_a_match() -> None:
    events = run([(match(float(second)), None) for second in range(12)])
    updates = [event for event in events if isinstance(event, IncidentUpdated)]
    assert [(event.number, event.incident.matches) for event in updates] == [(1, 6), (2, 11)]
    assert closed(events)[0].matches == 12


def test_an_incident_without_end_is_cut_and_goes_on_after_the_cooldown() -> None:
    events = run([(match(float(second)), None) for second in range(0, 150, 5)])
    first, second = closed(events)
    assert (first.start_s, first.end_s) == (0.0, 57.0)
    assert second.start_s == 80.0
    reasons = [event.reason for event in events if isinstance(event, MatchSuppressed)]
    assert reasons == ["cooldown"] * 6  # at 60 to 75, and at 140 and 145


def test_a_storm_is_one_digest_that_counts() -> None:
    sources = [f"camera{number}" for number in range(50)]
    events = run([(match(float(at) / 10, source), None) for at, source in enumerate(sources)])
    digest = next(incident for incident in closed(events) if incident.is_digest)
    assert len(closed(events)) == OPTIONS.storm_incidents + 1
    assert (digest.incidents, digest.matches, len(digest.sources)) == (48, 48, 48)
    storm = [event for event in events if isinstance(event, MatchSuppressed)]
    assert {event.reason for event in storm} == {"storm"}
    assert {event.incident_id for event in storm} == {digest.id}


def test_the_best_match_is_shown_and_the_first_names_the_incident() -> None:
    (alone,) = closed(run([(match(0.0), None)]))
    (both,) = closed(run([(match(0.0), None), (match(2.0, score=9.0), None), (match(4.0, score=5.0), None)]))
    assert both.id == alone.id
    assert both.best.score == 9.0


def test_a_source_that_lags_is_grouped_in_its_own_time() -> None:
    """The desk's moments of the same minutes come after all of the gate's."""
    live = [(match(float(at), source), None) for at in range(0, 100, 4) for source in ("gate", "desk")]
    lagging = sorted(live, key=lambda pair: pair[0].source != "gate")
    assert sorted(incident.id for incident in closed(run(lagging))) == sorted(
        incident.id for incident in closed(run(live))
    )


def test_a_late_match_of_what_is_over_opens_nothing() -> None:
    incidents = Incidents(OPTIONS)
    incidents.push(match(0.0), 0.0)
    incidents.tick(100.0, "gate")
    (event,) = incidents.push(match(3.0), 3.0)
    assert isinstance(event, MatchSuppressed) and event.reason == "cooldown"
    assert incidents.push(match(0.0), 0.0) == []


def test_what_is_open_and_what_was_suppressed_is_listed() -> None:
    incidents = Incidents(IncidentOptions(kept=2))
    incidents.push(match(0.0), 0.0)
    for second in (1.0, 2.0, 3.0):
        incidents.push(match(second), second, "paused")
    assert [incident.start_s for incident in incidents.open_incidents("fire")] == [0.0]
    assert [event.match.start_s for event in incidents.suppressed("fire")] == [2.0, 3.0]
    assert incidents.suppressed_counts("fire") == {"paused": 3}
    assert (incidents.open_incidents("x"), incidents.suppressed("x"), incidents.suppressed_counts("x")) == ([], [], {})


def test_a_rule_that_is_deleted_closes_what_is_open() -> None:
    incidents = Incidents(OPTIONS)
    for at in range(4):
        incidents.push(match(float(at), f"camera{at}"), float(at))
    assert [event.incident.is_digest for event in incidents.forget("fire") if isinstance(event, IncidentClosed)] == [
        False, False, True,
    ]  # fmt: skip
    assert incidents.open_incidents("fire") == [] and incidents.tick(math.inf) == []
