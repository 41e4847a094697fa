"""One running program of a part: started on a leash, its lines logged, stopped with everything below it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

from nowseen import leash
from nowseen.part_log import PartLog
from nowseen.parts import Part, ReadyFile

_READ_BYTES = 65_536
_LONGEST_LINE = 65_536  # a program that never ends its line is cut, not collected
_OUTPUT_GRACE_S = 1.0


class PartProcess:
    def __init__(self, part: Part, process: Process, log: PartLog) -> None:
        self.part = part
        self._process = process
        self._log = log
        self._reader = asyncio.create_task(self._read(), name=f"read {part.name}")
        self._end = asyncio.create_task(self._until_end(), name=f"wait for {part.name}")

    @classmethod
    async def start(cls, part: Part, log: PartLog) -> PartProcess:
        if isinstance(part.ready, ReadyFile):
            part.ready.path.parent.mkdir(parents=True, exist_ok=True)
            part.ready.path.unlink(missing_ok=True)
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **part.env}
        command = [sys.executable, "-I", "-S", str(Path(leash.__file__)), *part.command]
        # The leash's standard input is its lifeline: it closes when this process ends, whatever ends it.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=env, start_new_session=True
        )
        return cls(part, process, log)

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """Minus the signal's number when one ended it; None while it runs."""
        return self._process.returncode

    async def ended(self) -> str:
        """Waits for the end, and says how it ended: "ended with exit code 1", "was killed by SIGSEGV"."""
        return await asyncio.shield(self._end)

    async def _until_end(self) -> str:
        code = await self._process.wait()
        if code == -signal.SIGKILL:
            # The leash itself may have been killed: then nobody else stops what it held.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        # What escaped the leash may hold the pipe open for ever.
        done, _ = await asyncio.wait({self._reader}, timeout=_OUTPUT_GRACE_S)
        if not done:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if isinstance(self.part.ready, ReadyFile):
            self.part.ready.path.unlink(missing_ok=True)
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def ask_to_stop(self) -> None:
        """SIGTERM to the program."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the program and everything below it."""
        self._signal(signal.SIGQUIT)

    async def stop(self, grace_s: float) -> str:
        """Asks, waits, kills. Returns how it ended."""
        self.ask_to_stop()
        await asyncio.wait({self._end}, timeout=grace_s)
        if not self._end.done():
            self.kill()
        return await self.ended()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101  (asked for above)
        pending = b""
        while data := await stdout.read(_READ_BYTES):
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self._log.push(line.decode(errors="replace"))
            if len(pending) > _LONGEST_LINE:
                self._log.push(pending.decode(errors="replace"))
                pending = b""
        if pending:
            self._log.push(pending.decode(errors="replace"))
