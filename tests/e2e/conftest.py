"""The real thing: `nowseen up` with a real broker, real models and real media, in folders and on ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from nowseen.sample_media import SampleSource, make_sources
from nowseen.samples import fetch_samples

START_WITHIN_S = 180.0


class Stack:
    """One running Nowseen."""

    def __init__(self, folder: Path, kafka_home: str | None, webhook_allow: str = "") -> None:
        ports = _free_ports(4)
        self.folder = folder
        self.broker = f"127.0.0.1:{ports[0]}"
        self.api = f"http://127.0.0.1:{ports[2]}"
        self.dashboard = f"http://127.0.0.1:{ports[3]}"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("NOWSEEN_")} | {
            "NOWSEEN_DATA": str(folder / "data"),
            "NOWSEEN_BROKER_PORT": str(ports[0]),
            "NOWSEEN_API_PORT": str(ports[2]),
            "NOWSEEN_DASHBOARD_PORT": str(ports[3]),
            "NOWSEEN_DOWNLOAD": "false",
            "NOWSEEN_WEBHOOK_ALLOW": webhook_allow,
        }
        if kafka_home is not None:
            self.env["NOWSEEN_KAFKA_HOME"] = kafka_home
        self.log = folder / "up.log"
        self.start()

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nowseen", "up"], env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        self.until(lambda: "Nowseen is up" in self.log.read_text(), "everything is up", START_WITHIN_S)

    def until(self, happens: Callable[[], Any], what: str, within_s: float = 60.0) -> Any:
        """What `happens` gives once it is true."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if result := happens():
                return result
            if self.process.poll() is not None:
                pytest.fail(f"nowseen up ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)
        return pytest.fail(f"not within {within_s:.0f} s: {what}\n{self.log.read_text()[-4000:]}")

    def run(self, *arguments: str, code: int = 0) -> str:
        """Output of `nowseen ARGUMENTS`, which must end with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "nowseen", *arguments], env=self.env, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def get(self, path: str, **params: Any) -> Any:
        answer = httpx.get(self.api + path, params=params, timeout=30.0)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def search(self, words: str, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/search", q=words, **params)["moments"]
        return found

    def newest(self, **params: Any) -> list[dict[str, Any]]:
        moments: list[dict[str, Any]] = self.get("/moments/newest", limit=100, **params)["moments"]
        return moments

    def complete_until(self, source: str, modality: str) -> float:
        for entry in self.get("/sources")["sources"]:
            if entry["source"] == source and modality in entry["watermarks"]:
                return float(entry["watermarks"][modality]["until_s"])
        return 0.0

    def publish(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self.run("publish", "--json", *arguments, code=code).splitlines()[-1])
        return summary

    def part(self, name: str) -> psutil.Process:
        """The process of one part, whatever holds it."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            command = child.cmdline()
            if command[-3:] == ["-m", "nowseen", name] and "-I" not in command:
                return child
        raise LookupError(name)

    def switch_off(self, data: Path) -> None:
        """Ends as a machine that is switched off does: everything at once. `data` gets a copy of what lies on the disk
        at that moment, and is where the next start finds it."""
        everything = [psutil.Process(self.process.pid)]
        everything += everything[0].children(recursive=True)
        for process in everything:
            process.suspend()
        shutil.copytree(self.env["NOWSEEN_DATA"], data)
        for process in everything:
            process.kill()
        self.process.wait(15)
        psutil.wait_procs(everything, timeout=15)
        self.env["NOWSEEN_DATA"] = str(data)

    def stop(self) -> None:
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(15) == 0, self.log.read_text()[-4000:]
        _, left = psutil.wait_procs(children, timeout=1)
        assert not left, left


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on; the one after the first is free too (Apache Kafka's controller takes it)."""
    while True:
        first = _free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", first + 1))
            except OSError:
                continue
        return [first, first + 1, *(_free_port() for _ in range(count - 2))]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def sample_sources() -> dict[str, SampleSource]:
    """The demo's media by source name. All of it: a machine that can't have it can't test the product."""
    from nowseen.settings import load_settings

    cache = load_settings().cache
    samples = fetch_samples(cache)
    assert not samples.missing, samples.missing
    sources, missing = make_sources(samples, cache)
    assert not missing, missing
    return {source.name: source for source in sources}


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("tansu", id="tansu"),
        pytest.param("apache", id="apache-kafka", marks=pytest.mark.kafka),
    ],
)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    kafka_home = None
    if request.param == "apache":
        kafka_home = os.environ.get("NOWSEEN_KAFKA_HOME")
        if kafka_home is None:
            pytest.skip("NOWSEEN_KAFKA_HOME names no Apache Kafka")
    running = Stack(tmp_path_factory.mktemp(request.param), kafka_home)
    try:
        yield running
    finally:
        running.stop()
