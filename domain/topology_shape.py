"""topology.yaml as values: which topics there are, which agent reads and writes which, what is kept where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.events import Modality

Process: TypeAlias = Literal["worker", "node"]

PROCESSES: tuple[Process, ...] = ("worker", "node")
DEAD_LETTERS = "dead-letters"  # the topic of what can't be indexed


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    partitions: int
    retention_hours: float | None  # None when compacted: the newest record of each key stays
    compacted: bool
    max_message_bytes: int


@dataclass(frozen=True, slots=True)
class Agent:
    name: str
    runs_in: Process
    reads: str
    writes: tuple[str, ...]
    encoder: str | None  # a role
    stores: tuple[str, ...]  # collections


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    modality: Modality | None  # None: keeps no moments
    vectors: Mapping[str, str]  # vector name -> encoder role
    words: bool


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    role: str
    name: str
    vector_size: int  # 0: makes no vectors


@dataclass(frozen=True, slots=True)
class Limits:
    max_inline_bytes: int
    max_chunk_bytes: int
    max_chunk_s: float
    max_text_characters: int
    max_clock_skew_s: float


@dataclass(frozen=True, slots=True)
class SceneRules:
    frames_per_s: float
    same_picture: float  # similarity of neighbouring frames, 0 to 1 (domain/sampling.py)


@dataclass(frozen=True, slots=True)
class ChunkRules:
    min_s: float
    max_s: float
    live_sound_s: float  # sound of a source that comes at the speed of life


@dataclass(frozen=True, slots=True)
class Topology:
    topics: Mapping[str, Topic]
    agents: Mapping[str, Agent]
    collections: Mapping[str, Collection]
    encoders: Mapping[str, EncoderChoice]
    limits: Limits
    scenes: SceneRules
    chunks: ChunkRules
