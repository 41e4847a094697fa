"""`nowseen evaluate retrieval` as people type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.errors import ConfigError
from nowseen.cli import app
from nowseen.retrieval.results import read_result


def run(*arguments: str, **environment: str) -> str:
    """What is printed. Raises ConfigError as `main` would show it."""
    done = CliRunner().invoke(app, ["evaluate", *arguments], env={"NOWSEEN_PICTURES": "concept", **environment})
    if done.exception is not None:
        raise done.exception
    return done.stdout


@pytest.fixture
def folder(describe: Callable[[Any], Path], picture: Callable[[str], Path]) -> Path:
    for name in ("one.png", "three.png"):
        picture(name)
    return describe(
        {
            "name": "two pictures",
            "items": [{"id": name, "kind": "scene", "file": f"{name}.png"} for name in ("one", "three")],
            "queries": [{"id": "q", "text": "noise", "relevant": ["one", "three"]}],
        }
    )


@pytest.mark.parametrize("command", [["retrieval"], []])
def test_a_folder_is_measured_and_the_result_kept_in_the_data_folder(
    folder: Path, tmp_path: Path, command: list[str]
) -> None:
    text = run(*command, str(folder), NOWSEEN_DATA=str(tmp_path / "data"))

    assert "text->scene: 1 queries, 2 items" in text
    [kept] = (tmp_path / "data" / "evaluations").glob("two-pictures-*.json")
    assert read_result(kept).dataset == "two pictures"


def test_the_result_is_printed_as_json_and_kept_where_it_is_wanted(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "kept" / "a.json"
    printed = run("retrieval", str(folder), "--pictures", "concept", "--json", "--output", str(output))

    assert json.loads(printed) == json.loads(output.read_text())
    assert json.loads(printed)["encoders"][0]["name"] == "concept"


def test_results_are_compared(folder: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    run(str(folder), "--output", str(one))
    other.write_bytes(one.read_bytes())

    assert "text->scene, by search, 1 queries" in run("--compare", str(one), str(other))
    assert json.loads(run("retrieval", "--compare", "--json", str(one), str(other)))["names"] == ["one", "other"]
    with pytest.raises(ConfigError, match="named twice"):
        run("--compare", str(one), str(one))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "'nowhere' is no folder"),
        (["one", "two"], "one data set at a time"),
        (["--compare", "none.json", "neither.json"], "none.json can't be read"),
    ],
)
def test_what_can_t_be_measured_is_told(arguments: list[str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        run(*arguments)


def test_the_other_evaluations_are_still_commands() -> None:
    for command in ("speakers", "mood"):
        with pytest.raises(ConfigError, match="nowhere"):
            run(command, "nowhere")
