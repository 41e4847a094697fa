"""Partitions, and how far consumer groups have read them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Committed:
    """How far a consumer group has read a partition: the offset that it reads next."""

    group: str
    partition: Partition
    next_offset: int
