"""What stands for Faust where an agent is run without a broker."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from domain.events import Message


class App:
    """Takes the agent that is attached to it: `started`."""

    consumer_generation_id = 0
    started: Any = None

    def agent(self, _topic: Any, name: str) -> Any:
        def attach(function: Any) -> Any:
            self.started = function
            return function

        return attach


def record_of(sent: Message, topic: str, offset: int, acknowledge: Callable[[], object], partition: int = 0) -> Any:
    """Gives the record of a message as a stream hands it on."""
    message = SimpleNamespace(
        key=sent.key, value=sent.value, headers=list(sent.headers.items()), topic=topic, partition=partition,
        offset=offset, timestamp=1000.0, generation_id=0,
    )  # fmt: skip
    return SimpleNamespace(message=message, ack=acknowledge)
