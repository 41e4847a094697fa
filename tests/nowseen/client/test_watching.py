"""What is new, through both faces at the real API, and step by step without one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from nowseen.client import Answer, BadRequest, Evidence, Moment, NodeDown
from nowseen.client.following import Watch

if TYPE_CHECKING:
    from tests.nowseen.client.conftest import Asker, Node


async def test_moments_are_given_as_they_appear_each_once(ask: Asker, node: Node) -> None:
    node.put("text", "ferries are late", 10)
    watched = await ask.watch("ferries", kinds="text", every_s=0.01, with_earlier=True)
    assert (await ask.next_of(watched)).text == "ferries are late"
    for n, text in enumerate(("the ferries sail again", "all ferries are full")):
        node.put("text", "rain on the coast", 20 + 20 * n, source="chat")
        id = node.put("text", text, 30 + 20 * n)
        moment = await ask.next_of(watched)
        assert (moment.text, moment.ids) == (text, (id,))


async def test_what_was_there_at_the_start_is_not_new(ask: Asker, node: Node) -> None:
    node.put("text", "old", 10)
    waiting = asyncio.create_task(ask.next_of(await ask.watch(every_s=0.01)))
    # Once to see what is there, and once more.
    while len(node.requests) < 2:  # noqa: ASYNC110  (a server in a thread sets no event of this loop)
        await asyncio.sleep(0.01)
    node.put("speech", "new", 60)
    assert (await waiting).text == "new"
    assert "since=10m" in node.requests[0]


def answer_of(*moments: Moment) -> Answer:
    return Answer(moments=moments)


def moment_of(*names: str, source: str = "cam") -> Moment:
    """A moment of pieces named by a letter and the second at which they begin, such as "a7"."""
    evidence = tuple(
        Evidence(moment_id=name, modality="text", why="filter", score=0.5, start_s=int(name[1:]),
                 end_s=int(name[1:]) + 1, text=name)
        for name in names
    )  # fmt: skip
    return Moment(
        source=source, start_s=min(each.start_s for each in evidence), end_s=max(each.end_s for each in evidence),
        score=0.9, text=names[0], evidence=evidence, clip_url="http://x/clip?a#t=0",
    )  # fmt: skip


def watch_for(*, with_earlier: bool = True, patience_s: float = 60.0) -> Watch:
    return Watch("x", (), (), {}, every_s=2.0, patience_s=patience_s, with_earlier=with_earlier)


def test_a_moment_that_grew_comes_again_with_what_is_new_in_it() -> None:
    watch = watch_for()
    assert watch.take(answer_of(moment_of("a5", "b3"))) == [moment_of("a5", "b3")]
    assert watch.take(answer_of(moment_of("a5", "b3"))) == []
    (grown,) = watch.take(answer_of(moment_of("a5", "c9", "b3", "d7")))
    assert (grown.ids, grown.text, grown.start_s, grown.end_s, grown.score) == (("c9", "d7"), "c9", 7, 10, 0.5)
    assert grown.clip_url == moment_of("a5").clip_url
    assert watch.take(answer_of(moment_of("b3", "c9"), moment_of("d7"))) == []


def test_the_earliest_comes_first() -> None:
    given = watch_for().take(answer_of(moment_of("c9"), moment_of("a1"), moment_of("b5")))
    assert [moment.text for moment in given] == ["a1", "b5", "c9"]


def test_a_full_page_is_followed_by_the_next_at_once() -> None:
    watch = watch_for(with_earlier=False)
    first = watch.question
    assert watch.take(answer_of(*(moment_of(f"a{n}") for n in range(100)))) == []
    assert watch.wait_s == 0
    assert ("offset", "100") in watch.question.params
    assert watch.take(answer_of(moment_of("a200"))) == []  # still what was there at the start
    assert (watch.question.params, watch.wait_s) == (first.params, 2.0)
    assert [moment.text for moment in watch.take(answer_of(moment_of("a200"), moment_of("a300")))] == ["a300"]


def test_a_node_that_is_down_is_asked_the_same_until_patience_ends() -> None:
    watch, down, waits = watch_for(patience_s=20), NodeDown("gone"), []
    question = watch.question
    with pytest.raises(NodeDown, match="gone"):
        while True:
            watch.fail(down)
            waits.append(watch.wait_s)
            assert watch.question is question
    assert waits == [2, 2, 4, 8, 15]
    watch.take(answer_of())
    watch.fail(down)  # patience starts anew
    with pytest.raises(NodeDown):
        watch_for(patience_s=0).fail(down)


@pytest.mark.parametrize("every_s", [0, -1, float("nan")])
def test_asking_without_a_pause_is_no_watch(every_s: float) -> None:
    with pytest.raises(BadRequest, match="every_s"):
        Watch("x", (), (), {}, every_s=every_s, patience_s=1, with_earlier=False)


def test_ids_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nowseen.client.following._REMEMBERED", 2)
    watch = watch_for()
    watch.take(answer_of(moment_of("a1")))
    watch.take(answer_of(moment_of("b2"), moment_of("a1")))
    watch.take(answer_of(moment_of("c3"), moment_of("a1")))
    assert watch.take(answer_of(moment_of("a1"), moment_of("c3"))) == []
    assert watch.take(answer_of(moment_of("b2"))) == [moment_of("b2")]
