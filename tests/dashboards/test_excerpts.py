"""Marked words and excerpts: nothing is lost, and the match is in view."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.excerpts import EXCERPT_LENGTH, Part, excerpt, highlight


def test_whole_words_are_marked_in_any_case_and_a_phrase_is_one_mark() -> None:
    parts = highlight("Platform Seven, not platforms; seven.", ["platform", "SEVEN"])
    assert parts == (
        Part("Platform Seven", True),
        Part(", not platforms; "),
        Part("seven", True),
        Part("."),
    )


def test_a_word_is_found_inside_its_apostrophe() -> None:
    assert highlight("the train's late", ["train"]) == (Part("the "), Part("train's", True), Part(" late"))


@given(st.text(), st.lists(st.text()))
def test_highlighting_loses_and_adds_nothing(text: str, words: list[str]) -> None:
    parts = highlight(text, words)
    assert "".join(part.text for part in parts) == text
    assert all(part.text for part in parts)


@given(st.text(alphabet="abc é", min_size=1), st.data())
def test_every_word_that_matched_is_marked(text: str, data: st.DataObject) -> None:
    words = text.split() or ["a"]
    wanted = data.draw(st.sampled_from(words))
    marked = {word for part in highlight(text, [wanted]) if part.marked for word in part.text.split()}
    assert marked == ({wanted} if wanted in text.split() else set())


@given(st.lists(st.text(alphabet="abcde", min_size=1, max_size=12), min_size=1, max_size=200))
def test_an_excerpt_is_short_and_holds_the_first_match(words: list[str]) -> None:
    text = " ".join([*words, "needle", *words])
    parts = excerpt(text, ["needle"])
    assert any(part.marked and part.text == "needle" for part in parts)
    assert len("".join(part.text for part in parts)) <= EXCERPT_LENGTH + 4
    shown = "".join(part.text for part in parts).removeprefix("… ").removesuffix(" …")
    assert shown in text
