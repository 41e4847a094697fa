"""Who builds, and when: two threads of the node, each of which waits for one child process at a time.

One seals what was rotated, a few seconds' work; the other merges what is sealed, up to a quarter of an hour's. So many
points never wait behind a long merge, searched one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Condition, Event, Lock, Thread
from typing import TypeAlias

from search.edge_build import Ask, build
from search.edge_history import History
from search.edge_history_shard import HistoryShard
from search.edge_options import EdgeOptions
from search.edge_sealing_child import SealingChild

_log = logging.getLogger(__name__)
_Choose: TypeAlias = Callable[[History], list[HistoryShard]]
_Child: TypeAlias = Callable[[], AbstractContextManager[Ask]]


class Sealing:
    """Builds for all collections of a store. The threads begin when there is a history."""

    def __init__(self, options: EdgeOptions) -> None:
        self._options = options
        self._histories: list[History] = []
        self._lanes = [_Lane(self, History.next_to_seal), _Lane(self, History.next_to_merge)]
        self._closing = Event()
        self._looked = Condition()
        self._builds = 0  # guarded by `_looked`
        self._failed: BaseException | None = None

    def watch(self, history: History) -> None:
        self._histories.append(history)

    def wake(self) -> None:
        """There may be something to build."""
        if not any(history.shards for history in self._histories):
            return
        for lane in self._lanes:
            lane.wake()

    def settle(self) -> None:
        """Returns when nothing is left to build. Raises RuntimeError when a build failed meanwhile."""
        self._failed = None
        self.wake()
        while not (all(history.is_settled() for history in self._histories) and self._builds == 0):
            if self._failed is not None:
                raise RuntimeError("a shard could not be sealed") from self._failed
            with self._looked:
                self._looked.wait(0.1)

    def close(self) -> None:
        """Ends what is being built; it is begun again at the next opening."""
        self._closing.set()
        for lane in self._lanes:
            lane.close()

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    def step(self, choose: _Choose, child_process: _Child) -> bool:
        """Builds one shard, if there is one to build; whether there was."""
        for history in self._histories:
            with history.locks.writing:
                sources = choose(history)
                if sources:
                    with self._looked:
                        self._builds += 1
            if sources:
                self._build(history, sources, child_process)
                return True
        return False

    def _build(self, history: History, sources: Sequence[HistoryShard], child_process: _Child) -> None:
        points = sum(each.extent.points for each in sources)
        failed: Exception | None = None
        try:
            with child_process() as ask:
                build(history, sources, ask)
            _log.info("%s: %d shards, %d points, are sealed as one", history.spec.name, len(sources), points)
        except Exception as error:
            for each in sources:
                each.leave_build()
            if not self.is_closing:
                failed = error
                _log.exception(
                    "%s: sealing %d points failed; they are searched more slowly, and it is tried again in %g s",
                    history.spec.name, points, self._options.retry_s,
                )  # fmt: skip
        with self._looked:
            self._failed = failed or self._failed
            self._builds -= 1
            self._looked.notify_all()
        if failed is None:
            self.wake()
        else:
            self._closing.wait(self._options.retry_s)


class _Lane:
    """A thread that builds one shard after the other."""

    def __init__(self, sealing: Sealing, choose: _Choose) -> None:
        self._sealing = sealing
        self._choose = choose
        self._woken = Event()
        self._thread: Thread | None = None
        self._child: SealingChild | None = None
        self._starting = Lock()

    def wake(self) -> None:
        with self._starting:
            if self._thread is None and not self._sealing.is_closing:
                self._thread = Thread(target=self._work, name="sealing", daemon=True)
                self._thread.start()
        self._woken.set()

    def close(self) -> None:
        self._woken.set()
        with self._starting:
            if self._child is not None:
                self._child.kill()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._sealing.is_closing:
            self._woken.clear()
            if not self._sealing.step(self._choose, self._child_process):
                self._woken.wait()

    @contextmanager
    def _child_process(self) -> Iterator[Ask]:
        with self._starting:
            child = self._child = SealingChild()
            if self._sealing.is_closing:
                child.kill()
        try:
            yield child.ask
        finally:
            with self._starting:
                self._child = None
            child.end()
