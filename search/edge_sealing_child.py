"""The parent's end of a child process that seals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from search.edge_build import Order


class SealingChild:
    """Begins at once, and takes one order after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "search.edge_seal", str(os.getpid())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process was started without its pipes")
        self._orders, self._answers = self._process.stdin, self._process.stdout

    def ask(self, order: Order) -> Mapping[str, Any]:
        """Returns when it is done. Raises RuntimeError when the child ends instead."""
        answer = ""
        try:
            self._orders.write(json.dumps(order) + "\n")
            self._orders.flush()
            answer = self._answers.readline()
        except BrokenPipeError:
            pass  # there is no answer
        if not answer:
            raise RuntimeError(f"the child process that seals shards ended with {self._process.wait()}")
        told: Mapping[str, Any] = json.loads(answer)
        return told

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """It has no more orders."""
        with self._process:  # closes its pipes and waits
            pass
