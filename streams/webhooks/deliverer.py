"""Drives a DeliveryBook: attempts what is due, tells what became of it and keeps what has to be kept.

A process may be killed at any time. What `deliver` returned for is in the journal and will be attempted; an attempt
whose outcome did not reach the journal is made again, with the same webhook-id; and what is settled there was told
before, so that no dead letter gets lost between the two.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from domain.deliveries import Delivery, DeliveryEvent, EndpointHealth, Kept
from domain.delivery_book import DeliveryBook
from domain.delivery_outcomes import Outcome, Unanswered
from domain.delivery_rules import DeliveryRules, Jitter
from domain.endpoints import Endpoint
from domain.ports import DeliveryJournal
from streams.patience import in_thread, patiently, to_the_end
from streams.webhooks.clock import Clock
from streams.webhooks.sending import Sender

_HOUSEKEEPING_S = 60.0
_log = logging.getLogger(__name__)


Report: TypeAlias = Callable[[Sequence[DeliveryEvent]], Awaitable[None]]


class Deliverer:
    """Belongs to one event loop. `report` is told all events, in order, and has kept those that matter when it returns:
    what it is told becomes true in the journal only then, so that after a crash it may be told again."""

    def __init__(
        self,
        book: DeliveryBook,
        journal: DeliveryJournal,
        endpoints: Callable[[str], Endpoint | None],
        sender: Sender,
        clock: Clock,
        report: Report,
    ) -> None:
        self._book = book
        self._journal = journal
        self._endpoints = endpoints
        self._sender = sender
        self._clock = clock
        self._report = report
        self._has_news = asyncio.Event()
        self._journalling = asyncio.Lock()
        self._unkept: list[Kept] = []  # changes that are not in the journal yet
        self._untold: list[DeliveryEvent] = []

    @classmethod
    async def open(
        cls,
        journal: DeliveryJournal,
        endpoints: Callable[[str], Endpoint | None],
        sender: Sender,
        clock: Clock,
        report: Report,
        jitter: Jitter,
        rules: DeliveryRules | None = None,
    ) -> Deliverer:
        """With what the journal holds: it goes on where a process before it stopped or was killed."""
        kept = await in_thread("reading the journal of deliveries", journal.replay)
        return cls(DeliveryBook(jitter, rules, kept), journal, endpoints, sender, clock, report)

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """They are in the journal when it returns; the same ones again are harmless. `run` attempts them."""
        now_s = self._clock.now_s()
        events = [event for one in deliveries for event in self._book.add(one, now_s)]
        await self._happened(events)

    async def deliver_again(self, delivery: Delivery) -> None:
        """One that was given up on; it is in the journal when it returns."""
        await self._happened(self._book.add_again(delivery, self._clock.now_s()))

    def health(self, endpoint: str) -> EndpointHealth:
        return next((one for one in self._book.health() if one.endpoint == endpoint), EndpointHealth(endpoint))

    def pending(self, endpoint: str) -> int:
        """How many wait or are under way."""
        return self._book.pending(endpoint)

    async def enable(self, endpoint: str) -> None:
        """What is delivered to it from now on is sent again, after it asked to be left alone."""
        await self._happened(self._book.enable(endpoint, self._clock.now_s()))

    async def run(self) -> None:
        """Once, until it is cancelled. What is under way then is attempted again by the next Deliverer that opens the
        journal."""
        async with asyncio.TaskGroup() as attempts:
            while True:
                self._has_news.clear()
                now_s = self._clock.now_s()
                await self._tell_and_keep(self._book.expire(now_s))
                for delivery in self._book.due(now_s):
                    attempts.create_task(self._attempt(delivery))
                until_s, wake_s = now_s + _HOUSEKEEPING_S, self._book.wake_s()
                # What was ready and not taken waits for a place, and a place is news.
                if wake_s is not None and wake_s > now_s:
                    until_s = min(until_s, wake_s)
                await self._sleep_until(until_s)

    async def _attempt(self, delivery: Delivery) -> None:
        outcome = await self._outcome(delivery)
        await self._happened(self._book.attempted(delivery.id, outcome, self._clock.now_s()))

    async def _outcome(self, delivery: Delivery) -> Outcome:
        endpoint = self._endpoints(delivery.endpoint)
        if endpoint is None:
            return Unanswered("no endpoint", f"{delivery.endpoint} was removed")
        try:
            return await self._sender.send(endpoint, delivery, self._clock.now_s())
        except Exception as error:
            # One delivery that meets a mistake of ours must not end those of all the others.
            _log.exception("delivery %s to %s failed", delivery.id, delivery.endpoint)
            return Unanswered("connection", f"the sender failed: {type(error).__name__}")

    async def _happened(self, events: Sequence[DeliveryEvent]) -> None:
        # `run` looks what is due now, and keeps what is left when this call is cancelled.
        self._has_news.set()
        await self._tell_and_keep(events)

    async def _tell_and_keep(self, events: Sequence[DeliveryEvent]) -> None:
        # Before anything is waited for: whoever takes the changes behind these events tells them first.
        self._untold += events
        async with self._journalling:  # so that of two changes to one delivery the later is kept later
            # Others' changes may be among them: who waits here with nothing left to append can rely on it all the same,
            # even when the one that took them was cancelled.
            self._unkept += self._book.take_changed()
            if self._untold:
                await patiently("telling what became of deliveries", lambda: to_the_end(self._tell()))
            if self._unkept:
                await in_thread("keeping deliveries", self._journal.append, list(self._unkept))
                self._unkept.clear()

    async def _tell(self) -> None:
        told = list(self._untold)
        await self._report(told)
        del self._untold[: len(told)]

    async def _sleep_until(self, time_s: float) -> None:
        """Or until there is news."""
        waits = {asyncio.ensure_future(self._clock.sleep_until(time_s)), asyncio.ensure_future(self._has_news.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
