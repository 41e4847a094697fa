from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from domain.errors import ConfigError
from nowseen.example_files import ExampleFile
from nowseen.node_client import FAILED, FOUND, NOTHING_FOUND
from nowseen.search_command import print_search
from search.api_models import EvidenceModel, HeardModel, MomentModel, MoodModel, SearchModel

START_S = 1_790_000_000.0
EVIDENCE = EvidenceModel(
    moment_id="1", modality="speech", why="words", score=0.71, raw_score=4.2, start_s=START_S, end_s=START_S + 2,
    text="the [red] goalkeeper", matched_words=["goalkeeper"], encoder="minilm",
    is_final=False,
)  # fmt: skip
MOMENT = MomentModel(
    source="stadium", start_s=START_S, end_s=START_S + 2.5, time="2026-09-21T14:13:20.000Z", modalities=["speech"],
    score=0.83, text="the [red] goalkeeper", thumbnail_url=None, clip_url="http://127.0.0.1:8000/clip?x#t=1.0",
    evidence=[EVIDENCE], language="en", is_final=False,
    speakers=[HeardModel(id="a", label="Ana [Ruiz]"), HeardModel(id="b", label="speaker 2")],
    moods=[
        MoodModel(label=label, valence=-0.6, arousal=0.7, confidence=confidence, evidence=[])
        for label, confidence in (("angry", 0.41), ("angry", 0.72), ("unknown", 0.0))
    ],
)  # fmt: skip
ANSWER = SearchModel(
    query="keeper",
    understood=[],
    reranked=[],
    moments=[MOMENT],
    complete_until={"stadium": {"speech": START_S + 60}},
    took_ms={},
    warnings=[],
)


class Terminal:
    def __init__(self) -> None:
        self.out, self.errors = io.StringIO(), io.StringIO()
        self.asked: list[httpx.Request] = []

    def search(self, reply: httpx.Response | Exception, width: int = 180, **more: Any) -> int:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            if isinstance(reply, Exception):
                raise reply
            return reply

        return print_search(
            "http://127.0.0.1:8000",
            "keeper",
            console=Console(file=self.out, width=width),
            errors=Console(file=self.errors, width=300),
            transport=httpx.MockTransport(answer),
            **more,
        )


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def reply(**changes: Any) -> httpx.Response:
    return httpx.Response(200, json=ANSWER.model_copy(update=changes).model_dump())


def test_a_moment_is_printed_with_its_evidence(terminal: Terminal) -> None:
    assert terminal.search(reply()) == FOUND
    page = terminal.out.getvalue()
    for shown in ("2026-09-21", "14:13:20", "2.5 s", "stadium", "0.83", "the [red] goalkeeper", "words 0.71"):
        assert shown in page
    for shown in ("Ana [Ruiz], speaker 2", "angry 0.72", "(provisional)"):
        assert shown in page
    assert "0.41" not in page and "unknown" not in page  # one line a mood, and none where nothing is known
    assert "Complete up to" in page and "speech 2026-09-21 14:14:20" in page


def test_the_question_is_passed_on(terminal: Terminal) -> None:
    terminal.search(
        reply(), sources=["a", "b"], kinds=["scene"], speakers=["Ana", "speaker 7"], moods=["sad"], languages=["fr"],
        since="2026-01-01", limit=3,
    )  # fmt: skip
    asked = terminal.asked[0].url
    assert asked.path == "/search"
    assert asked.params.multi_items() == [
        ("q", "keeper"), ("source", "a"), ("source", "b"), ("kind", "scene"), ("limit", "3"),
        ("speaker", "Ana"), ("speaker", "speaker 7"), ("mood", "sad"), ("language", "fr"), ("since", "2026-01-01"),
    ]  # fmt: skip


def test_a_mistake_in_the_query_is_pointed_at(terminal: Terminal) -> None:
    refusal = httpx.Response(400, json={"error": "'kee' is no mood", "at": {"start": 0, "end": 3}})
    assert terminal.search(refusal) == FAILED
    assert "keeper\n^^^\n" in terminal.errors.getvalue()
    assert "is no mood" in terminal.errors.getvalue()


def test_a_query_that_is_no_address_any_more_is_refused_here(terminal: Terminal) -> None:
    assert print_search("http://node", "x" * 100_000, console=Console(), errors=Console(file=terminal.errors)) == FAILED
    assert "100000 characters; 2000 are the most" in terminal.errors.getvalue()


def test_a_file_is_sent_to_search_by(terminal: Terminal, tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"a picture")
    terminal.search(reply(), example=ExampleFile("picture", picture), sources=["a"])
    [sent] = terminal.asked
    assert (sent.method, sent.url.path, sent.content) == ("POST", "/search/by-example", b"a picture")
    assert (sent.url.params["by"], sent.url.params["source"]) == ("picture", "a")
    assert sent.headers["content-type"] == "application/octet-stream"
    with pytest.raises(ConfigError, match=r"gone.png can't be read"):
        terminal.search(reply(), example=ExampleFile("picture", tmp_path / "gone.png"))
    with pytest.raises(ConfigError, match="do not go together"):
        terminal.search(reply(), example=ExampleFile("picture", picture), like=["x"])


