"""Asking by more than words: the address, moments to be like, a file, and what the page says of the query."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

if TYPE_CHECKING:
    from tests.dashboards.conftest import StubNode

FILTERS: dict[str, list[str]] = {"sources": [], "speakers": [], "moods": [], "languages": [], "kinds": []}


def html(page: AppTest) -> str:
    assert not page.exception
    bodies = (element.value for element in page.get("html") if isinstance(element, Element))
    return "".join(body for body in bodies if not body.startswith("<style>"))


def buttons(page: AppTest, start: str) -> list[Any]:
    return [button for button in page.button if button.label.startswith(start)]


@pytest.mark.parametrize(
    ("name", "given", "chosen"),
    [
        ("mood", ["angry", "sad"], ["angry", "sad"]),
        ("mood", ["Angry"], ["angry"]),
        ("kind", ["scene"], ["scene"]),
        ("kind", ["Pictures", "text"], ["scene", "text"]),
        ("language", ["fr"], ["fr"]),
        ("language", ["French"], ["fr"]),
        ("speaker", ["a1"], ["a1"]),
        ("speaker", ["ana"], ["a1"]),
        ("source", ["lobby", "not-there-yet"], ["lobby", "not-there-yet"]),
    ],
)
def test_a_filter_in_the_address_is_taken_up(
    page: AppTest, node_with_speakers: StubNode, name: str, given: list[str], chosen: list[str]
) -> None:
    page.query_params.update({"q": "seven", name: given})
    page.run()
    assert page.multiselect(key=name).value == chosen
    assert node_with_speakers.requests("/search") == [
        "q=seven&limit=12" + "".join(f"&{name}={each}" for each in chosen)
    ]
    assert page.query_params[name] in (chosen, *chosen)


def test_what_is_chosen_stands_in_the_address_and_leaves_it_again(page: AppTest) -> None:
    page.run()
    page.multiselect(key="mood").set_value(["sad"]).run()
    assert page.query_params["mood"] in ("sad", ["sad"])
    page.multiselect(key="mood").set_value([]).run()
    assert "mood" not in page.query_params


def test_an_address_that_changes_changes_what_is_chosen(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params.update({"q": "seven", "mood": "angry"})
    page.run()
    page.query_params["mood"] = "sad"  # as when the viewer goes back
    page.run()
    assert page.multiselect(key="mood").value == ["sad"]
    assert node_with_clip.requests("/search")[-1] == "q=seven&limit=12&mood=sad"


def test_more_like_a_moment_and_not_like_another(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params["q"] = "seven"
    page.run()
    id = page_id(node_with_clip)
    assert not buttons(page, "Not like this")  # unlike what, without anything to be like
    buttons(page, "More like this")[0].click().run()
    assert node_with_clip.requests("/search")[-1] == f"q=seven&like={id}&limit=12"
    assert page.query_params["like"] in (id, [id])
    assert buttons(page, "Like lobby")
    other = "0000cafe-1111"
    now_s = time.time()
    node_with_clip.serve("search", {"moments": [one("door", now_s, other)]})
    page.text_input(key="q").input("").run()
    assert node_with_clip.requests("/search")[-1] == f"like={id}&limit=12"
    buttons(page, "Not like this")[0].click().run()
    assert node_with_clip.requests("/search")[-1] == f"like={id}&unlike={other}&limit=12"
    buttons(page, "Not like door")[0].click().run()
    assert node_with_clip.requests("/search")[-1] == f"like={id}&limit=12"
    assert "unlike" not in page.query_params
    buttons(page, "Like lobby")[0].click().run()
    assert "Newest moments" in html(page)
    assert "like" not in page.query_params


def test_an_address_can_hold_moments_to_be_like(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params.update({"like": ["aaaaaaaa-1", "b"], "unlike": "c"})
    page.run()
    assert node_with_clip.requests("/search") == ["like=aaaaaaaa-1&like=b&unlike=c&limit=12"]
    assert buttons(page, "Like moment aaaaaaaa")


def test_without_anything_to_be_like_there_is_nothing_to_be_unlike(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params.update({"q": "seven", "unlike": "c"})
    page.run()
    assert node_with_clip.requests("/search") == ["q=seven&limit=12"]
    assert "unlike" not in page.query_params


def test_a_file_is_looked_for_inside_the_filters_until_it_is_removed(page: AppTest, node_with_clip: StubNode) -> None:
    page.query_params.update({"like": "a", "kind": "scene"})
    page.run()
    page.radio(key="example_by").set_value("clip").run()
    page.file_uploader[0].set_value(("a **dog**.mp4", b"12345", "video/mp4")).run()
    asked = node_with_clip.requests("/search/by-example")
    assert asked == ["by=clip&limit=12&kind=scene#5 application/octet-stream"]
    assert "like" not in page.query_params  # the node takes one or the other
    assert "platform seven" in html(page)
    assert page.file_uploader[0].value is None
    buttons(page, r"a \*\*dog\*\*\.mp4")[0].click().run()
    assert "Newest moments" in html(page)


def test_more_like_an_answer_to_a_file_takes_its_place(page: AppTest, node_with_clip: StubNode) -> None:
    page.run()
    page.file_uploader[0].set_value(("dog.png", b"1", "image/png")).run()
    buttons(page, "More like this")[0].click().run()
    assert node_with_clip.requests("/search") == [f"like={page_id(node_with_clip)}&limit=12"]
    assert not buttons(page, "dog")


def test_a_file_without_a_match_is_not_sent_again_by_itself(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.serve("search", {"moments": []})
    page.run()
    page.file_uploader[0].set_value(("dog.png", b"1", "image/png")).run()
    assert "No match" in html(page)
    assert len(node_with_clip.requests("/search/by-example")) == 1
    buttons(page, "Look again")[0].click().run()
    assert len(node_with_clip.requests("/search/by-example")) == 2


def test_a_file_that_cannot_be_read_is_explained_and_can_be_removed(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.refuse("search", 400, "the picture can't be read")
    page.run()
    page.file_uploader[0].set_value(("dog.png", b"1", "image/png")).run()
    assert "the picture can&#x27;t be read" in html(page)
    buttons(page, "dog")[0].click().run()
    assert "Newest moments" in html(page)


def test_what_a_recording_says_is_shown(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.serve("search", {"moments": [], "understood": [{"text": "platform seven"}]})
    page.run()
    page.radio(key="example_by").set_value("speech").run()
    page.file_uploader[0].set_value(("said.wav", b"1", "audio/wav")).run()
    assert "<i>heard</i> platform seven" in html(page)


def test_how_the_query_was_read_is_said_when_it_is_more_than_words(page: AppTest, node_with_clip: StubNode) -> None:
    clause = {"text": "street", "excluded": ["<cars>"], "where": {**FILTERS, "speakers": ["Ana"]}, "where_not": FILTERS}
    node_with_clip.serve("search", {"moments": [], "understood": [clause]})
    page.query_params["q"] = "street -<cars> speaker:Ana"
    page.run()
    assert "<i>without</i> &lt;cars&gt;" in html(page)
    assert "<i>speaker</i> Ana" in html(page)


def test_a_mistake_in_the_query_is_marked_under_the_box(page: AppTest, node_with_clip: StubNode) -> None:
    node_with_clip.refuse("search", 400, "this quotation mark is never closed", at=(4, 8))
    page.query_params["q"] = 'red "car'
    page.run()
    assert "red <mark>&quot;car</mark>" in html(page)
    assert "can&#x27;t answer" not in html(page)


def one(source: str, start_s: float, id: str) -> dict[str, Any]:
    evidence = {"moment_id": id, "modality": "scene", "why": "picture", "score": 0.5}
    shape = {"start_s": start_s, "end_s": start_s + 1}
    return {"source": source, **shape, "evidence": [{**evidence, **shape}]}


def page_id(node: StubNode) -> str:
    """The moment that the node finds at first."""
    (moment,) = node.first_found()
    id: str = moment["evidence"][0]["moment_id"]
    return id
