"""What each agent of this process is doing, at which record and since when: so that one that is stuck can be named.

`batches` says which agent's records a task works on, `patiently` what it does with them. Only those two, and who turns
to a single record of a batch, need to call anything here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from faust.types import EventT

from domain.events import SOURCE_PATTERN
from domain.stuck_stages import StuckStage

STUCK_S = 60.0  # what takes so long, failing or without a word, is told


@dataclass(slots=True)
class Doing:
    """`error` and `needs_operator` are for whoever does it to fill in."""

    stage: str
    message: Any  # Faust's; None when it waits for no record
    what: str
    since_s: float
    error: str = ""
    needs_operator: bool = False  # nothing but a person can help: waiting a minute tells nothing new

    def stuck(self, now_s: float) -> StuckStage | None:
        patience_s = 0.0 if self.needs_operator else STUCK_S
        if now_s - self.since_s < patience_s:
            return None
        stuck = StuckStage(self.stage, self.what, self.since_s, now_s, error=self.error)
        if (at := self.message) is None:
            return stuck
        return replace(stuck, topic=at.topic, partition=at.partition, offset=at.offset, source=_source(at))


_stage: ContextVar[str] = ContextVar("stage", default="")
_message: ContextVar[Any] = ContextVar("message", default=None)
_all: dict[int, Doing] = {}  # by identity; other threads read it, so what is read is a copy


def begin_batch(stage: str, records: list[EventT[Any]]) -> None:
    """From here on this task works for `stage`, on these records: the first of them is named."""
    _stage.set(stage)
    _message.set(records[0].message if records else None)


@contextmanager
def on_record(record: EventT[Any]) -> Iterator[None]:
    """What is done inside is done for this record."""
    before = _message.set(record.message)
    try:
        yield
    finally:
        _message.reset(before)


@contextmanager
def doing(what: str) -> Iterator[Doing]:
    """What an agent does from here on, which may take long."""
    now = Doing(_stage.get(), _message.get(), what, time.time())
    _all[id(now)] = now
    try:
        yield now
    finally:
        del _all[id(now)]


def stuck_stages(now_s: float) -> list[StuckStage]:
    """Of this process, one for each stage and partition: the one that waits longest."""
    found: dict[str, StuckStage] = {}
    for each in sorted(_all.values(), key=lambda one: one.since_s):
        if each.stage and (stuck := each.stuck(now_s)) is not None:
            found.setdefault(stuck.key, stuck)
    return list(found.values())


def _source(message: Any) -> str | None:
    name = dict(message.headers or {}).get("ce_source")
    text = name.decode(errors="replace") if isinstance(name, bytes) else ""
    return text if SOURCE_PATTERN.fullmatch(text) else None
