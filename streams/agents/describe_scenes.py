"""media.video -> frames -> vectors -> moments. Stateless: a chunk is acknowledged when its scenes are delivered."""

from __future__ import annotations

import time
from typing import Any

import faust
from faust.types import StreamT

from domain.errors import BadEvent
from domain.events import ChunkPublished
from domain.ports import MediaArchive
from domain.topology import Limits
from streams.batches import batches
from streams.intake import Received, read, with_media
from streams.outbox import Outbox
from streams.patience import in_thread
from streams.scene_describer import SceneDescriber, VideoChunk


def describe_scenes(
    app: faust.App, topic: Any, outbox: Outbox, archive: MediaArchive, describer: SceneDescriber, limits: Limits
) -> None:
    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, limit=8, within_s=0.02):
            chunks: list[tuple[Received[ChunkPublished], VideoChunk]] = []
            for record in records:
                try:
                    received = read(record, ChunkPublished, limits, time.time())
                    chunk = await in_thread("archiving a video chunk", with_media, received.fact, archive, limits)
                    chunks.append((received, VideoChunk(chunk, received.published_s, record.message.partition)))
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
            described = await in_thread("describing scenes", describer.describe, [video for _, video in chunks])
            for (received, _), facts in zip(chunks, described, strict=True):
                if isinstance(facts, BadEvent):
                    await outbox.reject(received.record, str(facts))
                else:
                    await outbox.send("moments", facts)
            for record in records:
                record.ack()

    app.agent(topic, name="describe_scenes")(agent)
