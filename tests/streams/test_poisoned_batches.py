"""One record that takes all the memory costs that record: the others of its batch are described and stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from domain.errors import BadEvent
from domain.events import ChunkPublished, Event, MomentDescribed, TextPublished, encode
from domain.ports import EncoderInfo, Matrix
from domain.topology import Topology
from streams.agents.describe_scenes import describe_scenes
from streams.agents.embed_text import embed_text
from streams.agents.store_moments import store_moments
from streams.agents.transcribe_speech import transcribe_speech
from streams.scene_describer import VideoChunk
from streams.speech_describer import CutSound, Described, SoundChunk
from streams.speech_segments import Settled
from tests.streams.faust_fakes import App, record_of


class Outbox:
    """Takes everything but what `too_large` says is."""

    def __init__(self, too_large: Callable[[Event], bool] = lambda _: False) -> None:
        self.sent: list[Event] = []
        self.rejected: dict[int, str] = {}
        self._too_large = too_large

    async def send(self, _topic: str, facts: Iterable[Event]) -> None:
        facts = list(facts)
        if any(map(self._too_large, facts)):
            raise BadEvent("what was made of it can't be sent to moments: it is larger than its topic takes")
        self.sent += facts

    async def reject(self, record: Any, reason: str) -> None:
        self.rejected[record.message.offset] = reason


class Stream:
    def __init__(self, app: App, facts: Sequence[Event], topic: str) -> None:
        self.app, self._facts, self._topic, self.acknowledged = app, facts, topic, list[int]()

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Any]:
        for offset, fact in enumerate(self._facts):
            sent = encode(fact)
            yield record_of(sent, self._topic, offset, partial(self.acknowledged.append, offset))
        await asyncio.sleep(1.0)


class Archive:
    def put_chunk(self, *_: Any) -> str:
        return "s/video/x"


def run(app: App, stream: Stream, outbox: Outbox, done: int) -> None:
    async def until_done() -> None:
        agent = asyncio.create_task(app.started(stream))
        async with asyncio.timeout(20):
            while len(stream.acknowledged) < done and not agent.done():  # noqa: ASYNC110  (acknowledging sets no event)
                await asyncio.sleep(0.02)
        agent.cancel()
        await asyncio.wait({agent})

    asyncio.run(until_done())


def said(source: str) -> MomentDescribed:
    return MomentDescribed(source, "speech", 1.0, 2.0, "m", {"text": (1.0, 0.0)}, text="hello")


NAMES = ["a", "poison", "b"]


class Describer:
    def describe(self, chunks: Sequence[VideoChunk]) -> list[tuple[MomentDescribed, ...]]:
        if any(each.chunk.source == "poison" for each in chunks):
            raise MemoryError
        return [(said(each.chunk.source),) for each in chunks]


def chunk(kind: Any, source: str) -> ChunkPublished:
    return ChunkPublished(source, kind, 1000.0, 2.0, f"{kind}/mp2t", b"x")


def test_pictures(topology: Topology) -> None:
    app, outbox = App(), Outbox()
    arguments: Any = (app, None, outbox, Archive(), Describer(), topology.limits)
    describe_scenes(*arguments)
    stream = Stream(app, [chunk("video", name) for name in NAMES], "media.video")
    run(app, stream, outbox, 3)
    assert [fact.source for fact in outbox.sent if isinstance(fact, MomentDescribed)] == ["a", "b"]
    assert list(outbox.rejected) == [1] and "not enough memory for describing scenes" in outbox.rejected[1]
    assert stream.acknowledged == [0, 1, 2]


def test_a_scene_too_large_to_be_sent_rejects_its_chunk(topology: Topology) -> None:
    app, outbox = App(), Outbox(lambda fact: isinstance(fact, MomentDescribed) and fact.source == "large")
    arguments: Any = (app, None, outbox, Archive(), Describer(), topology.limits)
    describe_scenes(*arguments)
    stream = Stream(app, [chunk("video", name) for name in ("a", "large", "b")], "media.video")
    run(app, stream, outbox, 3)
    assert len(outbox.sent) == 2
    assert "larger than its topic takes" in outbox.rejected[1]


class Sentences:
    info = EncoderInfo("sentences", "fake", "here", "none", 2, "cpu")

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        if "poison" in texts:
            raise MemoryError
        return np.ones((len(texts), 2), dtype=np.float32)


def test_texts(topology: Topology) -> None:
    app, outbox = App(), Outbox(lambda fact: isinstance(fact, MomentDescribed) and fact.text == "large")
    arguments: Any = (app, None, outbox, Sentences(), topology.limits)
    embed_text(*arguments)
    stream = Stream(app, [TextPublished("s", 1.0, text) for text in ("a", "poison", "large", "b")], "media.text")
    run(app, stream, outbox, 4)
    assert [fact.text for fact in outbox.sent if isinstance(fact, MomentDescribed)] == ["a", "b"]
    assert "not enough memory" in outbox.rejected[1]
    assert "larger than its topic takes" in outbox.rejected[2]
    assert stream.acknowledged == [0, 1, 2, 3]


def test_stored_moments(topology: Topology, monkeypatch: Any) -> None:
    monkeypatch.setattr("streams.on_disk.FLUSHED_EVERY_S", 0.0)
    app, outbox, stored = App(), Outbox(), list[str]()

    def store(facts: Sequence[Any], _stored_s: float) -> None:
        if any(fact.source == "poison" for fact in facts):
            raise MemoryError
        stored.extend(fact.source for fact in facts)

    nothing: Any = lambda *_: None  # noqa: E731
    arguments: Any = (app, None, outbox, store, nothing, nothing, topology.limits, nothing, nothing)
    store_moments(*arguments)
    stream = Stream(app, [said(name) for name in NAMES], "moments")
    run(app, stream, outbox, 3)
    assert stored == ["a", "b"]
    assert list(outbox.rejected) == [1]
    assert stream.acknowledged == [0, 1, 2]


class Heard:
    """Settles each chunk as one utterance."""

    def assigned(self, _cuts: Any) -> None: ...

    def cut(self, chunks: Sequence[SoundChunk], _now_s: float) -> CutSound:
        quiet = np.zeros(10, np.float32)
        return CutSound(
            settled=[(one, Settled(one.offset, 10, 1000.0, 1000.0, 1001.0, quiet, (one.offset,))) for one in chunks],
            finished=[one.place for one in chunks],
        )

    def cut_idle(self, *_: Any) -> CutSound:
        return CutSound()

    def describe(self, cut: CutSound) -> Described:
        if any(sound.chunk.source == "poison" for sound, _ in cut.settled):
            raise MemoryError
        return Described(tuple(said(sound.chunk.source) for sound, _ in cut.settled), (), 0.0, 0.0)

    def draft(self, _now_s: float) -> tuple[()]:
        raise MemoryError


def test_speech(topology: Topology) -> None:
    app = App()
    outbox = Outbox(lambda fact: isinstance(fact, MomentDescribed) and fact.source == "large")
    arguments: Any = (app, None, outbox, Archive(), Heard(), topology.limits, list, lambda _: {})
    transcribe_speech(*arguments)
    stream = Stream(app, [chunk("audio", name) for name in (*NAMES, "large", "c")], "media.audio")
    run(app, stream, outbox, 5)
    assert [fact.source for fact in outbox.sent if isinstance(fact, MomentDescribed)] == ["a", "b", "c"]
    assert "not enough memory for transcribing" in outbox.rejected[1]
    assert "larger than its topic takes" in outbox.rejected[3]
    assert stream.acknowledged == [0, 1, 2, 3, 4]
