"""Rules match what is stored, learn from history, and go on after a restart as if there had been none."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentWithdrawn, RuleKept, RuleRemoved, RuleSet, RulesKept
from domain.log_places import Place
from domain.moments import moment_id
from domain.ports import MomentFact
from domain.rule_drafts import RuleDraft, rule_of
from domain.rule_json import encode_rule
from domain.rules_state import Keeping
from search.just_stored import JustStored
from search.rule_matching import RuleMatching
from search.rules_at_work import RulesAtWork
from tests.search.rules_setting import T0_S, Node, told

SMALL_TALK = (
    "the weather is nice",
    "I had soup for lunch",
    "my bus was late",
    "see you on Monday",
    "what a game that was",
)


def restarted(node: Node, rules: list[RuleSet | RuleRemoved], kept: Sequence[RuleKept | RulesKept] = ()) -> list[str]:
    """The same node without what it had in memory; gives what it could not read."""
    node.at_work = RulesAtWork(node.encoders.rules, lambda _: [], node.speakers.label)
    node.matching = RuleMatching(node.at_work, node.stores.moments, node.stored, node.speakers.resolve)
    return node.at_work.start(rules, kept)


def written(keeping: Keeping) -> list[RuleKept | RulesKept]:
    assert keeping.common is not None
    return [*keeping.rules, keeping.common]


def test_words_are_told_at_once_and_once(node: Node) -> None:
    node.decide('"fire drill"', "Drill", webhooks=("team",))
    said = node.moment("text", 0.0, "There is a fire drill at noon")
    (alert,) = node.see(said)
    assert told([alert]) == [("Drill", "opened", "There is a fire drill at noon")]
    assert (alert.webhooks, alert.rule_id, alert.facts.source) == (("team",), "r1", "gate")
    assert node.see(said) == []
    assert [(each.is_open, each.incident.matches) for each in node.at_work.told("r1")] == [(True, 1)]


def test_what_is_not_final_is_not_told(node: Node) -> None:
    node.decide('"fire drill"')
    said = node.moment("speech", 0.0, "there is a fire drill")
    assert node.see(replace(said, is_final=False)) == []
    assert len(node.see(said)) == 1


def test_a_scene_is_told_once_it_is_known_who_speaks_in_it(node: Node) -> None:
    node.store(node.moment("speech", -50.0, "hello it is me again today", voice=2))
    (speaker,) = node.speakers.all()
    node.speakers.rename(speaker.id, "Ana")
    node.decide("kind:scene speaker:Ana", "Ana in view")
    assert node.see(node.moment("scene", 0.0, "a tripod")) == []
    (alert,) = node.see(node.moment("speech", 1.0, "let us begin with the budget now", voice=2))
    assert (alert.facts.rule, alert.facts.state) == ("Ana in view", "opened")
    assert alert.thumbnail_key == f"gate/thumbnails/{round(T0_S * 1000)}.jpg"
    assert [(line.what, line.text) for line in alert.facts.evidence] == [("speaker", "Ana")]


def test_a_voice_that_was_merged_is_still_the_one_that_is_watched_for(node: Node) -> None:
    node.store(*(node.moment("speech", 10.0 * n - 90, "hello it is me", voice=n % 2) for n in range(6)))
    first, second = node.speakers.all()
    node.decide(f'kind:speech speaker:"{second.label}"')
    node.speakers.merge(second.id, first.id)
    alerts = node.see(node.moment("speech", 0.0, "let us begin with the budget now", voice=1))
    assert [alert.facts.state for alert in alerts] == ["opened"]


def test_at_the_same_time_also_across_a_restart(node: Node) -> None:
    event = node.decide('"budget" while "ferries"', "Both")
    assert node.see(node.moment("speech", 0.0, "the budget is done")) == []
    kept = written(node.at_work.keep(node.now_s))
    assert restarted(node, [event], kept) == []
    (alert,) = node.see(node.moment("text", 1.0, "no ferries today"))
    assert alert.facts.rule == "Both"


def test_after_a_crash_the_same_is_told_again_and_nothing_else(node: Node) -> None:
    event = node.decide('"drill"', "Drill")
    moments = [node.moment("text", 700.0 * n, f"drill number {n}") for n in range(6)]
    before = node.see(*moments[:2])
    kept = written(node.at_work.keep(node.now_s))
    after = node.see(*moments[2:])
    assert restarted(node, [event], kept) == []
    assert node.see(*moments[1:]) == after  # those that were not acknowledged, and one that was kept already
    assert len({alert.facts.incident for alert in [*before, *after]}) == 6
    assert len(node.at_work.told()) == 6


@pytest.mark.parametrize("how", ["described again", "withdrawn", "not at all"])
def test_what_is_not_there_any_more_makes_no_pair(node: Node, how: str) -> None:
    node.decide('"budget" while "ferries"')
    said, written = node.moment("speech", 0.0, "the budget"), node.moment("text", 1.0, "no ferries today")
    node.see(said)
    coverage = CoverageAdvanced("gate", "speech", said.start_s - 1.0, said.end_s + 1.0, T0_S, moments=())
    facts: dict[str, list[MomentFact]] = {
        "described again": [coverage],
        "withdrawn": [MomentWithdrawn(said.source, said.modality, said.start_s, said.encoder)],
        "not at all": [replace(coverage, moments=(moment_id(said),))],
    }
    node.matching.match(facts[how], node.now_s)
    assert len(node.see(written)) == (how == "not at all")


def test_an_incident_ends_though_its_source_has(node: Node) -> None:
    node.decide('"drill"')
    said = node.moment("text", 0.0, "a drill")
    assert len(node.see(said)) == 1
    assert quietly(node, node.now_s, 200.0) == []
    (alert,) = quietly(node, node.now_s + 200.0, 200.0)
    assert (alert.facts.state, alert.facts.update) == ("closed", 1)


@pytest.mark.parametrize("told", [False, True])
def test_none_ends_while_the_broker_is_away_or_the_node_is_stopped(node: Node, told: bool) -> None:
    """What the source brought meanwhile comes later, and belongs to it."""
    node.decide('"drill"')
    node.see(node.moment("text", 0.0, "a drill"))
    assert quietly(node, node.now_s, 100.0) == []
    for after_s in (800.0, 3600.0):
        assert node.matching.match([], node.now_s + after_s, end_s=node.now_s + after_s if told else None) == []
    assert [alert.facts.state for alert in node.see(node.moment("text", 200.0, "a drill"))] == ["updated"]


def quietly(node: Node, since_s: float, seconds: float) -> list[AlertRaised]:
    """Nothing comes, and the broker says so all the time."""
    times_s = [since_s + 1.5 * number for number in range(round(seconds / 1.5))]
    return [alert for time_s in times_s for alert in node.matching.match([], time_s, end_s=time_s)]


def test_an_incident_ends_when_its_source_goes_on_without_it(node: Node) -> None:
    node.decide('"drill"')
    node.see(node.moment("text", 0.0, "a drill"))
    coverage = CoverageAdvanced("gate", "text", T0_S, T0_S + 400.0, T0_S)
    assert [alert.facts.state for alert in node.matching.match([coverage], node.now_s)] == ["closed"]
    ahead = CoverageAdvanced("gate", "text", T0_S, node.now_s + 9e9, T0_S)
    assert node.matching.match([ahead], node.now_s) == []
    assert [alert.facts.state for alert in node.see(node.moment("text", 900.0, "a drill"))] == ["opened"]


def test_history_warms_a_rule_before_it_is_at_work(node: Node) -> None:
    node.store(*(node.moment("speech", 300.0 * n, SMALL_TALK[n % 5]) for n in range(300)))
    node.decide("somebody asks for an ambulance", false_alarms_per_day=2.0)
    assert node.at_work.thresholds("r1")["gate"].score is not None
    alerts = node.see(
        node.moment("speech", 300.0 * 300, "my bus was late"),
        node.moment("speech", 300.0 * 302, "please call an ambulance, somebody is hurt"),
    )
    assert [alert.facts.text for alert in alerts] == ["please call an ambulance, somebody is hurt"]


def test_without_history_it_says_that_it_is_warming_up(node: Node) -> None:
    node.decide("somebody asks for an ambulance")
    assert node.see(node.moment("speech", 0.0, "please call an ambulance, somebody is hurt")) == []
    assert node.at_work.thresholds("r1")["gate"].basis == "warming up"
    latest, counts = node.at_work.suppressed("r1")
    assert counts == {"warming up": 1}
    assert latest[0].match.text == "please call an ambulance, somebody is hurt"


def test_a_rule_that_is_removed_tells_how_it_ends_and_nothing_more(node: Node) -> None:
    event = node.decide('"drill"', set_s=5.0)
    node.see(node.moment("text", 0.0, "a drill"))
    assert node.at_work.remove(RuleRemoved("r1", 4.0)) == []  # it was set again since
    assert [alert.facts.state for alert in node.at_work.remove(RuleRemoved("r1", 6.0))] == ["closed"]
    assert node.see(node.moment("text", 2000.0, "a drill")) == []
    node.at_work.set(event)  # the topic, read again from its beginning
    assert node.at_work.all() == []


def test_what_was_set_last_holds_in_whatever_order_it_comes(node: Node) -> None:
    node.decide('"fire"', set_s=2.0)
    node.decide('"drill"', set_s=1.0)
    assert [known.query for known in node.at_work.all()] == ['"fire"']


def test_paused_it_keeps_what_it_would_have_told(node: Node) -> None:
    node.decide('"drill"', state="paused")
    assert node.see(node.moment("text", 0.0, "a drill")) == []
    assert node.at_work.suppressed("r1")[1] == {"paused": 1}


def test_an_example_of_another_encoder_is_left_out_and_told_until_it_is_removed(node: Node) -> None:
    lift = replace(node.encoders.rules.picture(node.encoders.picture("a forklift")), encoder="open_clip:other")
    definition = encode_rule(rule_of(RuleDraft("", "Lift", example=lift), "lift", lambda who: (who,))).decode()
    event = RuleSet("lift", definition, "", 1.0)
    with pytest.raises(BadEvent, match=r"read by the encoder open_clip:other, and now concept is at work"):
        node.at_work.set(event)
    (fault,) = restarted(node, [event])
    assert "lift is left out" in fault
    assert node.at_work.all() == []
    (left_out,) = node.at_work.left_out()
    assert (left_out.rule_id, "open_clip:other" in left_out.why) == ("lift", True)
    node.at_work.remove(RuleRemoved("lift", 2.0))
    assert node.at_work.wait("lift", 2.0, 0.0)
    assert node.at_work.left_out() == []


def test_a_rule_that_can_t_be_read_is_left_out_and_told(node: Node) -> None:
    good = node.decide('"drill"')
    bad = RuleSet("r2", "{}", "?", 1.0)
    with pytest.raises(BadEvent, match="not a rule"):
        node.at_work.set(bad)
    with pytest.raises(BadEvent, match="calls itself 'r1'"):
        node.at_work.set(replace(good, rule_id="r3"))
    (fault,) = restarted(node, [bad, good])
    assert "r2 is left out" in fault
    assert [known.rule.id for known in node.at_work.all()] == ["r1"]


def test_only_what_changed_is_kept_again_and_what_was_removed_is_forgotten(node: Node) -> None:
    drill, fire = node.decide('"drill"'), node.decide('"fire"', id="r2")
    first = node.at_work.keep(node.now_s)
    assert [each.rule_id for each in first.rules] == ["r1", "r2"]
    assert node.at_work.keep(node.now_s) == Keeping()
    node.see(node.moment("text", 0.0, "a drill"))
    second = node.at_work.keep(node.now_s)
    assert [each.rule_id for each in second.rules] == ["r1"] and second.common is not None
    node.at_work.remove(RuleRemoved("r2", 2.0))
    third = node.at_work.keep(node.now_s)
    assert (third.rules, third.forgotten) == ([], ["r2"])
    assert restarted(node, [drill], [*first.rules, *written(second)]) == []
    assert node.at_work.keep(node.now_s).forgotten == ["r2"]  # the node was killed before it had been
    assert restarted(node, [drill, fire], written(first)) == []
    assert node.at_work.keep(node.now_s) == Keeping()


def test_a_rule_kept_later_than_the_rest_counts_nothing_twice(node: Node) -> None:
    events = [node.decide('"drill"', "Drill"), node.decide('"fire"', "Fire", id="r2")]
    moments = [node.moment("text", 60.0 * n, "a drill at the fire station") for n in range(4)]
    places = [Place(0, at, 100.0 + at) for at in range(4)]
    node.store(*moments)
    node.matching.match(moments[:1], node.now_s, places[:1])
    kept = written(node.at_work.keep(node.now_s))
    after = node.matching.match(moments[1:3], node.now_s, places[1:3])
    later = node.at_work.keep(node.now_s).rules[0]
    assert later.rule_id == "r1" and restarted(node, [*events], [*kept, later]) == []
    again = node.matching.match(moments, node.now_s, places)
    assert [(alert.rule_id, alert.facts.update) for alert in after] == [("r1", 1), ("r2", 1), ("r1", 2), ("r2", 2)]
    assert [(alert.rule_id, alert.facts.update) for alert in again] == [("r2", 1), ("r2", 2), ("r1", 3), ("r2", 3)]
    told = {each.incident.rule_id: each.incident.matches for each in node.at_work.told()}
    assert told == {"r1": 4, "r2": 4}
    assert node.matching.match(moments, node.now_s, places) == []


def test_what_an_older_version_kept_is_told_and_begun_anew(node: Node) -> None:
    event = node.decide('"drill"')
    whole = zlib.compress(json.dumps({"watch": {"version": 1, "calibrations": {}}, "told": [], "learnt": {}}).encode())
    (fault,) = restarted(node, [event], [RulesKept(1.0, whole)])
    assert "by an older version of Nowseen: what the rules had learnt is learnt anew" in fault


@pytest.mark.parametrize("state", [b"", b"x", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_state_that_can_t_be_read_is_told_and_begun_anew(node: Node, state: bytes) -> None:
    event = node.decide('"drill"')
    (fault,) = restarted(node, [event], [RulesKept(1.0, state)])
    assert "can't be read" in fault
    assert len(node.see(node.moment("text", 0.0, "a drill"))) == 1


def test_a_moment_of_another_encoder_is_passed_over(node: Node) -> None:
    node.decide("somebody asks for an ambulance")
    node.decide('"drill"', id="r2")
    bad = replace(node.moment("text", 0.0, "a drill"), vectors={"text": (1.0, 0.0)})
    assert node.matching.match([bad, node.moment("text", 1.0, "another drill")], node.now_s)


def test_history_is_all_there_is_in_order(node: Node) -> None:
    node.decide("kind:text drill")
    rule = node.at_work.all()[0].rule
    vector = node.encoders.text("a drill")
    texts = [
        replace(node.moment("text", 0.0, "x"), start_s=T0_S + n * n, end_s=T0_S + n * n + 3, text=f"{n}",
                vectors={"text": vector})
        for n in range(1300)
    ]  # fmt: skip
    texts += [replace(texts[40], text=f"same time {n}") for n in range(700)]
    node.stores.moments.upsert(texts, T0_S)
    span = node.history.latest(rule, 366.0, 5000)
    assert span is not None
    windows = list(node.history.windows(rule, span.since_s, span.until_s))
    found = [each.moment.start_s for window in windows for each in window]
    assert (span.moments, len(found)) == (2000, 2000)
    assert found == sorted(found)
    assert {each.moment.text for window in windows for each in window} == {each.text for each in texts}
    newest = node.history.latest(rule, 1.0, 5000)
    assert newest is not None and newest.since_s >= texts[1299].start_s - 86_400
    assert node.history.latest(rule, 366.0, 10) == replace(newest, since_s=texts[1290].start_s, moments=10)


def test_who_waits_for_the_store_waits_no_longer_than_it_says(node: Node) -> None:
    stored, one = JustStored(remembered=1), node.moment("text", 0.0, "a")
    assert not stored.wait(["nobody"], 0.0)
    stored.note([node.moment("text", 1.0, "b"), one])
    assert stored.wait([moment_id(one)], 0.0)
    assert not stored.wait([moment_id(node.moment("text", 1.0, "b"))], 0.0)
