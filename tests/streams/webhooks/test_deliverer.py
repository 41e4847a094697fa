"""From queued to arrived, over real HTTP: retries, pauses, receivers that hang or are gone, a process that dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from domain.deliveries import (
    Delivery,
    DeliveryAttempted,
    DeliveryDeadLettered,
    DeliveryEvent,
    EndpointDisabled,
    EndpointEnabled,
    Kept,
    PendingDelivery,
    SettledDelivery,
)
from domain.delivery_outcomes import Answered, Outcome
from domain.delivery_rules import DeliveryRules
from domain.endpoints import Endpoint
from domain.ports import DeliveryJournal
from streams import patience
from streams.webhooks import AllowedTargets, Deliverer, SafeTargets, SigningSecret, SystemResolver, WebhookSender
from streams.webhooks.clock import Clock, SystemClock
from streams.webhooks.sending import Sender
from tests.streams.webhooks.conftest import LONGEST_S, MemoryJournal, MovedClock, Received, StartReceiver, answer

SECRET = SigningSecret.make()
BUSY, OK = answer("503 Busy"), answer("200 OK")
DAY_S = 86_400.0


class OneSecret:
    def of(self, endpoint: Endpoint, now_s: float) -> Sequence[SigningSecret]:
        return (SECRET,)


class Post:
    """A Deliverer that runs, with all that a test wants to see of it."""

    def __init__(self, journal: DeliveryJournal | None = None, now_s: float | None = None) -> None:
        self.clock = MovedClock(time.time() if now_s is None else now_s)
        self.journal = journal or MemoryJournal()
        self.endpoints: dict[str, Endpoint] = {}
        self.events: asyncio.Queue[DeliveryEvent] = asyncio.Queue()
        self.sender: Sender = WebhookSender(
            SafeTargets(SystemResolver(), AllowedTargets.parse("127.0.0.1")), OneSecret()
        )
        self.deliverer: Deliverer

    async def report(self, events: Sequence[DeliveryEvent]) -> None:
        for event in events:
            self.events.put_nowait(event)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.deliverer = await Deliverer.open(
            self.journal,
            self.endpoints.get,
            self.sender,
            self.clock,
            self.report,
            lambda: 1.0,
            DeliveryRules(),
        )
        running = asyncio.create_task(self.deliverer.run())
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def deliver(self, *numbers: int, to: str = "ops") -> None:
        await self.deliverer.deliver([self.delivery(number, to) for number in numbers])

    def delivery(self, number: int, to: str = "ops") -> Delivery:
        return Delivery(to, f"incident-{number}", 0, "application/json", f'{{"number":{number}}}', self.clock.now_s())

    async def event(self) -> DeliveryEvent:
        async with asyncio.timeout(LONGEST_S):
            return await self.events.get()

    async def attempt(self) -> DeliveryAttempted:
        event = await self.event()
        assert isinstance(event, DeliveryAttempted)
        return event


async def test_it_arrives_signed_and_is_not_sent_again(start_receiver: StartReceiver) -> None:
    receiver, post = await start_receiver(), Post()
    post.endpoints["ops"] = Endpoint("ops", receiver.url())
    async with post.running():
        await post.deliver(1)
        assert (await post.attempt()).is_delivered
        await post.deliver(1)  # the incident was read from its topic again
        await post.deliver(2)
        await post.attempt()

    first, second = receiver.requests
    assert Webhook(SECRET.reveal()).verify(first.body, first.headers) == {"number": 1}
    assert Webhook(SECRET.reveal()).verify(second.body, second.headers) == {"number": 2}
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


async def test_a_receiver_that_flaps_gets_the_same_again_until_it_takes_it(start_receiver: StartReceiver) -> None:
    receiver, post = await start_receiver(BUSY, answer("500 No"), OK), Post()
    post.endpoints["ops"] = Endpoint("ops", receiver.url())
    async with post.running():
        await post.deliver(1)
        for _ in range(2):
            failed = await post.attempt()
            assert failed.retry_s is not None
            await post.clock.move_to(failed.retry_s)
        arrived = await post.attempt()

    assert (arrived.is_delivered, arrived.number) == (True, 3)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.body for request in receiver.requests}) == 1
    stamps = [int(request.headers["webhook-timestamp"]) for request in receiver.requests]
    assert [later - earlier for earlier, later in pairwise(stamps)] == [5, 10]


async def test_retry_after_is_waited_for(start_receiver: StartReceiver) -> None:
    receiver, other, post = (
        await start_receiver(answer("429 Slow down", "Retry-After: 120"), OK),
        await start_receiver(),
        Post(),
    )
    post.endpoints |= {"ops": Endpoint("ops", receiver.url()), "other": Endpoint("other", other.url())}
    asked_s = post.clock.now_s()
    async with post.running():
        await post.deliver(1)
        assert (await post.attempt()).retry_s == asked_s + 120
        await post.clock.move_to(asked_s + 119)
        await post.deliver(2)
        await post.deliver(3, to="other")
        assert (await post.attempt()).endpoint == "other"
        assert len(receiver.requests) == 1

        await post.clock.move_to(asked_s + 120)
        assert (await post.attempt()).is_delivered
        assert (await post.attempt()).is_delivered


async def test_who_is_gone_is_disabled_and_told_nothing_more(start_receiver: StartReceiver) -> None:
    receiver, post = await start_receiver(answer("410 Gone"), OK), Post()
    post.endpoints["ops"] = Endpoint("ops", receiver.url())
    async with post.running():
        await post.deliver(1)
        assert [type(await post.event()) for _ in range(3)] == [
            DeliveryAttempted, DeliveryDeadLettered, EndpointDisabled,
        ]  # fmt: skip
        await post.deliver(2)
        assert isinstance(await post.event(), DeliveryDeadLettered)

        await post.deliverer.enable("ops")
        assert isinstance(await post.event(), EndpointEnabled)
        await post.deliver(3)
        assert (await post.attempt()).is_delivered
    assert len(receiver.requests) == 2


async def test_what_was_removed_is_given_up(start_receiver: StartReceiver) -> None:
    post = Post()
    async with post.running():
        await post.deliver(1, to="removed")
        assert not (await post.attempt()).is_delivered
        letter = await post.event()

    assert isinstance(letter, DeliveryDeadLettered) and letter.reason == "no endpoint: removed was removed"


async def test_a_receiver_that_hangs_holds_up_nobody_else(start_receiver: StartReceiver) -> None:
    async def hang(_: Received, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    hanging, healthy, post = await start_receiver(hang), await start_receiver(), Post()
    post.endpoints |= {"ops": Endpoint("ops", healthy.url()), "slow": Endpoint("slow", hanging.url())}
    async with post.running():
        await post.deliver(*range(100), to="slow")
        await hanging.has(2)
        await post.deliver(*range(20))
        assert {(await post.attempt()).endpoint for _ in range(20)} == {"ops"}

    assert len(healthy.requests) == 20
    assert hanging.connections == DeliveryRules().at_once_per_endpoint


async def test_what_is_not_taken_for_a_day_is_a_dead_letter(start_receiver: StartReceiver) -> None:
    receiver, post = await start_receiver(BUSY), Post()
    post.endpoints["ops"] = Endpoint("ops", receiver.url())
    queued_s = post.clock.now_s()
    async with post.running():
        await post.deliver(1)
        while (retry_s := (await post.attempt()).retry_s) is not None:
            await post.clock.move_to(retry_s)
        letter = await post.event()

    assert post.clock.now_s() == queued_s + DAY_S
    assert isinstance(letter, DeliveryDeadLettered)
    assert (letter.delivery.body, letter.reason) == ('{"number":1}', "answered 503")
    assert letter.attempts == len(receiver.requests)


async def test_who_stops_is_followed_by_who_goes_on(start_receiver: StartReceiver) -> None:
    async def hang(_: Received, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    receiver, before = await start_receiver(hang), Post()
    before.endpoints["ops"] = Endpoint("ops", receiver.url())
    async with before.running():
        await before.deliver(1, 2, 3)
        await receiver.has(2)
    receiver.answers = [OK]
    after = Post(before.journal)
    after.endpoints = before.endpoints
    async with after.running():
        for _ in range(3):
            assert (await after.attempt()).is_delivered
    again = Post(before.journal)
    again.endpoints = before.endpoints
    async with again.running():
        await again.deliver(1, 2, 3)
        await again.deliver(4)
        while len({request.headers["webhook-id"] for request in receiver.requests}) < 4:
            assert (await again.attempt()).is_delivered

    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert sorted(ids[:2]) == sorted(ids[2:4])
    assert len(set(ids)) == 4
    assert len(ids) in (6, 7)  # an outcome is told before it is kept: who stops in between leaves it to be sent again


async def test_a_killed_process_loses_nothing_and_repeats_under_the_same_id(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    processes: list[asyncio.subprocess.Process] = []

    async def kill(_: Received, __: asyncio.StreamWriter) -> None:
        processes[-1].kill()
        await asyncio.Event().wait()

    receiver = await start_receiver(OK, OK, kill, kill, OK)
    command = (sys.executable, Path(__file__).with_name("deliver_from_file.py"), tmp_path / "journal", receiver.port, 6)
    environment = os.environ | {"SECRET": SECRET.reveal(), "PYTHONPATH": str(Path(__file__).parents[3])}
    ends = []
    for _ in range(3):
        processes.append(
            await asyncio.create_subprocess_exec(*map(str, command), env=environment, stdout=asyncio.subprocess.PIPE)
        )
        async with asyncio.timeout(LONGEST_S):
            out, _ = await processes[-1].communicate()
        assert out == b"kept\n"
        ends.append(processes[-1].returncode)
        if ends[-1] == 0:
            break

    assert ends[0] == -9 and ends[-1] == 0
    by_id: dict[str, set[bytes]] = {}
    for request in receiver.requests:
        Webhook(SECRET.reveal()).verify(request.body, request.headers, json_parse=False)
        by_id.setdefault(request.headers["webhook-id"], set()).add(request.body)
    assert sorted(by_id.values(), key=str) == [{f"body {number}".encode()} for number in range(6)]
    assert len(receiver.requests) > 6


async def test_a_dead_letter_is_told_before_it_is_settled_and_again_when_that_failed(
    start_receiver: StartReceiver,
) -> None:
    class Failing(MemoryJournal):
        fails = threading.Event()

        def append(self, states: Sequence[Kept]) -> None:
            if any(isinstance(one, SettledDelivery) for one in states):
                self.fails.set()
                raise OSError("the broker is down")
            super().append(states)

    receiver, before = await start_receiver(answer("410 Gone")), Post(Failing())
    before.endpoints["ops"] = Endpoint("ops", receiver.url())
    async with before.running():
        await before.deliver(1)
        told = [await before.event() for _ in range(3)]
        assert await asyncio.to_thread(Failing.fails.wait, LONGEST_S)
    assert isinstance(before.journal, Failing)
    after = Post(MemoryJournal())
    after.journal.append(before.journal.replay())
    after.endpoints = before.endpoints
    async with after.running():
        again = [await after.event() for _ in range(3)]

    for events in (told, again):
        assert [one.delivery.incident for one in events if isinstance(one, DeliveryDeadLettered)] == ["incident-1"]


class Raising:
    """A Sender with a mistake in it, once."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome | Exception] = [RuntimeError("a mistake"), Answered(200)]

    async def send(self, endpoint: Endpoint, delivery: Delivery, now_s: float) -> Outcome:
        if isinstance(outcome := self.outcomes.pop(0), Exception):
            raise outcome
        return outcome