def test_moments_to_be_like_and_pages_are_passed_on(terminal: Terminal) -> None:
    terminal.search(reply(), like=["a", "b"], unlike=["c"], offset=20)
    params = terminal.asked[0].url.params
    assert (params.get_list("like"), params.get_list("unlike"), params["offset"]) == (["a", "b"], ["c"], "20")


@pytest.mark.parametrize(
    ("valence", "arousal", "asked"),
    [
        ("-1:-0.3", None, {"valence_min": "-1.0", "valence_max": "-0.3"}),
        ("0.3:", ":0", {"valence_min": "0.3", "arousal_max": "0.0"}),
    ],
)
def test_ranges_of_mood_are_passed_on(
    terminal: Terminal, valence: str | None, arousal: str | None, asked: dict[str, str]
) -> None:
    terminal.search(reply(), valence=valence, arousal=arousal)
    sent = terminal.asked[0].url.params
    assert {name: sent[name] for name in sent if name.startswith(("valence", "arousal"))} == asked


@pytest.mark.parametrize("given", ["0.3", "a:b", ":", "", "-2:0", "nan:1", "0:1:2"])
def test_a_range_that_is_none_is_refused(terminal: Terminal, given: str) -> None:
    with pytest.raises(ConfigError, match="--arousal is MIN:MAX"):
        terminal.search(reply(), arousal=given)
    assert terminal.asked == []


def test_what_is_too_weak_is_shown_when_it_is_asked_for(terminal: Terminal) -> None:
    terminal.search(reply(moments=[]))
    assert "--weak shows what is nearest" in terminal.out.getvalue()

    assert terminal.search(reply(), weak=True) == FOUND
    assert [asked.url.params.get("weak") for asked in terminal.asked] == [None, "true"]
    with pytest.raises(ConfigError, match="--weak do not go together"):
        terminal.search(reply(), weak=True, example=ExampleFile("picture", Path("some.jpg")))


def test_no_match_differs_from_not_indexed_yet(terminal: Terminal) -> None:
    assert terminal.search(reply(moments=[])) == NOTHING_FOUND
    assert "Nothing found" in terminal.out.getvalue()
    assert "speech 2026-09-21 14:14:20" in terminal.out.getvalue()


@pytest.mark.parametrize("complete_until", [{}, {"stadium": {}}])
def test_nothing_indexed_at_all(terminal: Terminal, complete_until: dict[str, dict[str, float]]) -> None:
    assert terminal.search(reply(moments=[], complete_until=complete_until)) == NOTHING_FOUND
    assert "Nothing is indexed there yet" in terminal.out.getvalue()


def test_warnings_come_first(terminal: Terminal) -> None:
    terminal.search(reply(warnings=["pictures: concept stands in"]))
    assert terminal.out.getvalue().startswith("Note: pictures: concept stands in")


def test_json_is_the_answer_and_nothing_else(terminal: Terminal) -> None:
    assert terminal.search(reply(warnings=["[x]"]), json_output=True) == FOUND
    assert json.loads(terminal.out.getvalue()) == ANSWER.model_copy(update={"warnings": ["[x]"]}).model_dump()


@pytest.mark.parametrize(
    ("replied", "said"),
    [
        (lambda: httpx.ConnectError("connection refused"), "is `nowseen up` running?"),
        (lambda: httpx.ReadTimeout("slow"), "did not answer within"),
        (lambda: httpx.Response(400, json={"error": "q is [empty]"}), "q is [empty]"),
        (lambda: httpx.Response(200, text="<html>"), "no Nowseen node"),
        (lambda: httpx.Response(404, json=["other"]), "other"),
        (lambda: httpx.Response(200, json={"hello": "world"}), "no Nowseen node"),
    ],
)
def test_failures_say_what_to_do(terminal: Terminal, replied: Callable[[], Any], said: str) -> None:
    assert terminal.search(replied()) == FAILED
    assert said in terminal.errors.getvalue()
    assert terminal.out.getvalue() == ""


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://node:port", ""])
def test_an_address_that_is_none(terminal: Terminal, url: str) -> None:
    assert print_search(url, "keeper", errors=Console(file=terminal.errors, width=300)) == FAILED
    assert "http://127.0.0.1:8600" in terminal.errors.getvalue()


def test_most_of_a_narrow_terminal_is_for_what_was_found(terminal: Terminal) -> None:
    long = MOMENT.model_copy(update={"text": "the goalkeeper says it " * 3, "source": "a-camera-with-a-long-name"})
    assert terminal.search(reply(moments=[long]), width=80) == FOUND
    assert "the goalkeeper says" in terminal.out.getvalue()
