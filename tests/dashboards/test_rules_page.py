"""Rules and incidents on the page, in front of a search node that answers over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.rule_form import EXAMPLES
from tests.dashboards.page_reading import button, html, videos

if TYPE_CHECKING:
    from tests.dashboards.conftest import StubNode


@pytest.fixture
def rules(page: AppTest, node_with_rules: StubNode) -> AppTest:
    page.query_params["view"] = "rules"
    return page.run()


@pytest.fixture
def incidents(page: AppTest, node_with_rules: StubNode) -> AppTest:
    page.query_params["view"] = "incidents"
    return page.run()


def test_what_is_open_is_seen_from_the_search_and_leads_to_the_incidents(
    page: AppTest, node_with_rules: StubNode
) -> None:
    page.run()
    assert 'class="ns-happening"' in html(page) and "<b>Fire alarm</b>" in html(page)
    assert "<b>Forklift</b>" not in html(page)  # it is over
    page.button(key="see-incidents").click().run()
    assert "Latest incidents" in html(page)
    assert page.query_params["view"] == "incidents"


def test_a_node_without_rules_is_searched_all_the_same(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.refuse("incidents", 404, "Not Found")
    page.run()
    assert "Newest moments" in html(page)
    assert "ns-happening" not in html(page)


def test_each_rule_says_what_it_watches_for_and_how_often_it_will_tell(rules: AppTest) -> None:
    shown = html(rules)
    assert '<code dir="auto">kind:scene a forklift</code>' in shown
    assert "<dd>mon-fri 18:00-06:00 Europe/Berlin</dd>" in shown
    assert "about one a day, from 62 % likeness on" in shown and "counted in 8.0 days" in shown
    assert "warming up: about 5 hours missing" in shown and 'title="38 %"' in shown
    assert "<dd>3 right, 1 wrong</dd>" in shown and "<dd>12 below threshold, 2 cooldown</dd>" in shown
    assert "<dd>team</dd>" in shown and "to the letter: it tells at once" in shown
    assert "1 open now" in shown


def test_a_rule_is_added_as_it_is_written(rules: AppTest, node_with_rules: StubNode) -> None:
    rules.text_input(key="rule_query").input(" a forklift ").run()
    rules.text_input(key="rule_name").input("Forklift")
    rules.selectbox(key="rule_budget").set_value(24.0)
    rules.multiselect(key="rule_sources").set_value(["lobby"])
    rules.text_input(key="rule_hours").input("08:00-18:00")
    rules.multiselect(key="rule_webhooks").set_value(["ops"])
    rules.selectbox(key="rule_decided_by").set_value("examples")
    rules.button(key="rule-save").click().run()
    (body,) = [body for body in node_with_rules.requests("/rules") if body]
    assert json.loads(body) == {
        "query": "a forklift source:lobby", "name": "Forklift", "hours": "08:00-18:00", "webhooks": ["ops"],
        "false_alarms_per_day": 24.0, "decided_by": "examples",
    }  # fmt: skip
    assert "Forklift is watched for." in html(rules)
    assert rules.text_input(key="rule_query").value == ""


def test_a_mistake_is_pointed_at_until_it_is_mended(rules: AppTest, node_with_rules: StubNode) -> None:
    node_with_rules.refuse("rule", 422, "there is no filter sorce: did you mean source:?", (0, 5))
    rules.text_input(key="rule_query").input("sorce:hall fire").run()
    rules.button(key="rule-save").click().run()
    assert "<mark>sorce</mark>:hall fire" in html(rules)
    assert rules.text_input(key="rule_query").value == "sorce:hall fire"
    rules.text_input(key="rule_query").input("source:hall fire").run()
    assert "<mark>" not in html(rules)


def test_hours_that_cannot_be_read_are_explained(rules: AppTest, node_with_rules: StubNode) -> None:
    node_with_rules.refuse("backtest", 422, "the hours <b> can't be read")
    rules.text_input(key="rule_query").input("fire").run()
    rules.button(key="rule-try").click().run()
    assert "The hours &lt;b&gt; can&#x27;t be read." in html(rules)


def test_a_draft_is_tried_with_pictures_and_switched_on_after_that(rules: AppTest, node_with_rules: StubNode) -> None:
    rules.text_input(key="rule_query").input("a forklift").run()
    rules.button(key="rule-try").click().run()
    shown = html(rules)
    assert "It would have told 1 incident in 7.0 days watched: about one a week." in shown
    assert "Tried on 4,321 moments" in shown and "Kept back: 12 below threshold." in shown
    assert f"{node_with_rules.url}/media/thumb.jpg" in shown
    button(rules, "Play").click().run()
    assert len(videos(rules)) == 1
    rules.text_input(key="rule_query").input("two forklifts").run()
    assert "It would have told" not in html(rules)  # of this one nothing is known
    assert json.loads(node_with_rules.requests("/rules/backtest")[0])["days"] == 7.0


def test_a_rule_there_is_is_tried_under_it(rules: AppTest, node_with_rules: StubNode) -> None:
    rules.button(key="try-forklift").click().run()
    assert json.loads(node_with_rules.requests("/rules/backtest")[0]) == {
        "rule": "forklift", "days": 7.0, "over": "stored",
    }  # fmt: skip
    assert "It would have told 1 incident" in html(rules)
    rules.button(key="trial-close-forklift").click().run()
    assert "It would have told" not in html(rules)


def test_it_is_tried_on_a_replay_too(rules: AppTest, node_with_rules: StubNode) -> None:
    stored = node_with_rules.answer("backtest")
    rules.button(key="try-forklift").click().run()
    replay = {"left_out": 3, "is_out_of_time": True, "not_stored": 1200}
    node_with_rules.serve("backtest", {**stored, "over": "replay", "replay": replay})
    rules.button(key="trial-other-forklift").click().run()
    assert json.loads(node_with_rules.requests("/rules/backtest")[1])["over"] == "replay"
    shown = html(rules)
    for words in ("Tried on a replay of 4,321 moments", "There was no time to read what Kafka holds from before that.",
                  "3 damaged or refused records were left out.", "1,200 moments are not stored"):  # fmt: skip
        assert words in shown
    node_with_rules.refuse("backtest", 503, "Kafka does not answer")
    rules.button(key="trial-other-forklift").click().run()
    assert "Kafka does not answer" in html(rules)
    assert "Tried on a replay of" in html(rules)  # what was known stays


def test_a_rule_is_paused_and_removed(rules: AppTest, node_with_rules: StubNode) -> None:
    rules.button(key="pause-forklift").click().run()
    rules.button(key="remove-forklift").click().run()
    assert node_with_rules.requests("/rules/forklift") == ['{"state":"paused"}', "removed"]


def test_what_cannot_be_changed_is_explained_at_the_rule(rules: AppTest, node_with_rules: StubNode) -> None:
    node_with_rules.refuse("rule", 503, "the broker does not answer")
    rules.button(key="pause-forklift").click().run()
    assert "Not done: it answered 503: the broker does not answer" in html(rules)


def test_a_rule_is_changed_in_the_form_it_was_written_in(rules: AppTest, node_with_rules: StubNode) -> None:
    rules.button(key="change-forklift").click().run()
    assert rules.text_input(key="rule_query").value == "kind:scene a forklift"
    assert rules.text_input(key="rule_hours").value == "mon-fri 18:00-06:00 Europe/Berlin"
    rules.text_input(key="rule_hours").input("")
    rules.button(key="rule-save").click().run()
    (body,) = node_with_rules.requests("/rules/forklift")
    assert json.loads(body)["hours"] == ""
    assert "Forklift is changed." in html(rules)
    assert "A new rule" in html(rules)


def test_a_search_becomes_a_rule_with_its_filters(page: AppTest, node_with_rules: StubNode) -> None:
    page.query_params["q"] = "platform seven"
    page.query_params["source"] = ["lobby"]
    page.query_params["mood"] = ["angry"]
    page.run()
    page.button(key="make-rule").click().run()
    assert page.text_input(key="rule_query").value == "platform seven source:lobby mood:angry"
    assert page.query_params["view"] == "rules"


def test_a_rule_can_be_like_a_moment_that_was_found(page: AppTest, node_with_rules: StubNode) -> None:
    page.query_params["like"] = ["00000000-0000-0000-0000-00000000cafe"]
    page.run()
    page.button(key="make-rule").click().run()
    assert "Like moment 00000000" in {each.label for each in page.button}
    page.button(key="rule-save").click().run()
    (body,) = [json.loads(body) for body in node_with_rules.requests("/rules") if body]
    assert (body["query"], body["like"]) == ("", "00000000-0000-0000-0000-00000000cafe")
    assert not [each for each in page.button if each.label.startswith("Like ")]


def test_a_rule_can_be_like_a_picture_of_ones_own(page: AppTest, node_with_rules: StubNode) -> None:
    page.query_params["source"] = ["lobby"]
    page.run()
    page.file_uploader[0].set_value(("dog.png", b"12345", "image/png")).run()
    page.button(key="make-rule").click().run()
    page.button(key="rule-try").click().run()
    assert "It would have told 1 incident" in html(page)
    page.multiselect(key="rule_webhooks").set_value(["ops", "team"]).run()
    page.button(key="rule-save").click().run()
    (tried,) = node_with_rules.requests("/rules/backtest/by-example")
    assert tried.startswith("query=source%3Alobby&name=&hours=&webhooks=&") and tried.endswith(
        "&days=7.0&over=stored&by=picture#5"
    )
    (added,) = node_with_rules.requests("/rules/by-example")
    assert "&webhooks=ops&webhooks=team&" in added and added.endswith("&by=picture#5")


@pytest.mark.parametrize(("by", "name"), [("speech", "said.wav"), ("clip", "dog.mp4")])
def test_what_a_rule_cannot_be_like_is_not_offered(
    page: AppTest, node_with_rules: StubNode, by: str, name: str
) -> None:
    page.run()
    page.radio(key="example_by").set_value(by).run()
    page.file_uploader[0].set_value((name, b"1", "audio/wav" if by == "speech" else "video/mp4")).run()
    assert "platform seven" in html(page)
    assert not [each for each in page.button if each.label == "Make this a rule"]


def test_an_example_can_be_taken_away(page: AppTest, node_with_rules: StubNode) -> None:
    page.query_params.update({"q": "a dog", "like": ["00000000-0000-0000-0000-00000000cafe"]})
    page.run()
    page.button(key="make-rule").click().run()
    page.button(key="beside-like-rule").click().run()
    page.button(key="rule-save").click().run()
    (body,) = [json.loads(body) for body in node_with_rules.requests("/rules") if body]
    assert body["query"] == "a dog" and "like" not in body


def test_a_rule_by_example_says_so_and_can_be_changed_without_words(page: AppTest, node_with_rules: StubNode) -> None:
    known = json.loads((node_with_rules.folder / "rules.json").read_text())
    known["rules"][1] |= {"query": "", "like": "a picture"}
    node_with_rules.serve("rules", known)
    page.query_params["view"] = "rules"
    page.run()
    assert "<dt>like</dt><dd>a picture</dd>" in html(page)
    page.button(key="change-forklift").click().run()
    assert "What it is to be like, a picture, stays." in html(page)
    assert not [each for each in page.button if each.key == "rule-try"]  # the node has the example, the draft has not
    page.text_input(key="rule_name").input("Lift").run()
    page.button(key="rule-save").click().run()
    (body,) = node_with_rules.requests("/rules/forklift")
    assert json.loads(body)["name"] == "Lift" and "like" not in json.loads(body)


def test_a_rule_that_is_left_out_says_why_and_can_be_removed(page: AppTest, node_with_rules: StubNode) -> None:
    left_out = {"id": "old", "query": "", "why": "its example is of the encoder <b>"}
    node_with_rules.serve("rules", {"rules": [], "left_out": [left_out]})
    page.query_params["view"] = "rules"
    page.run()
    assert "<b>old</b>" in html(page) and "of the encoder &lt;b&gt;" in html(page)
    page.button(key="remove-old").click().run()
    assert node_with_rules.requests("/rules/old") == ["removed"]


def test_an_example_is_written_into_the_form(rules: AppTest) -> None:
    button(rules, EXAMPLES[1]).click().run()
    assert rules.text_input(key="rule_query").value == EXAMPLES[1]


def test_what_is_open_comes_first_and_says_where_when_and_why(incidents: AppTest) -> None:
    shown = html(incidents)
    assert shown.index("<b>Fire alarm</b>") < shown.index("<b>Forklift</b>")
    assert 'ns-open">open now</span>' in shown and 'ns-over">over</span>' in shown
    assert "<mark>" in shown and "platform seven" in shown
    assert "<b>71 %</b>" in shown and "told from" in shown and "<b>62 %</b>" in shown
    assert "4 matches" in shown


def test_incidents_of_one_rule_have_an_address(page: AppTest, node_with_rules: StubNode) -> None:
    page.query_params["view"] = "incidents"
    page.query_params["rule"] = "forklift"
    page.run()
    assert node_with_rules.requests("/incidents")[-1] == "limit=24&rule=forklift"
    assert page.selectbox(key="rule").value == "forklift"


def test_from_a_rule_to_its_incidents(rules: AppTest, node_with_rules: StubNode) -> None:
    rules.button(key="incidents-forklift").click().run()
    assert node_with_rules.requests("/incidents")[-1] == "limit=24&rule=forklift"
    assert rules.query_params["rule"] == "forklift"


def test_a_match_is_marked_and_the_mark_taken_back(incidents: AppTest, node_with_rules: StubNode) -> None:
    button(incidents, "Wrong").click().run()  # the one with a likeness: words to the letter teach nothing
    assert "Marked wrong" in html(incidents)
    button(incidents, "Take back").click().run()
    marks = [json.loads(body) for body in node_with_rules.requests("/rules/forklift/marks")]
    assert [mark["is_right"] for mark in marks] == [False, None]
    assert "Marked wrong" not in html(incidents)


def test_a_mark_that_is_refused_is_explained(incidents: AppTest, node_with_rules: StubNode) -> None:
    node_with_rules.refuse("rule", 422, "there is no moment 1")
    button(incidents, "Right").click().run()
    assert "Not marked: there is no moment 1" in html(incidents)


def test_what_was_kept_back_has_its_reason(incidents: AppTest, node_with_rules: StubNode) -> None:
    incidents.segmented_control(key="told_or_kept").set_value("Kept back").run()
    shown = html(incidents)
    assert 'ns-kept">below threshold</span>' in shown and "<b>55 %</b>" in shown
    assert {"Right", "Wrong"} <= {each.label for each in incidents.button}


def test_the_incidents_stand_still_while_one_plays(incidents: AppTest, node_with_rules: StubNode) -> None:
    next(each for each in incidents.button if each.label.startswith("Play")).click().run()
    node_with_rules.serve("incidents", {"incidents": []})
    incidents.run()
    assert len(videos(incidents)) == 1
    assert "Standing still" in html(incidents)
    button(incidents, "Close").click().run()
    assert "Nothing yet" in html(incidents)


def test_a_look_around_an_incident_is_a_search_without_filters(page: AppTest, node_with_rules: StubNode) -> None:
    page.query_params["mood"] = ["angry"]
    page.run()
    page.button(key="see-incidents").click().run()
    next(each for each in page.button if each.label == "A minute around it").click().run()
    assert str(page.text_input(key="q").value).startswith("source:lobby since:20")
    assert "mood" not in page.query_params
    assert "&mood" not in node_with_rules.requests("/search")[-1]


def test_more_incidents_can_be_shown(incidents: AppTest, node_with_rules: StubNode) -> None:
    (one, *_) = json.loads((node_with_rules.folder / "incidents.json").read_text())["incidents"]
    node_with_rules.serve("incidents", {"incidents": [{**one, "id": str(number)} for number in range(24)]})
    incidents.run()
    incidents.button(key="more-incidents").click().run()
    assert node_with_rules.requests("/incidents")[-1] == "limit=48"
    assert not [each for each in incidents.button if each.key == "more-incidents"]  # there are no more


def test_without_rules_the_way_to_one_is_shown(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params["view"] = "incidents"
    page.run()
    assert "No rules yet" in html(page)
    page.button(key="first-rule").click().run()
    assert page.text_input(key="rule_query").value == ""


def test_hostile_names_stay_names(page: AppTest, node_with_rules: StubNode) -> None:
    hostile = json.loads((node_with_rules.folder / "rules.json").read_text())
    hostile["rules"][0] |= {"name": "<script>x</script>", "query": "<img src=x>", "hours": "<b>", "warnings": ["<i>"]}
    node_with_rules.serve("rules", hostile)
    page.query_params["view"] = "rules"
    page.run()
    shown = html(page)
    assert "<script" not in shown and "<img src=x" not in shown and "<dd><b>" not in shown and "<i>" not in shown


def test_a_node_that_is_down_is_waited_for(page: AppTest, node_with_rules: StubNode) -> None:
    node_with_rules.refuse("rules", 503, "the store does not answer")
    page.query_params["view"] = "rules"
    page.run()
    assert "the store does not answer" in html(page)