async def test_a_mistake_of_ours_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    post = Post()
    post.endpoints["ops"] = Endpoint("ops", "https://receiver.example/T0KEN")
    post.sender = Raising()
    async with post.running():
        await post.deliver(1)
        failed = await post.attempt()
        assert failed.retry_s is not None and "RuntimeError" in failed.reason
        await post.clock.move_to(failed.retry_s)
        assert (await post.attempt()).is_delivered

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "T0KEN" not in caplog.text


class GatedJournal(MemoryJournal):
    """Appends when it is let, and fails when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[set[str]] = []
        self.called = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.fails = 0

    def append(self, states: Sequence[Kept]) -> None:
        self.calls.append({one.delivery.incident for one in states if isinstance(one, PendingDelivery)})
        self.called.release()
        assert self.gate.acquire(timeout=LONGEST_S)
        if self.fails:
            self.fails -= 1
            raise OSError("the broker is down")
        super().append(states)

    async def is_called(self) -> None:
        assert await asyncio.to_thread(self.called.acquire, timeout=LONGEST_S)


async def test_what_is_delivered_is_kept_when_it_returns_though_the_journal_fails_and_others_are_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_S", 0.001)
    journal = GatedJournal()
    post = Post(journal)
    post.deliverer = await Deliverer.open(journal, post.endpoints.get, Raising(), post.clock, post.report, lambda: 1.0)
    first = asyncio.create_task(post.deliver(1))
    await journal.is_called()
    second, third = asyncio.create_task(post.deliver(2)), asyncio.create_task(post.deliver(3))
    await asyncio.sleep(0)
    journal.fails = 1
    journal.gate.release(2)  # the first time it fails
    async with asyncio.timeout(LONGEST_S):
        await first
    await journal.is_called()
    await journal.is_called()
    assert journal.calls[-1] == {"incident-2", "incident-3"}  # the second's call has the third's delivery
    journal.fails = 1
    second.cancel()
    journal.gate.release(2)
    async with asyncio.timeout(LONGEST_S):
        await third

    kept = [one.delivery.incident for one in journal.replay() if isinstance(one, PendingDelivery)]
    assert {"incident-1", "incident-3"} <= set(kept)


@pytest.mark.parametrize("clock", [SystemClock(), MovedClock(1_000.0)])
async def test_a_clock_wakes_when_it_is_time_and_not_before(clock: Clock) -> None:
    await clock.sleep_until(clock.now_s() - 1.0)
    until_s = clock.now_s() + 0.02
    waiting = asyncio.create_task(clock.sleep_until(until_s))
    await asyncio.sleep(0)
    assert not waiting.done()
    if isinstance(clock, MovedClock):
        await clock.move_to(until_s)
    await waiting

    assert clock.now_s() >= until_s
