"""A lock that is held in the order in which it was asked for.

Python's own goes to whoever happens to run: threads that search without a pause would keep one that writes from it for
minutes.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from types import TracebackType


class FairLock:
    """Not to be taken twice by one thread."""

    def __init__(self) -> None:
        self._state = Lock()  # held for a moment
        self._is_held = False
        self._waiting: deque[Lock] = deque()  # each held, and let go of when its turn has come

    def __enter__(self) -> None:
        with self._state:
            if not self._is_held:
                self._is_held = True
                return
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        with self._state:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False
