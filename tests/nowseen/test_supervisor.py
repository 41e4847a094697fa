"""The supervisor with real child processes: small Python programs that behave and misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import psutil
import pytest

from domain.errors import ConfigError
from nowseen.network_ports import check_ports, free_ports
from nowseen.part_log import Terminal, open_logs
from nowseen.part_states import part_faults
from nowseen.parts import AtOnce, HttpOk, Part, PortNeed, ReadyFile, TcpPort, start_levels
from nowseen.restarts import Backoff
from nowseen.supervisor import Supervisor

QUICK = Backoff(first_s=0.05, longest_s=0.2)
FOREVER = "import time\nwhile True: time.sleep(0.1)\n"
PATIENCE_S = 30.0  # far beyond what anything here takes


def program(folder: Path, name: str, code: str) -> list[str]:
    script = folder / f"{name}.py"
    script.write_text(textwrap.dedent(code))
    return [sys.executable, "-I", "-S", str(script)]


def eventually(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, "it never came true"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def pids(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in folder.glob("*.pid") if path.read_text()]


async def supervise(
    parts: Sequence[Part], folder: Path, when_ready: Callable[[], Awaitable[int | None]] | None = None
) -> int:
    names = [part.name for part in parts]
    with open_logs(names, Terminal(names), folder / "logs") as logs:
        return await Supervisor(parts, logs, QUICK).run(when_ready)


# What a program of its own needs to be a supervisor, for tests that send it signals.
DRIVER = """
    import asyncio, sys
    from pathlib import Path
    from nowseen.part_log import Terminal, open_logs
    from nowseen.parts import *
    from nowseen.supervisor import Supervisor
    folder = Path(sys.argv[1])
    parts = eval((folder / "parts").read_text())
    names = [part.name for part in parts]
    async def ready():
        (folder / "all-ready").touch()
    with open_logs(names, Terminal(names), folder / "logs") as logs:
        sys.exit(asyncio.run(Supervisor(parts, logs).run(ready)))
