"""Runs one command on a leash: when this process is told to stop, or its supervisor dies, nothing of it is left.

A program that dies from SIGKILL can't clean up after itself, so each part gets this small parent. Its standard input
is a pipe that only the supervisor holds: end of file means the supervisor is gone, however it died. On Linux it also
adopts orphaned descendants, so that a grandchild in a session of its own is found and stopped too.

SIGTERM asks the command to stop; SIGQUIT kills all of it now. The exit status is the command's own, its signal
included. Standard library only and started with `python -I -S`: it must not cost a part's start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

GRACE_S = 8.0  # after the supervisor's death: from SIGTERM to SIGKILL
LEFTOVER_GRACE_S = 2.0  # for what outlives a command that ended by itself
_LOOK_EVERY_S = 0.05
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform == "linux"
_LIFELINE = 0


def hold(command: Sequence[str]) -> int:
    """Runs the command to its end and returns its wait status (as of `os.waitpid`)."""
    wake_up, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_up, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)  # the wake-up pipe says which one it was
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _IS_LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)

    main = _start(command)
    status: int | None = None
    asked: set[int] = set()
    kill_at_s = float("inf")
    watched = [wake_up, _LIFELINE]
    while True:
        status = _reap(main, status)
        left = set(_descendants()) if status is not None else {main, *_descendants()}
        if not left:
            return status if status is not None else 0
        if status is not None:
            kill_at_s = min(kill_at_s, time.monotonic() + LEFTOVER_GRACE_S)
            _signal_all(left - asked, signal.SIGTERM)
            asked |= left
        if time.monotonic() >= kill_at_s:
            _signal_all(left, signal.SIGKILL)
        ready, _, _ = select.select(watched, [], [], None if kill_at_s == float("inf") else _LOOK_EVERY_S)
        caught = _read(wake_up) if wake_up in ready else b""
        if _LIFELINE in ready and not _read(_LIFELINE):
            watched.remove(_LIFELINE)
            kill_at_s = min(kill_at_s, time.monotonic() + GRACE_S)
        if signal.SIGQUIT in caught:
            kill_at_s = 0.0
        if (signal.SIGTERM in caught or _LIFELINE not in watched) and main not in asked:
            # The command alone: it knows in which order its own children should go. What it leaves follows.
            _signal_all({main}, signal.SIGTERM)
            asked.add(main)


def end_like(status: int) -> int:
    """The exit code for a wait status; a signal is passed on by dying from it."""
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1


def _start(command: Sequence[str]) -> int:
    leash = os.getpid()
    # Held back until the child has dropped this process's handlers: a stop in between must not get lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGQUIT})
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGQUIT})
        return pid
    try:
        if _IS_LINUX:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # kept across exec
            if os.getppid() != leash:
                os._exit(1)
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGQUIT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGQUIT})
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.execvp(command[0], list(command))  # noqa: S606
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
    os._exit(127)


def _reap(main: int, status: int | None) -> int | None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, ended = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == main:
                status = ended
    return status


def _descendants() -> list[int]:
    """Every process below this one; none where there is no /proc (there the supervisor kills the process group)."""
    if not _IS_LINUX:
        return []
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                if state != "Z":
                    children.setdefault(int(parent), []).append(int(entry.name))
    found: list[int] = []
    queue = [os.getpid()]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except BlockingIOError:
        return b"\0"
    except OSError:
        return b""


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(end_like(hold(sys.argv[1:])))
