"""The whole page, run as Streamlit runs it, in front of a search node that answers over HTTP."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import query_box
from domain.events import MODALITIES
from tests.dashboards.page_reading import button, html, videos

if TYPE_CHECKING:
    from tests.dashboards.conftest import StubNode


def test_without_a_query_the_newest_moments_are_shown(page: AppTest) -> None:
    page.run()
    assert "Newest moments" in html(page)
    assert "platform seven" in html(page)
    assert "speech</span><span>2 s behind" in html(page)


def test_a_stage_that_is_stuck_is_told_on_every_view(page: AppTest, node_with_rules: StubNode) -> None:
    page.run()
    assert "Stuck" not in html(page)
    detail = "embed_text has been stuck for 90 s, at media.text[3]@17, sending to moments: <b>away</b>"
    node_with_rules.serve("health", {"status": "ready", "stuck": [{"detail": detail}], "warnings": [detail]})
    for view in ("search", "incidents", "rules"):
        page.query_params["view"] = view
        page.run()
        assert "<b>Stuck</b><span>embed_text has been stuck for 90 s" in html(page)
        assert "<b>away</b>" not in html(page)


def test_a_query_is_asked_and_its_words_are_marked(page: AppTest, node_with_clip: StubNode) -> None:
    page.run()
    page.text_input(key="q").input("platform seven").run()
    assert "<mark>platform seven</mark>" in html(page)
    assert "90 %" in html(page)
    assert node_with_clip.requests("/search") == ["q=platform+seven&limit=12"]


def test_an_address_can_hold_the_search(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params["q"] = "seven"
    page.run()
    assert node_with_clip.requests("/search") == ["q=seven&limit=12"]
    assert page.text_input(key="q").value == "seven"


def test_an_example_is_a_search(page: AppTest, node_with_clip: StubNode) -> None:
    page.run()
    button(page, query_box.EXAMPLES[0]).click().run()
    assert page.text_input(key="q").value == query_box.EXAMPLES[0]
    assert len(node_with_clip.requests("/search")) == 1
    assert not [shown for shown in page.button if shown.label in query_box.EXAMPLES]


def test_filters_reach_the_node(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params["q"] = "seven"
    page.run()
    page.multiselect(key="source").set_value(["lobby"])
    page.multiselect(key="kind").set_value(["speech", "text"])
    page.selectbox(key="time").set_value("Last hour").run()
    asked = node_with_clip.requests("/search")[-1]
    assert "&source=lobby&kind=speech&kind=text&since=" in asked
    assert abs(float(asked.partition("since=")[2]) - (time.time() - 3600)) < 600


def test_speakers_moods_and_languages_reach_the_node(page: AppTest, node_with_speakers: StubNode) -> None:
    page.query_params["q"] = "seven"
    page.run()
    assert page.multiselect(key="speaker").options == ["Ana", "speaker 2"]
    page.multiselect(key="speaker").set_value(["a1", "b1"])
    page.multiselect(key="mood").set_value(["angry", "sad"])
    page.multiselect(key="language").set_value(["fr"]).run()
    asked = node_with_speakers.requests("/search")[-1]
    assert asked == "q=seven&limit=12&speaker=a1&speaker=b1&mood=angry&mood=sad&language=fr"
    page.text_input(key="q").input("").run()
    assert "&speaker=a1&speaker=b1&mood=angry" in node_with_speakers.requests("/moments/newest")[-1]


def test_a_card_says_who_speaks_how_and_why_and_that_it_may_change(page: AppTest, node_with_speakers: StubNode) -> None:
    page.run()
    shown = html(page)
    assert "<b>Ana</b><span>French</span>" in shown
    assert "<summary>angry, 72 % sure</summary>" in shown
    assert "voice: pitch above this speaker&#x27;s usual" in shown and "<b>75 %</b>" in shown
    assert "Provisional" in shown


def test_a_speaker_can_be_named(page: AppTest, node_with_speakers: StubNode) -> None:
    page.run()
    assert "speaker 2</span><span>12 utterances, 48 s<" in html(page)
    assert page.button(key="speaker_save").disabled
    page.selectbox(key="speaker_chosen").set_value("b1").run()
    page.text_input(key="speaker_name").input(" Ben ").run()
    ana = {"id": "a1", "label": "Ana", "utterances": 1, "spoken_s": 2}
    ben = {"id": "b1", "label": "Ben", "utterances": 1, "spoken_s": 2}
    node_with_speakers.serve("speakers", {"speakers": [ana, ben]})
    page.button(key="speaker_save").click().run()
    assert node_with_speakers.requests("/speakers/b1") == ['{"name":"Ben"}']
    assert "<span>Ben</span>" in html(page)
    assert page.text_input(key="speaker_name").value == ""


def test_two_speakers_can_be_made_one(page: AppTest, node_with_speakers: StubNode) -> None:
    page.query_params["speaker"] = "b1"
    page.run()
    page.selectbox(key="speaker_chosen").set_value("b1").run()
    assert page.selectbox(key="speaker_into").options == ["Ana"]
    page.selectbox(key="speaker_into").set_value("a1").run()
    node_with_speakers.serve("speakers", {"speakers": [{"id": "a1", "label": "Ana", "utterances": 1, "spoken_s": 2}]})
    page.button(key="speaker_merge").click().run()
    assert node_with_speakers.requests("/speakers/b1/merge") == ['{"into":"a1"}']
    assert "speaker 2" not in html(page)


def test_a_change_that_is_refused_is_explained(page: AppTest, node_with_speakers: StubNode) -> None:
    page.run()
    node_with_speakers.refuse("speaker", 404, "there is no speaker 'a1' any more")
    page.text_input(key="speaker_name").input("Ben").run()
    page.button(key="speaker_save").click().run()
    assert "Not changed: there is no speaker &#x27;a1&#x27; any more" in html(page)
    assert page.text_input(key="speaker_name").value == "Ben"


def test_without_anybody_heard_there_is_nobody_to_name(page: AppTest) -> None:
    page.run()
    assert "Speakers heard" not in html(page)
    assert not page.expander


def test_a_range_of_ones_own(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params["q"] = "seven"
    page.run()
    page.selectbox(key="time").set_value("Custom range").run()
    assert not page.exception
    asked = node_with_clip.requests("/search")[-1]
    since_s, until_s = (float(piece.partition("=")[2]) for piece in asked.split("&")[-2:])
    assert until_s - since_s == pytest.approx(3660)


def test_every_kind_can_be_chosen(page: AppTest) -> None:
    page.run()
    assert page.multiselect(key="kind").options == ["Pictures", "Speech", "Text"]
    assert len(MODALITIES) == 3


def test_play_opens_one_clip_with_sound_at_the_right_second_and_close_ends_it(
    page: AppTest, node_with_clip: StubNode
) -> None:
    page.query_params["q"] = "seven"
    page.run()
    assert videos(page) == []
    button(page, "Play").click().run()
    (video,) = videos(page)
    assert video.url.startswith(f"{node_with_clip.url}/media/clip.mp4#")
    assert (video.start_time, video.autoplay, video.muted) == (4, True, False)
    button(page, "Close").click().run()
    assert videos(page) == []


def test_another_clip_replaces_the_open_one(page: AppTest, node_with_clip: StubNode) -> None:
    shape = {"score": 0.5, "clip_url": "/media/clip.mp4#t=1"}
    two = [{"source": name, "start_s": time.time() - 9, "end_s": time.time(), **shape} for name in ("lobby", "door")]
    node_with_clip.serve("search", {"moments": two})
    page.query_params["q"] = "seven"
    page.run()
    next(shown for shown in page.button if shown.label.startswith("Play")).click().run()
    assert len(videos(page)) == 1
    button(page, "Play").click().run()
    assert len(videos(page)) == 1
    assert len([shown for shown in page.button if shown.label == "Close"]) == 1


def test_the_newest_stand_still_while_one_plays(page: AppTest, node_with_clip: StubNode) -> None:
    page.run()
    button(page, "Play").click().run()
    node_with_clip.serve("newest", {"moments": [{"source": "door", "start_s": time.time(), "end_s": time.time()}]})
    page.run()
    assert "1 newer waiting" in html(page)
    assert "platform seven" in html(page)
    button(page, "Close").click().run()
    assert "platform seven" not in html(page)
    assert "door" in html(page)


def test_no_match_says_up_to_when(page: AppTest, node_with_clip: StubNode) -> None:
    until_s = time.time() - 4
    node_with_clip.serve("search", {"moments": [], "complete_until": {"lobby": {"speech": until_s}}})
    page.query_params["q"] = "zebra"
    page.run()
    told = f"No match in lobby up to {time.strftime('%H:%M:%S', time.gmtime(until_s))} UTC; later is not indexed yet."
    assert told in html(page)


def test_what_is_too_weak_to_be_a_match_is_shown_when_it_is_asked_for(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.serve("weak", {"moments": node_with_clip.first_found()})
    node_with_clip.serve("search", {"moments": []})
    page.query_params["q"] = "zebra"
    page.run()
    assert "platform seven" not in html(page)
    page.toggle(key="weak").set_value(True).run()
    assert "likely something else" in html(page)
    assert "platform seven" in html(page)
    assert "weak=true" in node_with_clip.requests("/search")[-1]


def test_a_node_without_sources_says_how_to_publish(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.serve("sources", {"sources": []})
    page.run()
    assert "No sources yet" in html(page)
    assert "nowseen publish" in html(page)


def test_a_stand_in_is_said_loudly_and_once(page: AppTest, node_with_clip: StubNode) -> None:
    stand_in = {"role": "pictures", "name": "concepts", "stand_in_for": "CLIP", "warning": "It knows no people."}
    node_with_clip.serve("encoders", {"encoders": [stand_in]})
    node_with_clip.serve("search", {"moments": [], "warnings": ["pictures: concepts stands in for CLIP: It knows…"]})
    page.query_params["q"] = "seven"
    page.run()
    assert html(page).count("stands in for CLIP") == 1


def test_a_worker_that_is_not_at_work_is_said_with_what_to_do(page: AppTest, node_with_clip: StubNode) -> None:
    fault = "was restarted 4 times in the last 10 minutes. Its log: /logs/worker.log"
    parts = {"worker": {"ok": False, "detail": fault}, "store": {"ok": True, "detail": ""}}
    node_with_clip.serve("health", {"status": "degraded", "parts": parts})
    page.run()
    assert f"looks, listens and reads: {fault}" in html(page)
    assert "The store" not in html(page)


def test_a_refused_query_is_explained(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.refuse("search", 400, "the query has no <words>")
    page.query_params["q"] = "?"
    page.run()
    assert "the query has no &lt;words&gt;" in html(page)


def test_hostile_words_stay_words(page: AppTest, node_with_clip: StubNode) -> None:
    said = "<script>alert(1)</script> **bold** :material/home: $x$"
    hostile = {
        "source": "lobby", "start_s": time.time(), "end_s": time.time(), "text": said,
        "thumbnail_url": 'x" onerror="alert(1)', "clip_url": "javascript:alert(1)",
    }  # fmt: skip
    node_with_clip.serve("search", {"moments": [hostile], "warnings": [said]})
    page.query_params["q"] = "seven"
    page.run()
    assert "<script" not in html(page)
    assert 'onerror="' not in html(page)
    assert not [shown for shown in page.button if shown.label.startswith("Play")]
    assert not [text for text in page.markdown if "alert" in text.value]


def test_a_node_that_is_down_is_waited_for_with_its_address(
    page: AppTest, node_with_clip: StubNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node_with_clip.refuse("sources", 503, "the store does not answer")
    page.query_params["q"] = "seven"
    page.run()
    assert "Waiting for the search node" in html(page)
    assert node_with_clip.url in html(page)
    assert page.text_input(key="q").value == "seven"
    node_with_clip.serve("sources", {"sources": [{"source": "lobby", "moments": {"speech": 1}}]})
    page.run()
    assert "<mark>" in html(page)


def test_newest_moments_that_cannot_be_had_are_waited_for(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.refuse("newest", 503, "the store does not answer")
    page.run()
    assert "the store does not answer" in html(page)
    assert len(node_with_clip.requests("/moments/newest")) == 1


def test_what_plays_goes_on_when_the_node_goes_away(page: AppTest, node_with_clip: StubNode) -> None:
    page.run()
    button(page, "Play").click().run()
    node_with_clip.refuse("newest", 503, "the store does not answer")
    page.run()
    assert len(videos(page)) == 1


def test_only_moments_of_the_chosen_time_are_new(page: AppTest, node_with_clip: StubNode) -> None:
    ages_s = {"minute": 60, "day": 86_000}
    now_s = time.time()
    moments = [{"source": name, "start_s": now_s - age_s, "end_s": now_s - age_s} for name, age_s in ages_s.items()]
    node_with_clip.serve("newest", {"moments": moments})
    page.query_params["time"] = "Last hour"
    page.run()
    assert ">minute<" in html(page)
    assert ">day<" not in html(page)


def test_more_can_be_shown(page: AppTest, node_with_clip: StubNode) -> None:
    many = [{"source": f"s{index}", "start_s": 0, "end_s": 1} for index in range(12)]
    node_with_clip.serve("search", {"moments": many})
    page.query_params["q"] = "seven"
    page.run()
    button(page, "Show more").click().run()
    assert node_with_clip.requests("/search")[-1] == "q=seven&limit=24"
