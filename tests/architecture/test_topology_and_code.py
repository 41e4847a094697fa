"""topology.yaml declares, Python attaches: here the two are held together."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.events import KINDS, MODALITIES
from domain.topology import Agent, parse_topology

ROOT = Path(__file__).parents[2]
TOPOLOGY = parse_topology((ROOT / "topology.yaml").read_text(encoding="utf-8"))
AGENTS_FOLDER = ROOT / "streams" / "agents"
MAX_AGENT_LINES = 40
WRITING_PACKAGES = ("streams", "nowseen")

AGENTS = pytest.mark.parametrize("agent", TOPOLOGY.agents.values(), ids=TOPOLOGY.agents.keys())


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(within: ast.AST, name: str) -> Iterator[ast.Call]:
    """Calls of the function or method of this name."""
    for node in ast.walk(within):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if called == name:
                yield node


def constants(within: ast.AST | None) -> set[str]:
    nodes = ast.walk(within) if within is not None else ()
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def function(agent: Agent) -> ast.FunctionDef:
    module = tree(AGENTS_FOLDER / f"{agent.name}.py")
    (found,) = (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == agent.name)
    return found


def topics_named(within: ast.AST) -> set[str]:
    """What stands in topics["..."], send("...", ...), latest(..., "...")."""
    named: set[str] = set()
    for node in ast.walk(within):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", getattr(node.value, "attr", "")) == "topics":
            named |= constants(node.slice)
    for call in calls(within, "send"):
        named |= constants(call.args[0]) if call.args else set()
    for call in calls(within, "latest"):
        named |= set().union(*(constants(argument) for argument in call.args))
    return named


def test_every_agent_has_its_file_and_every_file_its_agent() -> None:
    assert {path.stem for path in AGENTS_FOLDER.glob("[!_]*.py")} == set(TOPOLOGY.agents)


@AGENTS
def test_an_agent_is_attached_by_its_name(agent: Agent) -> None:
    (attached,) = calls(function(agent), "agent")

    assert {keyword.arg: constants(keyword.value) for keyword in attached.keywords}["name"] == {agent.name}


@AGENTS
def test_an_agent_is_plumbing_of_at_most_forty_lines(agent: Agent) -> None:
    source = ast.unparse(function(agent))  # without comments and blank lines

    lines = [line for line in source.splitlines() if line.strip() and '"""' not in line]
    assert len(lines) <= MAX_AGENT_LINES, f"{agent.name} has {len(lines)} lines: move work into a domain object"


@AGENTS
def test_an_agent_writes_the_topics_it_declares(agent: Agent) -> None:
    code = function(agent)
    sent = [*calls(code, "send"), *calls(code, "send_what_fits")]
    written = set().union(*(constants(call.args[0]) for call in sent))
    if any(calls(code, "reject")):
        written |= {"dead-letters"}

    assert written == set(agent.writes)


@AGENTS
def test_an_agent_is_attached_to_its_topic_in_its_process(agent: Agent) -> None:
    attached_in = {
        process: list(calls(tree(ROOT / "nowseen" / f"{process}.py"), agent.name)) for process in ("worker", "node")
    }

    assert {process: len(found) for process, found in attached_in.items() if found} == {agent.runs_in: 1}
    assert topics_named(attached_in[agent.runs_in][0]) == {agent.reads}


def test_every_topic_named_in_code_exists() -> None:
    for package in WRITING_PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            assert topics_named(tree(path)) <= set(TOPOLOGY.topics), path


def test_every_topic_is_named_in_code() -> None:
    paths = [path for package in WRITING_PACKAGES for path in (ROOT / package).rglob("*.py")]
    named = set().union(*(constants(tree(path)) for path in paths))

    assert set(TOPOLOGY.topics) <= named


def test_there_is_a_topic_for_each_kind_of_chunk() -> None:
    assert {f"media.{kind}" for kind in KINDS} <= set(TOPOLOGY.topics)


def test_there_is_one_collection_for_each_modality() -> None:
    kept = [collection.modality for collection in TOPOLOGY.collections.values() if collection.modality is not None]
    assert sorted(kept) == sorted(MODALITIES)


def test_one_collection_keeps_the_speakers() -> None:
    (speakers,) = (each for each in TOPOLOGY.collections.values() if each.modality is None)
    assert speakers.vectors == {"voice": "voices", "enrolled": "voices"}
