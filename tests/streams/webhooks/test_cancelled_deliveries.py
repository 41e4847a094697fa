"""Whatever is cancelled, and whenever: what returned is kept, nothing is lost, and nothing is told twice.

Work that the Deliverer gives to a thread ends when the test says so, because a thread cannot be cancelled: it may end
long after the task that waited for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.deliveries import Delivery, DeliveryEvent, Kept, PendingDelivery, SettledDelivery
from domain.delivery_book import DeliveryBook
from domain.delivery_outcomes import Answered, Outcome
from domain.delivery_rules import Jitter
from domain.endpoints import Endpoint
from streams import patience
from streams.webhooks import Deliverer
from tests.streams.webhooks.conftest import CompactedJournal, MovedClock

Kind: TypeAlias = Literal["deliver", "deliver again", "enable", "cancel", "end work", "fail work"]
Act: TypeAlias = tuple[Kind, int, int]  # what is done, to which of them, and how many turns of the loop follow
_ENDPOINTS = ("ops", "gone")  # the second one answers that it is gone, whatever it is sent
_TURNS = 30  # after so many nothing more happens until work ends
_MOST_PIECES = 1_000
_NUMBERS = 4


@pytest.fixture(scope="module", autouse=True)
def _no_pauses() -> Iterable[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "FIRST_PAUSE_S", 0.0)
        yield


class HeldThreads(ThreadPoolExecutor):
    """Threads that have begun all their work and end a piece of it when they are told to."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self._held: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        self._held.append((future, lambda: fn(*args, **kwargs)))
        return future

    @property
    def hold_work(self) -> bool:
        return bool(self._held)

    def end(self, which: int, *, with_error: Exception | None = None) -> None:
        if not self._held:
            return
        future, work = self._held.pop(which % len(self._held))
        if with_error is None:
            future.set_result(work())
        else:
            future.set_exception(with_error)


class RecordedBook(DeliveryBook):
    """Remembers all that it said has happened."""

    def __init__(self, jitter: Jitter, kept: Iterable[Kept] = ()) -> None:
        super().__init__(jitter, None, kept)
        self.happened: list[DeliveryEvent] = []

    def add(self, delivery: Delivery, now_s: float) -> list[DeliveryEvent]:  # `add_again` is made of it
        return self._noted(super().add(delivery, now_s))

    def attempted(self, id: str, outcome: Outcome, now_s: float) -> list[DeliveryEvent]:
        return self._noted(super().attempted(id, outcome, now_s))

    def enable(self, endpoint: str, now_s: float) -> list[DeliveryEvent]:
        return self._noted(super().enable(endpoint, now_s))

    def _noted(self, events: list[DeliveryEvent]) -> list[DeliveryEvent]:
        self.happened += events
        return events


