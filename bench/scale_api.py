"""Searches through the HTTP API of a node in a process of its own, at rest and while it writes and builds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import httpx
import psutil

from bench.scale_engine import filters
from nowseen.network_ports import free_port

WRITTEN_PER_S = 150
WRITING_S = 90.0
_QUERIES = 300
_TEXTS = 60  # asked again and again: their vectors are looked up once
_PAUSE_S = 0.05  # between searches beside the writing: people's, not a load test


@dataclass(slots=True)
class ApiTimes:
    at_rest_ms: list[float] = field(default_factory=list)
    writing_ms: list[float] = field(default_factory=list)
    looked_for: int = 0  # moments just written
    found: int = 0
    built_all_along: bool = False
    rss_gb: float = 0.0
    anonymous_gb: float = 0.0  # of it, what can't be dropped and read again


def measure(folder: Path, count: int) -> ApiTimes:
    times = ApiTimes()
    with _node(folder) as (node, client, said):
        empty = psutil.Process(os.getpid()).memory_info().rss
        asked = [_parameters(at, where) for at, where in enumerate(filters(_QUERIES, count))]
        for each in asked:
            _ms(client, each)
        times.at_rest_ms = [_ms(client, each) for each in asked]
        _memory(times, node.pid, empty)
        _beside_writing(times, node, client, said, asked)
    return times
