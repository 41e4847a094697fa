"""File names say what is inside, and nothing is left to be done in a comment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("domain", "encoders", "search", "streams", "dashboards", "nowseen")
FOLDERS = (*PRODUCT, "tests", "bench", "docs", "deploy", ".ci")
FILES = [
    *(path for path in ROOT.iterdir() if path.is_file() and path.name != ".coverage"),
    *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()),
]
TEXTS = [path for path in FILES if "__pycache__" not in path.parts and path.suffix not in (".pyc", ".png", ".jpg")]


@pytest.mark.parametrize("vague", ["core", "common", "utils", "util", "helpers", "misc"])
def test_nothing_has_a_name_that_says_nothing(vague: str) -> None:
    assert [path for path in TEXTS if path.stem == vague or vague in path.relative_to(ROOT).parts] == []


def test_nothing_is_left_to_be_done() -> None:
    # Written apart, so that this file does not find itself.
    unfinished = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + r"CK\b"]))

    found = [path for path in TEXTS if unfinished.search(path.read_text(encoding="utf-8", errors="ignore"))]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    modules = [path for path in TEXTS if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PRODUCT]
    sources = {path: path.read_text(encoding="utf-8") for path in modules if path.name != "__main__.py"}

    assert [path for path, source in sources.items() if source and not source.startswith('"""')] == []