"""


def start_driver(parts: Sequence[Part], folder: Path) -> subprocess.Popen[str]:
    (folder / "parts").write_text(repr(list(parts)).replace("PosixPath(", "Path("))
    (folder / "driver.py").write_text(textwrap.dedent(DRIVER))
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(
        [sys.executable, str(folder / "driver.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": root}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


async def test_parts_start_when_what_they_depend_on_is_ready_and_stop_in_reverse(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    code = """
        import signal, sys, time
        def write(word):
            with open({diary!r}, "a") as file: file.write(f"{{sys.argv[1]}} {{word}}\\n")
        def stop(*_):
            write("stops")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        write("starts")
        time.sleep(0.3)
        open(sys.argv[2], "w").close()
        while True: time.sleep(0.05)
    """
    command = program(tmp_path, "part", code.format(diary=str(diary)))

    def part(name: str, *needs: str) -> Part:
        ready = tmp_path / f"{name}.ready"
        return Part(name, [*command, name, str(ready)], ReadyFile(ready), depends_on=needs)

    async def when_ready() -> int:
        return 7

    parts = [part("shop", "post"), part("sea"), part("post", "sea")]
    assert await supervise(parts, tmp_path, when_ready) == 7
    assert diary.read_text().splitlines() == [
        "sea starts", "post starts", "shop starts", "shop stops", "post stops", "sea stops",
    ]  # fmt: skip


async def test_a_crashed_part_is_restarted_and_its_last_words_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = """
        import os, pathlib, signal, sys, time
        again = pathlib.Path(sys.argv[1])
        if not again.exists():
            again.touch()
            print("\\x1b[31mthe well is dry", flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        pathlib.Path(sys.argv[2]).touch()
        while True: time.sleep(0.05)
    """
    ready = tmp_path / "ready"
    command = [*program(tmp_path, "well", code), str(tmp_path / "again"), str(ready)]

    async def when_ready() -> int:
        return 0

    assert await supervise([Part("well", command, ReadyFile(ready))], tmp_path, when_ready) == 0
    shown = capsys.readouterr().out
    assert "well was killed by SIGSEGV" in shown
    assert shown.count("the well is dry") == 2  # as it came, and as its last words
    assert "restarting well in 0.05 s" in shown
    assert "\x1b[31m" not in shown
    assert "the well is dry" in (tmp_path / "logs" / "well.log").read_text()


async def test_a_part_that_crashes_again_and_again_is_told_to_the_others(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    crashes = (
        "import pathlib, sys, time\npathlib.Path(sys.argv[1]).touch()\ntime.sleep(0.3)\nsys.exit('no such model')\n"
    )
    reads = """
        import os, pathlib, sys, time
        while True:
            told = pathlib.Path(os.environ["NOWSEEN_PARTS_FILE"]).read_bytes()
            pathlib.Path(sys.argv[1]).write_bytes(told)
            time.sleep(0.05)
    """
    told = tmp_path / "told"
    parts = [
        Part("well", [*program(tmp_path, "well", crashes), str(ready)], ReadyFile(ready)),
        Part("reader", [*program(tmp_path, "reader", reads), str(told)], AtOnce()),
    ]

    async def when_ready() -> int:
        until_s = time.monotonic() + PATIENCE_S
        while "restarted 3 times" not in str(well := _fault(told)):
            assert time.monotonic() < until_s, well
            await asyncio.sleep(0.02)
        assert well is not None and "ended with exit code 1: no such model" in well
        return 0

    assert await supervise(parts, tmp_path, when_ready) == 0
    assert not (tmp_path / "logs" / "parts.json").exists()


def _fault(told: Path) -> str | None:
    """What the copy says of the well; None while it is being written."""
    with contextlib.suppress(OSError, ValueError):
        return part_faults(told, time.time(), "reader").get("well")
    return None


async def test_a_part_that_never_gets_ready_is_given_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = program(tmp_path, "broken", "import sys\nprint('no such model')\nsys.exit(3)\n")
    [port] = free_ports(1)
    parts = [
        Part("broken", command, TcpPort("127.0.0.1", port)),
        Part("fine", program(tmp_path, "fine", FOREVER), AtOnce()),
    ]
    assert await supervise(parts, tmp_path) == 1
    shown = capsys.readouterr().out
    assert shown.count("broken ended with exit code 3") == 3
    assert "broken was not ready in 3 tries: giving up" in shown
    assert "fine ended" not in shown


async def test_a_part_that_hangs_before_it_is_ready_is_stopped_and_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [port] = free_ports(1)
    check = HttpOk(f"http://127.0.0.1:{port}/health")
    part = Part("slow", program(tmp_path, "slow", FOREVER), check, ready_timeout_s=0.3)
    assert await supervise([part], tmp_path) == 1
    shown = capsys.readouterr().out
    assert f"waiting for http://127.0.0.1:{port}/health to answer" in shown
    assert "slow is stopped: it was not ready in 0.3 s" in shown


def test_a_taken_port_is_named_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        need = PortNeed("127.0.0.1", port, "NOWSEEN_API_PORT")
        part = Part("node", ["/does/not/exist"], AtOnce(), ports=(need,))
        with pytest.raises(ConfigError) as caught:
            Supervisor([part], {})
    name = psutil.Process().name()
    assert str(caught.value) == f"port {port} is taken by pid {os.getpid()} ({name}): stop it or set NOWSEEN_API_PORT"


def test_one_port_for_two_parts_is_a_mistake() -> None:
    [port] = free_ports(1)
    parts = [Part(name, [], AtOnce(), ports=(PortNeed("127.0.0.1", port, f"{name}_PORT"),)) for name in ("A", "B")]
    with pytest.raises(ConfigError, match=f"port {port} is asked for by A_PORT and B_PORT"):
        check_ports(parts)


def test_parts_that_depend_in_a_circle_or_on_nothing_are_mistakes() -> None:
    with pytest.raises(ConfigError, match="a depends on z, which does not exist"):
        start_levels([Part("a", [], AtOnce(), depends_on=("z",))])
    with pytest.raises(ConfigError, match="circle"):
        start_levels([Part("a", [], AtOnce(), depends_on=("b",)), Part("b", [], AtOnce(), depends_on=("a",))])


STUBBORN = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(f"{sys.argv[1]}/{os.getpid()}.pid", "w").write(str(os.getpid()))
    if len(sys.argv) == 2:  # a child in a session of its own, as stubborn as its parent
        subprocess.Popen([sys.executable, *sys.argv, "child"], start_new_session=True)
    print("here", flush=True)
    while True: time.sleep(0.1)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_within_ten_seconds_even_what_ignores_it(tmp_path: Path, number: signal.Signals) -> None:
    parts = [
        Part("mule", [*program(tmp_path, "mule", STUBBORN), str(tmp_path)], AtOnce()),
        Part("lamb", program(tmp_path, "lamb", FOREVER), AtOnce(), depends_on=("mule",)),
    ]
    with start_driver(parts, tmp_path) as driver:
        eventually(lambda: (tmp_path / "all-ready").exists() and len(pids(tmp_path)) == 2)
        driver.send_signal(number)
        assert driver.wait(timeout=10) == 0
        shown = driver.stdout.read() if driver.stdout else ""
    assert "mule did not stop in time: killed" in shown
    assert "lamb did not stop" not in shown
    assert not [pid for pid in pids(tmp_path) if is_alive(pid)]


def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    parts = [Part("mule", [*program(tmp_path, "mule", STUBBORN), str(tmp_path)], AtOnce())]
    with start_driver(parts, tmp_path) as driver:
        eventually(lambda: (tmp_path / "all-ready").exists() and len(pids(tmp_path)) == 2)
        driver.send_signal(signal.SIGINT)
        time.sleep(0.1)  # two signals at once are one
        driver.send_signal(signal.SIGINT)
        assert driver.wait(timeout=10) == 0
        shown = driver.stdout.read() if driver.stdout else ""
    assert "did not stop in time" not in shown
    assert not [pid for pid in pids(tmp_path) if is_alive(pid)]


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    parts = [Part("mule", [*program(tmp_path, "mule", STUBBORN), str(tmp_path)], AtOnce())]
    with start_driver(parts, tmp_path) as driver:
        eventually(lambda: (tmp_path / "all-ready").exists() and len(pids(tmp_path)) == 2)
        driver.kill()
        driver.wait()
    eventually(lambda: not [pid for pid in pids(tmp_path) if is_alive(pid)])


def test_grandchildren_of_a_crashed_part_are_stopped(tmp_path: Path) -> None:
    code = """
        import os, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        open(f"{sys.argv[1]}/child.pid", "w").write(str(child.pid))
        time.sleep(0.2)
        os._exit(1)
    """
    parts = [Part("parent", [*program(tmp_path, "parent", code), str(tmp_path)], AtOnce())]
    with start_driver(parts, tmp_path) as driver:
        eventually(lambda: bool(pids(tmp_path)))
        first = pids(tmp_path)[0]
        eventually(lambda: not is_alive(first))
        driver.terminate()
        assert driver.wait(timeout=10) == 0
