"""The client against a real server: what it asks, and what it makes of every kind of answer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from dashboards.answers import Place
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.question import ExampleFile, Question, SearchFilter

if TYPE_CHECKING:
    from tests.dashboards.conftest import StubNode


def test_a_search_asks_with_all_its_limits(node: StubNode) -> None:
    where = SearchFilter(("a", "b"), ("scene",), since_s=1.5, until_s=2.25)
    found = SearchApi(node.url + "/").search(Question("café & cake", where), 7)
    assert found.moments == ()
    asked = "q=caf%C3%A9+%26+cake&limit=7&source=a&source=b&kind=scene&since=1.500&until=2.250"
    assert node.requests("/search") == [asked]


def test_no_limit_is_not_sent(node: StubNode) -> None:
    SearchApi(node.url).search(Question("x"), 1)
    SearchApi(node.url).newest(SearchFilter(kinds=("speech",)), 3)
    assert node.requests("/search") == ["q=x&limit=1"]
    assert node.requests("/moments/newest") == ["limit=3&kind=speech"]


def test_a_range_that_ends_now_moves_with_the_clock() -> None:
    assert SearchFilter(last_s=300).since(1000) == 700
    assert SearchFilter(since_s=300).since(1000) == 300
    assert SearchFilter().since(1000) is None


def test_what_is_wrong_with_a_question_is_told(node: StubNode) -> None:
    node.refuse("search", 400, "until is before since")
    with pytest.raises(ApiRefused, match="until is before since") as told:
        SearchApi(node.url).search(Question("x"), 1)
    assert told.value.at is None


def test_where_in_the_query_a_mistake_is_is_told(node: StubNode) -> None:
    node.refuse("search", 400, "this quotation mark is never closed", at=(4, 9))
    with pytest.raises(ApiRefused, match="never closed") as told:
        SearchApi(node.url).search(Question('red "car'), 1)
    assert told.value.at == Place(start=4, end=9)


def test_moments_to_be_like_and_unlike_are_named(node: StubNode) -> None:
    SearchApi(node.url).search(Question(like=("a", "b"), unlike=("c",)), 1)
    assert node.requests("/search") == ["like=a&like=b&unlike=c&limit=1"]


def test_a_file_is_sent_with_what_of_it_is_looked_for(node: StubNode) -> None:
    file = ExampleFile("voice", "ana.wav", b"12345")
    SearchApi(node.url).search(Question("budget", SearchFilter(("a",)), like=("b",), file=file), 1)
    asked = "q=budget&by=voice&limit=1&source=a#5 application/octet-stream"
    assert node.requests("/search/by-example") == [asked]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_a_node_that_fails_is_worth_another_try(node: StubNode, status: int) -> None:
    node.refuse("sources", status, "the store does not answer")
    with pytest.raises(ApiDown, match=f"{status}: the store does not answer"):
        SearchApi(node.url).sources()


@pytest.mark.parametrize("answer", [[], {}, {"sources": [{"source": 1}]}, "hello"])
def test_an_answer_of_another_shape_is_no_answer(node: StubNode, answer: object) -> None:
    node.serve("sources", answer)
    with pytest.raises(ApiDown, match="/sources answered something else than expected"):
        SearchApi(node.url).sources()


def test_nobody_there() -> None:
    with socket.socket() as unheard:  # bound, so that nobody else is there either, but not listening
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(ApiDown, match=r"^Connection refused"):
            SearchApi(f"http://127.0.0.1:{unheard.getsockname()[1]}").encoders()


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://[", "ftp://127.0.0.1"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ApiDown):
        SearchApi(url).encoders()
