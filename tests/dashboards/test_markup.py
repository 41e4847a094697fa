"""Nothing that was said, written or named can become markup."""

from __future__ import annotations

from datetime import UTC
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import markup, query_markup
from dashboards.answers import Evidence, Heard, Moment, Mood, Place, Share, Speaker
from dashboards.understood import Chip
from dashboards.view_models import Freshness, card

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</p></div><style>*{display:none}</style>",
    "&lt;b&gt; <b>bold</b> **bold** [a](javascript:alert(1))",
)
OURS = {
    "div", "span", "i", "b", "p", "ul", "li", "time", "mark", "img", "details", "summary", "h1", "h2", "h3", "pre",
    "header", "dl", "dt", "dd", "code",
}  # fmt: skip
OUR_ATTRIBUTES = {"class", "src", "alt", "dir", "datetime", "style", "role", "aria-hidden", "aria-label"}

strange = st.sampled_from(HOSTILE) | st.text() | st.tuples(st.text(), st.sampled_from(HOSTILE)).map("".join)


class Reader(HTMLParser):
    """Takes HTML apart as a browser would: the elements, their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.strangers: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.strangers.append(data)

    def handle_decl(self, decl: str) -> None:
        self.strangers.append(decl)

    def handle_pi(self, data: str) -> None:
        self.strangers.append(data)


def assert_only_ours(html: str) -> Reader:
    read = Reader(html)
    assert set(read.tags) <= OURS
    assert {name for name, _ in read.attributes} <= OUR_ATTRIBUTES
    assert not read.strangers
    return read


@given(text=strange, source=strange, words=st.lists(strange, max_size=3), why=strange)
def test_a_card_shows_hostile_text_as_text(text: str, source: str, words: list[str], why: str) -> None:
    piece = Evidence(modality="speech", why=why, score=0.5, start_s=0, end_s=1, matched_words=tuple(words))
    moment = Moment(source=source, start_s=0, end_s=9, text=text, evidence=(piece,), thumbnail_url=f"/{text}")
    cue = Share(kind="words", what=text, share=0.5)
    heard = {"speakers": (Heard(id=text, label=source),), "language": why, "is_final": False}
    moment = moment.model_copy(update={**heard, "moods": (Mood(label="sad", confidence=0.5, evidence=(cue,)),)})
    made = card(moment, UTC, 0, "http://127.0.0.1:8600")
    read = assert_only_ours(markup.words(made))
    assert _plain(f"words: {text}") in _plain(read.text)
    shown = "".join(part.text for part in made.excerpt)
    assert _plain(shown) in _plain(read.text)
    assert_only_ours(markup.picture(made))


@given(strange, strange)
def test_the_rest_of_the_page_shows_hostile_text_as_text(text: str, other: str) -> None:
    for html in (
        markup.freshness(text, 3, [Freshness(text, other, "live")]),
        markup.banner([text, other]),
        markup.notice(text, [other], code=text),
        markup.line(text),
        markup.speakers([Speaker(id=other, label=text, utterances=1, spoken_s=1.0)]),
        markup.heading(text, other, is_held=False),
        query_markup.understood([[Chip("plain", other, text)], [Chip("only", other, other)]]),
    ):
        assert _plain(text) in _plain(assert_only_ours(html).text)


@pytest.mark.parametrize("words", [["script"], ["alert"], ["lt", "amp", "quot"], ["b"]])
def test_marking_a_word_never_opens_what_was_escaped(words: list[str]) -> None:
    text = " ".join(HOSTILE)
    piece = Evidence(modality="text", why="words", score=1, start_s=0, end_s=0, matched_words=tuple(words))
    made = card(Moment(source="a", start_s=0, end_s=0, text=text, evidence=(piece,)), UTC, 0, "http://x")
    read = assert_only_ours(markup.words(made))
    assert "mark" in read.tags
    assert _plain(text) in _plain(read.text)


@given(strange, strange, st.integers(-3, 90), st.integers(-3, 90))
def test_a_mistake_shows_the_whole_query_whatever_place_it_names(query: str, why: str, start: int, end: int) -> None:
    read = assert_only_ours(query_markup.mistake(query, why, Place(start=start, end=end)))
    assert _plain(read.text).startswith(_plain(query))
    assert _plain(why[1:]) in _plain(read.text)


def test_a_mistake_is_marked_where_it_is_and_told_in_a_sentence() -> None:
    html = query_markup.mistake('red "car', "this quotation mark is never closed", Place(start=4, end=8))
    assert "red <mark>&quot;car</mark></p>" in html
    assert "<p>This quotation mark is never closed.</p>" in html


def test_how_to_ask_shows_every_example() -> None:
    read = assert_only_ours(query_markup.how_to_ask())
    assert len(query_markup.EXAMPLES) == 6
    assert all(query in read.text and meaning in read.text for query, meaning in query_markup.EXAMPLES)


def test_a_reason_reads_in_plain_words() -> None:
    piece = Evidence(modality="scene", why="picture", score=0.82, start_s=0, end_s=1)
    html = markup.words(card(Moment(source="a", start_s=0, end_s=1, evidence=(piece,)), UTC, 0, "http://x"))
    assert "picture" in html
    assert "82 %" in html


def _plain(text: str) -> str:
    # A browser reads the two line ends as one character, and drops NUL; neither is markup.
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "�")
