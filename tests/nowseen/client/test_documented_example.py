"""The example in docs/client.md, run as a reader would run it, at a real node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from search.api import create_api
from tests.nowseen.client.conftest import served
from tests.search.conftest import Recording

if TYPE_CHECKING:
    from tests.nowseen.client.conftest import Node

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "docs" / "examples" / "search_client.py"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"PYTHONPATH": str(ROOT)}
    )


def test_the_example_finds_tells_saves_and_explains(node: Node, tmp_path: Path) -> None:
    Recording().publish(node.parts.archive, "cam")
    node.put("scene", "a white flash", 2)
    clip = tmp_path / "clip.mp4"
    with served(create_api(node.parts)) as url:
        found = run(url, "white flash", str(clip))
        nothing = run(url, "zebra kind:text", str(clip))
        refused = run(url, "cats mood:furious", str(clip))
    down = run(url, "white flash", str(clip))

    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("14:13:22 cam ")
    assert found.stdout.endswith(f"saved {clip}\n")
    assert clip.stat().st_size > 0
    assert nothing.stdout.startswith("nothing up to {")
    assert (refused.returncode, "no mood" in refused.stderr, refused.stderr.endswith(": mood:furious\n")) == (
        1,
        True,
        True,
    )
    assert (down.returncode, "no node answers" in down.stderr) == (1, True)
