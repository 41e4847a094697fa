"""media.audio -> sound -> utterances -> words and vectors -> moments.

An utterance may span chunks: a chunk is acknowledged when all its sound is in utterances that were delivered, and never
before an earlier chunk of its partition. What is still being said is sent too, as moments that are not final, behind
all that is.

After every assignment of partitions the unacknowledged chunks come again. So the first batch of a new one begins by
forgetting all open sound and reading where the last utterances ended. The agent does that itself and not a handler of
Faust's signal, which runs beside the agent: it would forget chunks that had already come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import faust
from faust.types import EventT, StreamT

from domain.errors import BadEvent
from domain.events import ChunkPublished, SpeechCut
from domain.in_order import InOrder
from domain.ports import MediaArchive
from domain.topology import Limits
from streams.at_work import on_record
from streams.batches import batches
from streams.intake import read, with_media
from streams.outbox import Outbox
from streams.patience import in_thread, on_records, one_by_one
from streams.speech_describer import CutSound, SoundChunk
from streams.speech_segments import Settled
from streams.transcriber import Transcriber

CHUNKS_AT_ONCE = 32  # of 2 s hold some eight utterances, which fill one call to whisper; half as many take 10 % longer
IDLE_S = 6.0  # a source that sends nothing for so long has ended, or will not continue this utterance


def transcribe_speech(
    app: faust.App,
    topic: Any,
    outbox: Outbox,
    archive: MediaArchive,
    transcriber: Transcriber,
    limits: Limits,
    read_cuts: Callable[[], Iterable[SpeechCut]],
    ends_s: Callable[[Mapping[int, int]], Mapping[int, float]],
) -> None:
    """`read_cuts` gives where the last utterance of each source ended. It blocks.

    `ends_s` takes the next offset to be read of each partition that brought something, and gives when the broker last
    told (Unix seconds) that nothing stands there yet, by partition: an empty batch is no proof of it.
    """

    async def tell(cut: CutSound, settled: Sequence[tuple[SoundChunk, Settled]]) -> None:
        described = await on_records("transcribing", transcriber.describe, replace(cut, settled=list(settled)))
        await outbox.send("moments", described.facts)
        await outbox.send("speech.cuts", described.cuts)

    async def agent(stream: StreamT[Any]) -> None:
        unacknowledged: InOrder[EventT[Any]] = InOrder()
        generation: int | None = None
        async for records in batches(stream, stage="transcribe_speech", limit=CHUNKS_AT_ONCE, within_s=0.02):
            if generation != app.consumer_generation_id:
                generation, unacknowledged = app.consumer_generation_id, InOrder()
                transcriber.assigned(await in_thread("reading where speech was cut", read_cuts))
            chunks: list[SoundChunk] = []
            refused: dict[tuple[int, int], str] = {}
            for record in records:
                place = (record.message.partition, record.message.offset)
                unacknowledged.begin(*place, record)
                try:
                    received = read(record, ChunkPublished, limits, time.time())
                    with on_record(record):
                        chunk = await on_records("archiving an audio chunk", with_media, received.fact, archive, limits)
                    chunks.append(SoundChunk(chunk, *place, received.published_s))
                except BadEvent as bad:
                    refused[place] = str(bad)
            cut = await in_thread("cutting speech", transcriber.cut, chunks, time.time())
            ends = await in_thread("asking what is read", ends_s, unacknowledged.next_numbers)
            idle = await in_thread("ending speech", transcriber.cut_idle, IDLE_S, ends)
            unheard = {
                settled[0][0].place: str(outcome)
                for part in (cut, idle)
                for settled, outcome in await one_by_one(partial(tell, part), part.settled)
                if isinstance(outcome, BadEvent) and settled
            }
            refused |= {(partition, offset): reason for partition, offset, reason in cut.rejected}
            for place, reason in (unheard | refused).items():
                if (refused_record := unacknowledged.item(*place)) is not None:
                    await outbox.reject(refused_record, reason)
            for place in [*cut.finished, *idle.finished, *refused]:
                for record in unacknowledged.finish(*place):
                    record.ack()
            with suppress(BadEvent):  # the final text comes all the same
                await outbox.send("moments", await on_records("drafting", transcriber.draft, time.time()))

    app.agent(topic, name="transcribe_speech")(agent)
