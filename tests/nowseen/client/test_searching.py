"""Searching through both faces, at the real API."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from domain.events import WatermarkAdvanced
from domain.mood import Mood, Share
from domain.ports import Labels
from nowseen.client import BadRequest, NodeRefused
from tests.nowseen.client.conftest import ANA, BEA, NOW_S, START_S

if TYPE_CHECKING:
    from tests.nowseen.client.conftest import Asker, Node

ANGRY = Mood("angry", -0.6, 0.7, 0.8, (Share("words", "never", -0.6, 0.7, 1.0),))


def starts(answer: Any) -> list[float]:
    return sorted(moment.start_s - START_S for moment in answer.moments)


async def test_an_answer_says_what_was_found_why_and_up_to_when(ask: Asker, node: Node) -> None:
    id = node.put("speech", "the goalkeeper saved the penalty", 10, labels=Labels((ANA,), (ANGRY,)))
    node.parts.watermarks.advance(WatermarkAdvanced("cam", "speech", START_S + 70, START_S + 71))
    answer = await ask.search("goalkeeper penalty lang:en")
    (moment,) = answer.moments
    assert (moment.source, moment.text, moment.ids) == ("cam", "the goalkeeper saved the penalty", (id,))
    assert moment.start == datetime(2026, 9, 21, 14, 13, 30, tzinfo=UTC)
    assert moment.end.timestamp() == moment.end_s == START_S + 12
    assert {evidence.why for evidence in moment.evidence} == {"words", "meaning"}
    assert {evidence.start for evidence in moment.evidence} == {moment.start}
    assert [(heard.id, heard.label) for heard in moment.speakers] == [(ANA, "Ana")]
    (mood,) = moment.moods
    assert (mood.label, mood.valence, mood.evidence[0].what) == ("angry", -0.6, "never")
    assert answer.complete_until == {"cam": {"speech": START_S + 70}}
    assert answer.query == "goalkeeper penalty lang:en"
    assert (answer.understood[0].text, answer.understood[0].where.languages) == ("goalkeeper penalty", ("en",))
    assert any("stands in" in warning for warning in answer.warnings)


async def test_without_a_language_model_the_moments_are_the_answer(ask: Asker, node: Node) -> None:
    node.put("speech", "the goalkeeper saved the penalty", 10)
    node.put("text", "the goalkeeper saved the penalty", 20, source="wire")
    answer = await ask.answer("who saved the penalty?", limit=3, sources=["cam", "gate"], since=START_S)
    assert [(moment.source, moment.text) for moment in answer.moments] == [("cam", "the goalkeeper saved the penalty")]
    assert (answer.question, answer.answer, answer.sentences) == ("who saved the penalty?", "", ())
    assert "NOWSEEN_ANSWER_URL" in answer.note
    assert any("'gate'" in warning for warning in answer.warnings)
    with pytest.raises(NodeRefused, match="limit"):
        await ask.answer("who?", limit=100)


async def test_every_way_to_narrow_a_search_narrows_it(ask: Asker, node: Node) -> None:
    words = "we must talk about the budget"
    node.put("speech", words, 0, labels=Labels((ANA,), (ANGRY,)))
    node.put("text", words, 40, source="chat")
    node.put("speech", words, 80, labels=Labels((BEA,)), is_final=False)

    async def narrowed(**where: Any) -> list[float]:
        # Three ways to ask, one way to narrow.
        searched, newest = await ask.search(words, **where), await ask.newest(**where)
        shown = await ask.search_by_speech(words.encode(), **where)
        assert starts(searched) == starts(newest) == starts(shown)
        return starts(searched)

    assert await narrowed() == [0, 40, 80]
    assert await narrowed(sources="chat") == await narrowed(sources=["chat", "other"]) == [40]
    assert await narrowed(kinds="speech") == await narrowed(kinds=("speech", "scene")) == [0, 80]
    ana, bea = await ask.speakers()
    assert await narrowed(speakers="Ana") == await narrowed(speakers=ana) == [0]
    assert await narrowed(speakers=[ana, bea]) == [0, 80]
    assert await narrowed(moods="angry") == [0]
    assert await narrowed(valence=(None, -0.5), arousal=(0.5, 1)) == [0]
    assert await narrowed(valence=(0.5, None)) == []
    assert await narrowed(languages="fr") == []
    assert await narrowed(final=True) == [0, 40]
    assert await narrowed(since=START_S + 30, until=START_S + 50) == [40]
    assert await narrowed(since=datetime.fromtimestamp(START_S + 50, UTC)) == [80]
    assert await narrowed(since="30s", until=None) == [80]


async def test_without_words_everything_that_fits_is_found(ask: Asker, node: Node) -> None:
    node.put("speech", "hello", 0, labels=Labels((ANA,)))
    node.put("speech", "good evening", 40)
    assert starts(await ask.search(since=0)) == [0, 40]
    assert starts(await ask.search(speakers="Ana")) == [0]
    assert starts(await ask.newest(limit=1)) == [40]


async def test_what_is_too_weak_to_be_evidence_is_there_for_who_asks(ask: Asker, node: Node) -> None:
    node.put("speech", "good evening")
    assert (await ask.search("quantum chromodynamics")).moments == ()
    (weak,) = (await ask.search("quantum chromodynamics", weak=True)).moments
    assert (weak.text, weak.score < 0.15) == ("good evening", True)
    (page,) = await ask.all_of(await ask.pages("quantum chromodynamics", weak=True))
    assert page.moments == (weak,)


async def test_more_like_this_and_not_like_that(ask: Asker, node: Node) -> None:
    car = node.put("scene", "a red car in the rain", 0)
    node.put("scene", "a red car in the sun", 60)
    node.put("scene", "a red bus in the rain", 120)
    node.put("scene", "a red bus in the rain at night", 180)
    everything = {moment.start_s - START_S: moment for moment in (await ask.search(kinds="scene")).moments}
    like = await ask.search(like=car)
    assert set(starts(like)) >= {60, 120}
    assert starts(await ask.search(like=everything[0])) == starts(like)
    assert starts(await ask.search(like=[everything[0].evidence[0]], unlike=everything[180])) == [60]
    with pytest.raises(BadRequest, match="has no id"):
        await ask.search(like=(await ask.newest()).moments[0])


async def test_a_search_by_what_is_shown_or_played(ask: Asker, node: Node, tmp_path: Path) -> None:
    node.put("scene", "a red car in the rain", 0)
    node.put("speech", "the budget grows while taxes fall", 60, voice=(0.0, 1.0, 0.0, 0.0))
    file = tmp_path / "car.jpg"
    file.write_bytes(b"a wet red car")
    for by, media in (("picture", file), ("clip", file), ("picture", file.read_bytes())):
        best = (await getattr(ask, f"search_by_{by}")(media)).moments[0]
        assert (best.start_s, best.evidence[0].why) == (START_S, "picture")
    heard = await ask.search_by_voice(b"0 1 0 0", kinds="speech")
    assert [each.why for each in heard.moments[0].evidence] == ["voice"]
    said = await ask.search_by_speech(b"the budget grows while taxes fall", limit=1)
    assert starts(said) == [60]
    assert (await ask.search_by_picture(file, "source:other")).moments == ()
    with pytest.raises(NodeRefused, match="can't be read"):
        await ask.search_by_picture(b"\xff\xd8")
    with pytest.raises(OSError, match=r"none\.jpg"):
        await ask.search_by_picture(tmp_path / "none.jpg")


async def test_media_that_is_too_large_is_refused_and_no_broken_connection(ask: Asker) -> None:
    with pytest.raises(NodeRefused, match="larger than 20 MB"):
        await ask.search_by_picture(bytes(21_000_000))


async def test_pages_give_each_moment_once_until_there_are_no_more(ask: Asker, node: Node) -> None:
    for n in range(7):
        node.put("text", f"the budget of the year {2000 + n}", 100 * n)
    pages = await ask.all_of(await ask.pages("budget", limit=3, kinds=iter(["text"])))
    assert [len(page.moments) for page in pages] == [3, 3, 1]
    assert sorted(start for page in pages for start in starts(page)) == [100 * n for n in range(7)]
    assert len(node.requests) == 3
    (only,) = await ask.all_of(await ask.pages("zebra", kinds="text", limit=100))
    assert only.moments == ()


async def test_a_mistake_is_told_with_its_place(ask: Asker) -> None:
    query = "cats mood:furious"
    with pytest.raises(NodeRefused, match="'furious' is no mood") as refused:
        await ask.search(query)
    assert refused.value.status == 400
    assert refused.value.at is not None
    assert query[refused.value.at.start : refused.value.at.end] == "mood:furious"
    with pytest.raises(NodeRefused, match="the query is empty") as empty:
        await ask.search()
    assert empty.value.at is None


async def test_a_misspelt_argument_is_noticed_before_anything_is_sent(ask: Asker, node: Node) -> None:
    for wrong in ({"source": "cam"}, {"since": datetime(2026, 1, 1)}):
        with pytest.raises((TypeError, BadRequest), match=r"there is no such argument|time zone"):
            await ask.search("x", **wrong)
    assert node.requests == []


async def test_what_is_indexed_by_which_models(ask: Asker, node: Node) -> None:
    node.put("speech", "good evening")
    node.parts.watermarks.advance(WatermarkAdvanced("cam", "speech", NOW_S - 4, NOW_S - 1))
    (source,) = await ask.sources()
    assert (source.source, source.moments) == ("cam", {"speech": 1})
    mark = source.watermarks["speech"]
    assert (mark.until.timestamp(), mark.stored.timestamp(), mark.behind_s) == (NOW_S - 4, NOW_S - 1, 4)
    assert [encoder.stand_in_for for encoder in await ask.encoders()] == ["open_clip:ViT-B-32", None]


async def test_a_node_that_is_not_ready_answers_how_it_is(ask: Asker, node: Node) -> None:
    assert (await ask.health()).is_ready
    node.is_ready = False
    health = await ask.health()
    assert not health.is_ready
    assert (health.parts["streams"].ok, health.parts["streams"].detail) == (False, "still reading")
