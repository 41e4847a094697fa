"""Runs the programs of one machine as one: started in order, restarted when they crash, stopped together.

Each part has a task that starts it, waits until it is ready and then until it ends, and asks `Restarts` what to do
about that. Stopping goes the other way round and has a limit: SIGTERM level by level, SIGKILL after 8 s. The leash
(leash.py) sees to it that no process outlives the supervisor, not even when that is killed with SIGKILL.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from nowseen.network_ports import check_ports
from nowseen.part_log import PartLog
from nowseen.part_process import PartProcess
from nowseen.part_states import PartStates
from nowseen.parts import AtOnce, Part, start_levels
from nowseen.readiness import Readiness
from nowseen.restarts import Backoff, GiveUp, Restarts

KILL_AFTER_S = 8.0
_KILLED_WITHIN_S = 1.5
_RESTART_GRACE_S = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """`run` once. Raises ConfigError, before anything is started, for parts that can't work together."""

    def __init__(self, parts: Sequence[Part], logs: Mapping[str, PartLog], backoff: Backoff | None = None) -> None:
        self._levels = start_levels(parts)
        check_ports(parts)
        # Beside the logs, which it tells of.
        self._states = PartStates(next(iter(logs.values())).path.with_name("parts.json"), time.time)
        told = {"NOWSEEN_PARTS_FILE": str(self._states.path)}
        self._parts = {part.name: replace(part, env={**part.env, **told}) for part in parts}
        self._logs = logs
        self._backoff = backoff or Backoff()
        self._readiness = Readiness()
        self._ready = {name: asyncio.Event() for name in self._parts}
        self._running: dict[str, PartProcess] = {}
        self._stop = asyncio.Event()
        self._gave_up: list[str] = []

    async def run(self, when_ready: Callable[[], Awaitable[int | None]] | None = None) -> int:
        """Runs until SIGINT, SIGTERM or SIGHUP, or until a part is given up; nothing is left when it returns.

        `when_ready` runs once, when all parts are ready; if it returns a number, everything stops and that is the exit
        code. Else it is 0, or 1 when a part was given up.
        """
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        keepers = [asyncio.create_task(self._keep(part), name=name) for name, part in self._parts.items()]
        guest = asyncio.create_task(self._then(when_ready), name="when ready")
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            async with self._readiness:
                done, _ = await asyncio.wait({*keepers, guest, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*keepers, guest, stop):
                task.cancel()
            await asyncio.gather(*keepers, guest, stop, return_exceptions=True)
            await self._stop_all()
            self._states.close()
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
        for task in done - {stop}:
            task.result()  # a mistake of ours must not look like a stop
        return guest.result() if guest in done else int(bool(self._gave_up))

    async def _then(self, when_ready: Callable[[], Awaitable[int | None]] | None) -> int:
        for ready in self._ready.values():
            await ready.wait()
        code = await when_ready() if when_ready else None
        if code is None:
            await asyncio.Event().wait()
        return code or 0

    async def _keep(self, part: Part) -> None:
        """Starts the part again and again."""
        for other in part.depends_on:
            await self._ready[other].wait()
        log, restarts, clock = self._logs[part.name], Restarts(self._backoff), asyncio.get_running_loop().time
        while not self._stop.is_set():
            process = await self._start(part)
            if await self._until_ready(process):
                restarts.became_ready(clock())
                self._states.is_ready(part.name)
                self._ready[part.name].set()
            how = await process.ended()
            if self._stop.is_set():
                return
            decision = restarts.ended(clock())
            log.tell(f"{part.name} {how}. Its last lines ({log.path} has all):", style="bold red")
            for line in log.last:
                log.tell(f"  {line}", style="red")
            if isinstance(decision, GiveUp):
                log.tell(f"{part.name} was not ready in {decision.tries} tries: giving up", style="bold red")
                self._gave_up.append(part.name)
                self._stop.set()
                return
            self._states.ended(part.name, how, log.last[-1] if log.last else "it printed nothing", decision.delay_s)
            log.tell(f"restarting {part.name} in {decision.delay_s:g} s", style="bold yellow")
            await asyncio.sleep(decision.delay_s)

    async def _start(self, part: Part) -> PartProcess:
        self._logs[part.name].last.clear()
        self._states.started(part.name, self._logs[part.name].path)
        starting = asyncio.ensure_future(PartProcess.start(part, self._logs[part.name]))
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Half started is started: it has to be stopped with the others.
            self._running[part.name] = await starting
            raise
        self._running[part.name] = process
        return process

    async def _until_ready(self, process: PartProcess) -> bool:
        """Whether it became ready. If it does not in time it is stopped, and the reason told."""
        part, log, clock = process.part, self._logs[process.part.name], asyncio.get_running_loop().time
        began_s = clock()
        ready = asyncio.ensure_future(self._readiness.wait(part.ready))
        ended = asyncio.ensure_future(process.ended())
        try:
            for patience_s in (*_patience(part.ready_timeout_s), part.ready_timeout_s):
                left_s = began_s + patience_s - clock()
                await asyncio.wait({ready, ended}, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    return False
                if ready.done():
                    ready.result()
                    if not isinstance(part.ready, AtOnce):
                        log.tell(f"ready after {clock() - began_s:.1f} s", style="bold green")
                    return True
                log.tell(f"not ready after {patience_s:g} s; waiting for {part.ready}", style="yellow")
            log.tell(f"{part.name} is stopped: it was not ready in {part.ready_timeout_s:g} s", style="bold red")
            await process.stop(_RESTART_GRACE_S)
            return False
        finally:
            ready.cancel()
            ended.cancel()
            with suppress(asyncio.CancelledError):
                await ready

    def _on_signal(self) -> None:
        if self._stop.is_set():  # asked twice: now
            for process in self._running.values():
                process.kill()
        self._stop.set()

    async def _stop_all(self) -> None:
        """Last started, first stopped. A level that is slow delays the ones below it by its share, no longer."""
        self._stop.set()
        clock = asyncio.get_running_loop().time
        began_s = clock()
        for step, level in enumerate(reversed(self._levels), 1):
            stopping = [p for part in level if (p := self._running.get(part.name)) and p.is_running]
            for process in stopping:
                process.ask_to_stop()
            await _all_ended(stopping, began_s + KILL_AFTER_S * step / len(self._levels) - clock())
        await _all_ended(list(self._running.values()), began_s + KILL_AFTER_S - clock())
        for process in self._running.values():
            if process.is_running:
                self._logs[process.part.name].tell(f"{process.part.name} did not stop in time: killed", "bold red")
                process.kill()
        await _all_ended(list(self._running.values()), _KILLED_WITHIN_S)


async def _all_ended(processes: Sequence[PartProcess], timeout_s: float) -> None:
    waiting = [asyncio.ensure_future(process.ended()) for process in processes]
    if waiting:
        _, late = await asyncio.wait(waiting, timeout=max(0.0, timeout_s))
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _patience(timeout_s: float) -> list[float]:
    """After how long the user is told what is being waited for: seldom, but soon enough."""
    return [after_s for after_s in (20.0, 60.0, 120.0, 300.0, 600.0) if after_s < timeout_s]
