"""The command: measures a data set and keeps the result, or compares results kept before."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import encoders
from domain.errors import ConfigError
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.retrieval.comparison import compare
from nowseen.retrieval.evaluation import evaluate_retrieval, must_hear
from nowseen.retrieval.loading import load_dataset
from nowseen.retrieval.models import load_models
from nowseen.retrieval.report import comparison_text, result_text
from nowseen.retrieval.results import read_result, to_json
from nowseen.settings import Settings, load_topology


def retrieval_command(
    settings: Settings, what: str, chosen: Mapping[str, str | None], output: Path | None, *, as_json: bool
) -> None:
    """`chosen` names encoders by role in place of the settings' own. Raises ConfigError."""
    topology = load_topology(settings)
    names = dict(wanted_encoders(settings, topology)) | {
        role: name for role, name in chosen.items() if name is not None
    }
    dataset = load_dataset(what, settings.cache)
    models = load_models(topology, names, encoder_options(settings), hearing=must_hear(dataset))
    now = datetime.now(UTC)
    found = evaluate_retrieval(dataset, models, encoders.voice_activity, now, tell=progress)
    progress("")
    path = output or settings.data / "evaluations" / f"{_file_name(dataset.name)}-{now:%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(found) + "\n", encoding="utf-8")
    print(to_json(found, indent=1) if as_json else result_text(found))
    print(f"kept in {path}", file=sys.stderr)


def compare_command(paths: list[Path], *, as_json: bool) -> None:
    """Raises ConfigError."""
    if len({path.resolve() for path in paths}) != len(paths):
        raise ConfigError("a result is named twice; a comparison needs different ones")
    compared = compare([(path.stem, read_result(path)) for path in paths])
    print(json.dumps(asdict(compared), indent=1, ensure_ascii=False) if as_json else comparison_text(compared))


def progress(what: str) -> None:
    """One line that is written over, for people; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "dataset"
