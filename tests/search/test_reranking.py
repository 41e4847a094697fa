"""The closer look is bounded: it comes in time, or the fast order stands and the report says why."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from pydantic import TypeAdapter

from domain.ports import EncoderInfo, Labels, Relevance, WordReranker
from domain.ranking import Evidence, RankedMoment
from domain.words_in_common import match_words
from encoders import EncoderOptions, load
from search.reranking import Reranking, RerankOptions, RerankReport

AMPLE = RerankOptions(budget_ms=60_000.0)
HURRIED = RerankOptions(budget_ms=20.0)
QUERY = "red bus"


class WordsInCommon:
    """Ranks by the words that query and text share; waits when told to, and fails when told to."""

    info = EncoderInfo("reranker", "words in common", "tests", "Apache-2.0", 0, "cpu")

    def __init__(self) -> None:
        self.may_go_on = Event()
        self.may_go_on.set()
        self.was_asked = Event()
        self.fails = False
        self.calls = 0

    def rerank(self, query: str, texts: Sequence[str]) -> Relevance:
        self.calls += 1
        self.was_asked.set()
        self.may_go_on.wait(60)
        if self.fails:
            raise RuntimeError("CUDA error: out of memory")
        return np.array([match_words(query, text).score for text in texts], np.float64)


@pytest.fixture
def words() -> Iterator[WordsInCommon]:
    made = WordsInCommon()
    yield made
    made.may_go_on.set()


@pytest.fixture(params=["words in common", "cross-encoder"])
def any_reranker(
    request: pytest.FixtureRequest, tmp_path: Path, make_cross_encoder: Callable[..., str]
) -> WordReranker:
    if request.param == "words in common":
        return WordsInCommon()
    return load("reranker", make_cross_encoder(tmp_path), EncoderOptions(tmp_path, device="cpu", allow_download=False))


def test_a_reranker_gives_a_finite_number_for_each_text_in_order(any_reranker: WordReranker) -> None:
    texts = ["the red bus stops", "a dog barks", "", "bus"]
    scores = any_reranker.rerank(QUERY, texts)
    assert scores.shape == (4,)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    singles = [any_reranker.rerank(QUERY, [text])[0] for text in texts]
    np.testing.assert_allclose(scores, singles, atol=1e-5)
    assert any_reranker.rerank(QUERY, []).shape == (0,)
    assert any_reranker.info.role == "reranker"


def moment(text: str, score: float = 0.5) -> RankedMoment:
    evidence = Evidence(text, "speech", "meaning", score, 0.4, 0.0, 2.0, text, (), "e", None, "lobby")
    return RankedMoment("lobby", 0.0, 2.0, score, (evidence,), text, None, Labels(), "", True)


MOMENTS = (moment("a dog barks", 0.6), moment("the bus", 0.55), moment("red bus", 0.5), moment("a blue red bus", 0.2))


def texts(moments: Sequence[RankedMoment]) -> list[str]:
    return [each.text for each in moments]


def test_without_models_the_order_stands_and_the_report_says_so() -> None:
    ordered, reports = Reranking().apply(QUERY, (1.0, 0.0), MOMENTS)
    assert ordered == MOMENTS
    assert [(each.stage, each.state, each.model, each.considered) for each in reports] == [
        ("words", "absent", None, 0), ("pictures", "absent", None, 0),
    ]  # fmt: skip
    assert reports[0].sentence == "words: absent"


def test_the_best_are_put_in_the_order_of_their_words_and_the_rest_stays_behind(words: WordsInCommon) -> None:
    ordered, (report, _) = Reranking(words, options=RerankOptions(3, 60_000.0)).apply(QUERY, None, MOMENTS)
    assert texts(ordered) == ["red bus", "the bus", "a dog barks", "a blue red bus"]
    assert ordered[3] is MOMENTS[3]
    assert (report.state, report.model, report.considered) == ("done", "words in common", 3)
    assert report.sentence.startswith("words: 3 looked at again in ")


def test_a_moment_without_words_is_not_read(words: WordsInCommon) -> None:
    _, (report, _) = Reranking(words, options=AMPLE).apply(QUERY, None, [moment(""), moment("red bus")])
    assert (report.state, report.considered) == ("done", 1)
    ordered, (report, _) = Reranking(words, options=AMPLE).apply(QUERY, None, [])
    assert (ordered, report.state, words.calls) == ((), "done", 1)


def test_what_is_late_changes_nothing_and_does_not_pile_up(words: WordsInCommon) -> None:
    reranking = Reranking(words, options=HURRIED)
    words.may_go_on.clear()
    ordered, (late, _) = reranking.apply(QUERY, None, MOMENTS)
    assert (ordered, late.state, late.considered) == (MOMENTS, "late", 0)
    assert late.sentence.startswith("words: late after ")
    for _ in range(5):
        ordered, (busy, _) = reranking.apply(QUERY, None, MOMENTS)
        assert (ordered, busy.state, busy.sentence) == (MOMENTS, "busy", "words: busy")
    words.was_asked.wait(60)
    assert words.calls == 1


def test_once_the_late_work_has_ended_it_is_asked_again(words: WordsInCommon) -> None:
    words.may_go_on.clear()
    reranking = Reranking(words, options=HURRIED)
    assert reranking.apply(QUERY, None, MOMENTS)[1][0].state == "late"
    words.may_go_on.set()
    while reranking.apply(QUERY, None, MOMENTS)[1][0].state != "done":
        time.sleep(0.001)
    assert words.calls >= 2


def test_two_who_ask_in_time_are_both_served(words: WordsInCommon) -> None:
    reranking = Reranking(words, options=AMPLE)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: reranking.apply(QUERY, None, MOMENTS), range(12)))
    assert {report.state for _, (report, _) in answers} == {"done"}
    assert len({tuple(texts(ordered)) for ordered, _ in answers}) == 1


def test_a_model_that_fails_is_logged_once(words: WordsInCommon, caplog: pytest.LogCaptureFixture) -> None:
    reranking = Reranking(words, options=AMPLE)
    words.fails = True
    for _ in range(3):
        ordered, (report, _) = reranking.apply(QUERY, None, MOMENTS)
        assert (ordered, report.state, report.considered) == (MOMENTS, "failed", 0)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "CUDA error: out of memory" in caplog.text
    words.fails = False
    assert reranking.apply(QUERY, None, MOMENTS)[1][0].state == "done"
    words.fails = True
    reranking.apply(QUERY, None, MOMENTS)
    assert len(caplog.records) == 2


def test_a_report_can_be_answered_as_json() -> None:
    report = RerankReport("words", "late", "m", 0, 300.0)
    assert TypeAdapter(RerankReport).dump_python(report, mode="json") == {
        "stage": "words", "state": "late", "model": "m", "considered": 0, "took_ms": 300.0,
    }  # fmt: skip