class Answering:
    """A Sender to receivers that answer at once."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, endpoint: Endpoint, delivery: Delivery, now_s: float) -> Outcome:
        await asyncio.sleep(0)
        self.sent.append(delivery.id)
        return Answered(200 if endpoint.name == "ops" else 410)


class Office:
    """A Deliverer at work, with all that may be cancelled about it."""

    def __init__(self, threads: HeldThreads, journal: CompactedJournal) -> None:
        self.threads = threads
        self.journal = journal
        self.book = RecordedBook(lambda: 1.0, journal.replay())
        self.sender = Answering()
        self.told: list[DeliveryEvent] = []
        self._clock = MovedClock(1_000.0)
        endpoints = {name: Endpoint(name, f"https://{name}.example") for name in _ENDPOINTS}
        self.deliverer = Deliverer(self.book, journal, endpoints.get, self.sender, self._clock, self._report)
        self.tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self.deliverer.run())]
        self.returned: list[Delivery] = []

    async def _report(self, events: Sequence[DeliveryEvent]) -> None:
        await asyncio.to_thread(self.told.extend, events)

    async def take(self, act: Act) -> None:
        kind, number, turns = act
        match kind:
            case "deliver" | "deliver again":
                self._begin(self._deliver(self._delivery(number), kind))
            case "enable":
                self._begin(self.deliverer.enable(_ENDPOINTS[number % 2]))
            case "cancel":
                self.tasks[number % len(self.tasks)].cancel()
            case "end work":
                self.threads.end(number)
            case "fail work":
                self.threads.end(number, with_error=OSError("the broker is down"))
        await _turn(turns)
        self.check_promises()

    async def quiet(self) -> None:
        """All work ends, the newest first, until nothing happens any more."""
        await _turn(_TURNS)
        for _ in range(_MOST_PIECES):
            if not self.threads.hold_work:
                assert all(task.done() for task in self.tasks[1:])
                return
            self.threads.end(-1)
            await _turn(_TURNS)
        pytest.fail("it does not come to rest")

    async def close(self) -> None:
        self.tasks[0].cancel()
        await self.quiet()
        for task in self.tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def check_promises(self) -> None:
        kept = {one.delivery.id if isinstance(one, PendingDelivery) else one.id for one in self._in_journal()}
        assert {delivery.id for delivery in self.returned} <= kept
        assert list(map(id, self.told)) == list(map(id, self.book.happened[: len(self.told)]))

    def check_all_is_kept(self) -> None:
        assert {one.key: one for one in self.journal.replay()} == self.book.kept()
        assert list(map(id, self.told)) == list(map(id, self.book.happened))

    async def _deliver(self, delivery: Delivery, how: str) -> None:
        if how == "deliver":
            await self.deliverer.deliver([delivery])
        else:
            await self.deliverer.deliver_again(delivery)
        self.returned.append(delivery)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    def _delivery(self, number: int) -> Delivery:
        to = _ENDPOINTS[number % 2]
        return Delivery(to, f"incident-{number % _NUMBERS}", 0, "text/plain", "a body", self._clock.now_s())

    def _in_journal(self) -> list[PendingDelivery | SettledDelivery]:
        return [one for one in self.journal.replay() if isinstance(one, PendingDelivery | SettledDelivery)]


END_NEWEST: Act = ("end work", -1, _TURNS)
# A call is cancelled while a thread keeps its delivery; the delivery arrives and that is kept; then the thread ends.
LATE: list[Act] = [("deliver", 0, 3), ("cancel", 1, _TURNS), END_NEWEST, END_NEWEST, END_NEWEST]
# An endpoint is enabled, and the call is cancelled before that is kept: nobody calls again.
LEFT: list[Act] = [
    ("deliver", 1, _TURNS), END_NEWEST, END_NEWEST, END_NEWEST, ("enable", 1, _TURNS), ("cancel", -1, _TURNS)
]  # fmt: skip
KINDS: st.SearchStrategy[Kind] = st.sampled_from(
    ["deliver", "deliver again", "enable", "cancel", "cancel", "end work", "end work", "fail work"]
)
ACTS: st.SearchStrategy[list[Act]] = st.lists(
    st.tuples(KINDS, st.integers(0, 11), st.sampled_from([0, 1, 2, 3, 4, _TURNS])), max_size=25
)


@given(ACTS)
@example(LATE)
@example(LEFT)
def test_nothing_is_lost_or_told_twice_whatever_is_cancelled(plan: list[Act]) -> None:
    asyncio.run(_held_to_its_promises(plan))


async def _held_to_its_promises(plan: list[Act]) -> None:
    threads, journal = HeldThreads(), CompactedJournal()
    asyncio.get_running_loop().set_default_executor(threads)
    first = Office(threads, journal)
    for act in plan:
        await first.take(act)
    await first.quiet()
    if not first.tasks[0].done():
        first.check_all_is_kept()  # though nobody calls again
    await first.close()

    await _flushed(first)
    first.check_all_is_kept()
    arrived = {one.id for one in journal.replay() if isinstance(one, SettledDelivery) and one.ending == "delivered"}
    after = Office(threads, journal)
    await after.quiet()
    assert arrived.isdisjoint(after.sender.sent)
    assert not any(isinstance(one, PendingDelivery) for one in journal.replay())
    await after.close()


async def _flushed(office: Office) -> None:
    """What is left in memory when `run` was cancelled is kept with the next call."""
    office._begin(office.deliverer.deliver([]))
    await office.quiet()


async def _turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)
