"""Who may import whom, and that nothing heavy is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
HEAVY = ("torch", "open_clip", "whisper", "silero_vad", "timm", "av", "faust", "confluent_kafka", "qdrant_client",
         "qdrant_edge", "streamlit", "fastapi", "uvicorn", "fsspec")  # fmt: skip


def test_the_import_contracts_hold() -> None:
    lint = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_the_contracts_cover_every_package() -> None:
    installed = {name.partition(".")[0] for name in PROJECT["setuptools"]["packages"]}

    assert installed == set(PROJECT["importlinter"]["root_packages"])


@pytest.mark.parametrize(
    "module", ["domain.topology", "domain.events", "encoders", "nowseen.cli", "nowseen.settings", "nowseen.client"]
)
def test_a_door_opens_without_loading_what_is_heavy(module: str) -> None:
    program = f"import sys, {module}; print(*sorted(sys.modules.keys() & set({HEAVY!r})))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []


def test_the_client_brings_httpx_and_pydantic_and_of_ours_only_itself_and_the_errors() -> None:
    program = "import sys, nowseen.client; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = loaded.stdout.split()

    assert {"httpx", "pydantic"} <= set(modules)
    assert not {"numpy", "typer", "cloudevents"} & set(modules)
    ours = [name for name in modules if name.partition(".")[0] in PROJECT["importlinter"]["root_packages"]]
    assert [name for name in ours if not name.startswith("nowseen.client.")] == [
        "domain", "domain.errors", "nowseen", "nowseen.client"
    ]  # fmt: skip
