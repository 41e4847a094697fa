"""The transcribing agent when partitions are assigned anew: what it forgets, reads and acknowledges, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from domain.events import ChunkPublished, Message, SpeechCut, encode
from domain.topology import Topology
from streams.agents.transcribe_speech import transcribe_speech
from streams.speech_describer import CutSound, Described, SoundChunk
from tests.streams.faust_fakes import App


@dataclass
class Record:
    """One of Faust's events, as far as the agent knows it."""

    message: Any
    acknowledged: list[int]

    def ack(self) -> None:
        self.acknowledged.append(self.message.offset)


class Stream:
    def __init__(self, app: Any, records: list[Record]) -> None:
        self.app = app
        self._records = records

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Record]:
        for record in self._records:
            self.app.consumer_generation_id = record.message.generation_id
            yield record
            await asyncio.sleep(0.1)  # one batch each


@dataclass
class Journal:
    """Stands in for the transcriber: notes what is asked of it and finishes every chunk at once."""

    notes: list[str] = field(default_factory=list)
    ends_s: list[Mapping[int, float]] = field(default_factory=list)

    def assigned(self, cuts: Iterable[SpeechCut]) -> None:
        self.notes.append(f"assigned {[cut.offset for cut in cuts]}")

    def cut(self, chunks: list[SoundChunk], _now_s: float) -> CutSound:
        self.notes.append(f"cut {[chunk.offset for chunk in chunks]}")
        return CutSound(finished=[(chunk.partition, chunk.offset) for chunk in chunks])

    def cut_idle(self, _idle_s: float, ends_s: Mapping[int, float]) -> CutSound:
        self.ends_s.append(ends_s)
        return CutSound()

    def describe(self, _cut: CutSound) -> Described:
        return Described((), (), 0.0, 0.0)

    def draft(self, _now_s: float) -> tuple[()]:
        return ()


class Outbox:
    async def send(self, _topic: str, _facts: Any) -> None: ...


class Archive:
    def put_chunk(self, *_: Any) -> str:
        return "s/audio/x"


def record(offset: int, generation: int, acknowledged: list[int]) -> Record:
    sent: Message = encode(ChunkPublished("s", "audio", 1000.0 + 2 * offset, 2.0, "audio/mp2t", b"x"))
    message = SimpleNamespace(
        key=sent.key, value=sent.value, headers=list(sent.headers.items()), topic="media.audio", partition=0,
        offset=offset, timestamp=1000.0, generation_id=generation,
    )  # fmt: skip
    return Record(message, acknowledged)


async def run_agent(topology: Topology, app: App, journal: Journal, records: list[Record], **more: Any) -> None:
    read_cuts = more.get("read_cuts", list)
    arguments: Any = (app, None, Outbox(), Archive(), journal, topology.limits, read_cuts, more.get("ends_s", dict))
    transcribe_speech(*arguments)
    # The stream outlives the records: a live one does not end, and the agent is stopped.
    agent = asyncio.create_task(app.started(Stream(app, records)))
    await asyncio.wait({agent}, timeout=2.0)
    agent.cancel()


async def test_cuts_are_read_before_the_first_chunk_of_an_assignment(topology: Topology) -> None:
    acknowledged: list[int] = []
    app, journal = App(), Journal()
    records = [record(0, 1, acknowledged), record(1, 1, acknowledged), record(0, 2, acknowledged)]
    reads = iter([[], [SpeechCut("s", 0, 7, 0, 1014.0)]])
    await run_agent(topology, app, journal, records, read_cuts=lambda: next(reads))
    looked_at = [note for note in journal.notes if note != "cut []"]
    assert looked_at == ["assigned []", "cut [0]", "cut [1]", "assigned [7]", "cut [0]"]
    assert acknowledged == [0, 1, 0]


async def test_the_broker_s_word_on_all_that_was_read_ends_speech_and_no_empty_batch(topology: Topology) -> None:
    asked: list[dict[int, int]] = []

    def ends_s(next_offsets: Mapping[int, int]) -> dict[int, float]:
        asked.append(dict(next_offsets))
        return {0: 1000.0} if next_offsets.get(0) == 2 else {}

    journal, records = Journal(), [record(0, 1, []), record(1, 1, []), record(0, 2, [])]
    await run_agent(topology, App(), journal, records, ends_s=ends_s)
    assert asked[:3] == [{0: 1}, {0: 2}, {0: 1}]  # what an earlier assignment read counts no more
    assert journal.ends_s[:3] == [{}, {0: 1000.0}, {}]
