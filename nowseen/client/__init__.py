"""A search node from Python: `Nowseen` for programs that wait, `AsyncNowseen` for asyncio. docs/client.md shows how.

Importing this brings httpx and pydantic, none of the models.
"""

from __future__ import annotations

from domain.errors import BadRequest
from nowseen.client.answers import (
    Answer,
    CitedAnswer,
    Clause,
    Encoder,
    Filters,
    Forgotten,
    Health,
    Part,
    Reranked,
    RuleOfSpeaker,
    Sentence,
    Source,
    Speaker,
    Stuck,
    Watermark,
    Wording,
)
from nowseen.client.async_client import AsyncNowseen
from nowseen.client.errors import NodeDown, NodeError, NodeRefused, Place
from nowseen.client.moments import Evidence, Heard, Moment, Mood, Share
from nowseen.client.narrowing import Narrowed
from nowseen.client.sync_client import Nowseen

__all__ = [
    "Answer",
    "AsyncNowseen",
    "BadRequest",
    "CitedAnswer",
    "Clause",
    "Encoder",
    "Evidence",
    "Filters",
    "Forgotten",
    "Health",
    "Heard",
    "Moment",
    "Mood",
    "Narrowed",
    "NodeDown",
    "NodeError",
    "NodeRefused",
    "Nowseen",
    "Part",
    "Place",
    "Reranked",
    "RuleOfSpeaker",
    "Sentence",
    "Share",
    "Source",
    "Speaker",
    "Stuck",
    "Watermark",
    "Wording",
]
