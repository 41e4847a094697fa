"""Work that may take too long, bounded: by a deadline for who waits, and to one piece at a time for the machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What there was at the deadline."""

    state: Literal["done", "late", "failed"]
    items: tuple[T, ...]
    ended_s: float  # when the work ended or was given up, monotonic seconds
    error: Exception | None = None


class Job(Generic[T]):
    """Work that was begun: items that come one after the other."""

    def __init__(self) -> None:
        self.is_abandoned = False
        self._items: list[T] = []
        self._error: Exception | None = None
        self._ended = Event()
        self._ended_s = 0.0

    def outcome(self, until_s: float) -> Outcome[T]:
        """Waits until all is done or `until_s` (monotonic seconds) is reached. Late work ends at its next item."""
        is_done = self._ended.wait(max(0.0, until_s - time.monotonic()))
        self.is_abandoned = not is_done
        items = tuple(self._items)
        if not is_done:
            return Outcome("late", items, time.monotonic())
        return Outcome("done" if self._error is None else "failed", items, self._ended_s, self._error)

    def run(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                if self.is_abandoned:
                    break
                self._items.append(item)
        except Exception as error:
            self._error = error
            if self.is_abandoned:  # who asked will never see it
                _log.info("late work failed after all: %s: %s", type(error).__name__, error)

    def end(self) -> None:
        self._ended_s = time.monotonic()
        self._ended.set()


class OneAtATime(Generic[T]):
    """Begins one piece of work at a time, each in a thread of its own that a process which ends doesn't wait for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: Job[T] | None = None
        self._turn = Condition()

    def begin(self, items: Iterable[T], until_s: float) -> Job[T] | None:
        """None when other work is running, work that is late already or that doesn't end before `until_s`; and when
        the system has no thread for it."""
        with self._turn:
            self._turn.wait_for(self._is_decided, max(0.0, until_s - time.monotonic()))
            if self._running is not None:
                return None
            job = self._running = Job()
        try:
            Thread(target=self._run, args=(job, items), name=self._name, daemon=True).start()
        except RuntimeError:
            self._end(job)
            return None
        return job

    def _is_decided(self) -> bool:
        return self._running is None or self._running.is_abandoned

    def _run(self, job: Job[T], items: Iterable[T]) -> None:
        try:
            job.run(items)
        finally:
            self._end(job)

    def _end(self, job: Job[T]) -> None:
        with self._turn:
            self._running = None
            self._turn.notify_all()
        job.end()
