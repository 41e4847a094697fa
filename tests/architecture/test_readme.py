"""The README's picture, table and commands are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo
from typer.main import get_command

from domain.topology import parse_topology, to_mermaid
from nowseen.cli import app
from nowseen.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def between(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found is not None, f"README.md has no markers <!-- {name} --> and <!-- /{name} -->"
    return found[1]


def settings_table() -> str:
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [
        f"| `NOWSEEN_{name.upper()}` | {shown_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(lines) + "\n"


def shown_default(field: FieldInfo) -> str:
    default = field.default
    if isinstance(default, Path) and default.is_relative_to(ROOT):
        default = default.relative_to(ROOT)
    return "" if default in (None, "") else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_diagram_is_that_of_the_topology() -> None:
    topology = parse_topology((ROOT / "topology.yaml").read_text(encoding="utf-8"))

    assert between("topology") == f"```mermaid\n{to_mermaid(topology)}```\n"


def test_the_table_lists_every_setting() -> None:
    assert between("settings") == settings_table()


DOCUMENTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.glob("*/*.md")}
DOCUMENTS["README.md"] = README


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_in_a_document_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z]+)", DOCUMENTS[name], re.MULTILINE)) <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_and_option_in_a_document_exists(name: str) -> None:
    commands = vars(get_command(app))["commands"]
    used = re.findall(r"(?:^|`|\$ |\d )nowseen ([a-z]+)([^`\n#]*)", DOCUMENTS[name], re.MULTILINE)

    assert used or name != "README.md"
    for command, rest in used:
        assert command in commands, f"{name} shows `nowseen {command}`"
        found = [commands[command], *vars(commands[command]).get("commands", {}).values()]
        options = {option for each in found for parameter in each.params for option in parameter.opts}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", rest)) <= options


def test_every_variable_in_a_document_exists() -> None:
    known = {f"NOWSEEN_{name.upper()}" for name in Settings.model_fields}

    for name, text in DOCUMENTS.items():
        for variable in re.findall(r"NOWSEEN_[A-Z_]*[A-Z]\b(?!_?\*)", text):
            assert variable in known, f"{name} mentions {variable}"
