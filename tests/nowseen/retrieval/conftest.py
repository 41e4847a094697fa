"""Small data sets in folders, and the packaged encoders, loaded once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import encoders
from domain.topology import Topology
from encoders.catalogue import PACKAGED
from nowseen.retrieval.models import RetrievalModels, load_models


@pytest.fixture(scope="session")
def packaged_models(topology: Topology) -> RetrievalModels:
    """What every machine has, whatever it could download."""
    options = encoders.EncoderOptions(Path("unused"), device="cpu", allow_download=False)
    return load_models(topology, PACKAGED, options, hearing=True)


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a small picture of noise, the same for a name every time."""

    def write(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(len(name)).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        Pillow.fromarray(pixels).save(path)
        return path

    return write


@pytest.fixture
def describe(tmp_path: Path) -> Callable[[Any], Path]:
    """Writes dataset.json into a folder, which it returns."""

    def write(description: Any) -> Path:
        text = description if isinstance(description, str) else json.dumps(description)
        (tmp_path / "dataset.json").write_text(text, encoding="utf-8")
        return tmp_path

    return write
