"""Work in a thread, and whoever is cancelled while it goes on."""

from __future__ import annotations

import asyncio
import threading

import pytest

from streams.patience import in_thread

LONGEST_S = 60.0  # on a busy machine


class Held:
    """Work that begins, and ends when it is let."""

    def __init__(self) -> None:
        self.has_begun, self.may_end, self.has_ended = threading.Event(), threading.Event(), threading.Event()
        self.fails = False

    def work(self) -> str:
        self.has_begun.set()
        assert self.may_end.wait(LONGEST_S)
        self.has_ended.set()
        if self.fails:
            raise OSError("the disk is full")
        return "done"

    async def begun(self) -> asyncio.Task[str]:
        task = asyncio.create_task(in_thread("working", self.work))
        assert await asyncio.to_thread(self.has_begun.wait, LONGEST_S)
        return task


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_ends_once_its_thread_has(fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    held = Held()
    held.fails = fails
    task = await held.begun()
    for _ in range(3):
        task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
    held.may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert held.has_ended.is_set()
    assert ("the disk is full" in caplog.text) is fails  # and it is not tried again


async def test_who_is_not_cancelled_has_the_result() -> None:
    held = Held()
    held.may_end.set()
    assert await (await held.begun()) == "done"


async def test_a_lock_is_not_given_away_while_a_thread_works_under_it() -> None:
    lock, held = asyncio.Lock(), Held()

    async def work() -> None:
        async with lock:
            await in_thread("working", held.work)

    first = asyncio.create_task(work())
    assert await asyncio.to_thread(held.has_begun.wait, LONGEST_S)
    first.cancel()
    asyncio.get_running_loop().call_soon(held.may_end.set)
    async with lock:
        assert held.has_ended.is_set()
