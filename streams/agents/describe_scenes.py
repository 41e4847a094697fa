"""media.video -> frames -> vectors -> moments. Stateless: a chunk is acknowledged when its scenes are delivered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import faust
from faust.types import StreamT

from domain.errors import BadEvent
from domain.events import ChunkPublished, Event
from domain.ports import MediaArchive
from domain.topology import Limits
from streams.at_work import on_record
from streams.batches import batches
from streams.intake import Received, read, with_media
from streams.outbox import Outbox
from streams.patience import on_records, one_by_one
from streams.scene_describer import SceneDescriber, VideoChunk


def describe_scenes(
    app: faust.App, topic: Any, outbox: Outbox, archive: MediaArchive, describer: SceneDescriber, limits: Limits
) -> None:
    async def describe(videos: Sequence[VideoChunk]) -> Sequence[Sequence[Event] | BadEvent]:
        return await on_records("describing scenes", describer.describe, videos)

    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, stage="describe_scenes", limit=8, within_s=0.02):
            chunks: list[tuple[Received[ChunkPublished], VideoChunk]] = []
            for record in records:
                try:
                    received = read(record, ChunkPublished, limits, time.time())
                    with on_record(record):
                        chunk = await on_records("archiving a video chunk", with_media, received.fact, archive, limits)
                    chunks.append((received, VideoChunk(chunk, received.published_s, record.message.partition)))
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
            outcomes = await one_by_one(describe, [video for _, video in chunks])
            described = [each for _, some in outcomes for each in ([some] if isinstance(some, BadEvent) else some)]
            for (received, _), facts in zip(chunks, described, strict=True):
                try:
                    if isinstance(facts, BadEvent):
                        raise facts
                    with on_record(received.record):
                        await outbox.send("moments", facts)
                except BadEvent as bad:
                    await outbox.reject(received.record, str(bad))
            for record in records:
                record.ack()

    app.agent(topic, name="describe_scenes")(agent)
