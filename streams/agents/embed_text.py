"""media.text -> vectors -> moments: the whole batch in one call of the encoder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import faust
from faust.types import StreamT

from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentDescribed, TextPublished
from domain.ports import SentenceEncoder
from domain.topology import Limits
from streams.batches import batches
from streams.intake import Received, read
from streams.outbox import Outbox
from streams.patience import on_records, one_by_one


def embed_text(app: faust.App, topic: Any, outbox: Outbox, sentences: SentenceEncoder, limits: Limits) -> None:
    async def describe(texts: Sequence[Received[TextPublished]]) -> None:
        await outbox.send("moments", await on_records("embedding texts", embedded, texts, sentences))

    async def agent(stream: StreamT[Any]) -> None:
        async for records in batches(stream, stage="embed_text", limit=64, within_s=0.02):
            texts: list[Received[TextPublished]] = []
            for record in records:
                try:
                    texts.append(read(record, TextPublished, limits, time.time()))
                except BadEvent as bad:
                    await outbox.reject(record, str(bad))
            for part, outcome in await one_by_one(describe, texts):
                if isinstance(outcome, BadEvent):
                    await outbox.reject(part[0].record, str(outcome))
            for record in records:
                record.ack()

    app.agent(topic, name="embed_text")(agent)


def embedded(
    texts: Sequence[Received[TextPublished]], sentences: SentenceEncoder
) -> list[MomentDescribed | CoverageAdvanced]:
    """Each text as a moment, followed by how far its source is done."""
    started = time.perf_counter()
    vectors = sentences.encode_texts([received.fact.text for received in texts])
    encode_s = (time.perf_counter() - started) / max(1, len(texts))
    facts: list[MomentDescribed | CoverageAdvanced] = []
    for received, vector in zip(texts, vectors, strict=True):
        fact = received.fact
        end_s = fact.start_s if fact.end_s is None else fact.end_s
        # As it is asked for: "en", of "EN" and "en-GB" too.
        language = None if fact.language is None else fact.language.lower().partition("-")[0]
        attributes = {"author": fact.author, "language": language}
        facts.append(
            MomentDescribed(
                source=fact.source,
                modality="text",
                start_s=fact.start_s,
                end_s=end_s,
                encoder=sentences.info.name,
                vectors={"text": tuple(vector.tolist())},
                text=fact.text,
                attributes={name: value for name, value in attributes.items() if value is not None},
            )
        )
        facts.append(
            CoverageAdvanced(
                fact.source, "text", fact.start_s, end_s, received.published_s,
                encode_s=encode_s, batch_size=len(texts),
            )
        )  # fmt: skip
    return facts
