"""The example in docs/events.md, run as a reader would run it, publishes a record that Nowseen reads."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.events import TextPublished
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics

EVENTS = Path(__file__).parents[2] / "docs" / "events.md"
SOURCE = "platform-3"


def test_the_documented_python_publishes_a_text(
    tansu_broker: str, topology: Topology, read_events: Callable[[str, str, str, int], list[Any]], tmp_path: Path
) -> None:
    found = re.search(r"```python\n(.*?)```", EVENTS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    script = tmp_path / "publish_text.py"
    script.write_text(found[1], encoding="utf-8")
    create_topics(KafkaSettings(tansu_broker), topology)
    before_s = time.time()

    # -I: only what is installed, nothing of ours from the working directory.
    command = [sys.executable, "-I", str(script), tansu_broker, SOURCE, "Doors close in two minutes"]
    subprocess.run(command, check=True, timeout=60, cwd=tmp_path)

    # Decoded by domain.events, and found by its key.
    (received,) = read_events(tansu_broker, "media.text", SOURCE, 1)
    assert isinstance(received.event, TextPublished)
    assert (received.event.source, received.event.text) == (SOURCE, "Doors close in two minutes")
    assert before_s - 1 <= received.event.start_s <= time.time() + 1
