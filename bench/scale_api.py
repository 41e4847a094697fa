"""Searches through the HTTP API of a node in a process of its own, at rest and while it writes and builds.

Encoding text is left out: the node's encoders look vectors up. No search is asked twice, so that none is answered from
memory.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import httpx
import numpy as np
import psutil

from bench.scale_data import VOCABULARY
from bench.scale_engine import filters
from domain.ports import MomentFilter
from nowseen.network_ports import free_ports
from search.file_cache import read_all

WRITTEN_PER_S = 150
WRITING_S = 90
_SEARCHES = 300
_WARMING = 100
_PAUSE_S = 0.05  # between searches beside the writing: as several people ask, not as a load test does
_LOOKED_FOR_EVERY = 5  # each fifth search is for what was just written
_READY_S = 300.0


@dataclass(slots=True)
class ApiTimes:
    at_rest_ms: list[float] = field(default_factory=list)
    writing_ms: list[float] = field(default_factory=list)
    looked_for: int = 0  # moments written just before
    found: int = 0
    built_all_along: bool = False
    open_s: float = 0.0
    resident_gb: float = 0.0  # of the node, its program left out
    anonymous_gb: float = 0.0  # of it, what does not stand in files that the system can drop and read again


class Node:
    """`said` holds what it prints, line by line."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.scale_node", str(folder), str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60.0)
        self.memory = psutil.Process(self._process.pid).memory_info

    def tell(self, order: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(order + "\n")
            self._process.stdin.flush()

    def wait_for(self, beginning: str) -> str:
        while not (line := self.said.get(timeout=_READY_S)).startswith(beginning):
            pass
        return line

    def wait_until_ready(self) -> None:
        for _ in range(int(_READY_S)):
            with suppress(httpx.TransportError):
                if self.client.get("/health").is_success:
                    return
            time.sleep(1.0)
        raise SystemExit("the node does not answer")

    def builds(self) -> bool:
        """Whether a child process builds an index."""
        children = psutil.Process(self._process.pid).children()
        with suppress(psutil.NoSuchProcess):
            return any("search.edge_seal" in child.cmdline() for child in children)
        return False

    def close(self) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self.said.put(line.strip())


def measure(folder: Path, moments: int) -> ApiTimes:
    times = ApiTimes()
    asked = _parameters(moments)
    with _running(folder) as node:
        _, resident, anonymous = node.wait_for("program").split()
        times.open_s = float(node.wait_for("open after").split()[-2])
        node.wait_until_ready()
        read_all(folder)
        for _ in range(_WARMING):
            _search(node, next(asked))
        times.at_rest_ms = [_search(node, next(asked))[0] for _ in range(_SEARCHES)]
        memory = node.memory()
        times.resident_gb = (memory.rss - int(resident)) / 1e9
        times.anonymous_gb = (memory.rss - memory.shared - int(anonymous)) / 1e9
        _beside_writing(times, node, asked, moments)
    return times


def _beside_writing(times: ApiTimes, node: Node, asked: Iterator[dict[str, Any]], moments: int) -> None:
    # Of the first half, so of a large shard; another one each time, as what is forgotten moves to a small one.
    node.tell(f"rebuild {time.time_ns() % (moments // 2)}")
    node.wait_for("rebuilding")
    node.tell(f"write {WRITTEN_PER_S} {WRITING_S}")
    newest = node.wait_for("found now:").split()[-1]
    built: list[bool] = []
    for at in count():
        while (line := _line(node)) is not None:
            if line == "written":
                times.built_all_along = all(built)
                return
            newest = line.split()[-1]
        if at % _LOOKED_FOR_EVERY == 0:
            took_ms, texts = _search(node, {"q": newest, "kind": "speech"})
            times.looked_for += 1
            times.found += any(newest in text.split() for text in texts)
            built.append(node.builds())
        else:
            took_ms, _ = _search(node, next(asked))
        times.writing_ms.append(took_ms)
        time.sleep(_PAUSE_S)


def _line(node: Node) -> str | None:
    try:
        return node.said.get_nowait()
    except Empty:
        return None


def _parameters(moments: int) -> Iterator[dict[str, Any]]:
    """Every third search goes over everything."""
    rng = np.random.default_rng(23)
    for at in count():
        text: dict[str, Any] = {"q": " ".join(f"w{int(VOCABULARY**share)}" for share in rng.random(2))}
        yield text if at % 3 == 0 else text | _scope(next(filters(1, moments, seed=at)))


def _scope(where: MomentFilter) -> dict[str, Any]:
    return {"source": list(where.sources), "since": where.since_s, "until": where.until_s}


def _search(node: Node, parameters: dict[str, Any]) -> tuple[float, list[str]]:
    """Milliseconds, and the texts that were found."""
    began = time.perf_counter()
    answer = node.client.get("/search", params=parameters).raise_for_status()
    took_ms = (time.perf_counter() - began) * 1000
    return took_ms, [moment["text"] for moment in answer.json()["moments"]]


@contextmanager
def _running(folder: Path) -> Iterator[Node]:
    node = Node(folder)
    try:
        yield node
    finally:
        node.close()
