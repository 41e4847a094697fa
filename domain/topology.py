"""The door to topology.yaml: its values, its reader, its picture.

The file declares and Python attaches explicitly; tests/architecture holds the two together. It says only what is true
on every machine.
"""

from __future__ import annotations

from domain.topology_shape import (
    DEAD_LETTERS,
    PROCESSES,
    Agent,
    ChunkRules,
    Collection,
    EncoderChoice,
    Limits,
    Process,
    SceneRules,
    Topic,
    Topology,
)
from domain.topology_yaml import parse_topology

__all__ = [
    "DEAD_LETTERS",
    "PROCESSES",
    "Agent",
    "ChunkRules",
    "Collection",
    "EncoderChoice",
    "Limits",
    "Process",
    "SceneRules",
    "Topic",
    "Topology",
    "parse_topology",
    "to_mermaid",
]


def to_mermaid(topology: Topology) -> str:
    """The picture of the topology: publishers -> topics -> agents -> topics and collections."""
    written = {name for agent in topology.agents.values() for name in agent.writes}
    lines = ["flowchart LR", "  publishers([publishers])"]
    lines += [f'  {_topic_id(name)}[/"{name}"/]' for name in topology.topics]
    for process in PROCESSES:
        names = [agent.name for agent in topology.agents.values() if agent.runs_in == process]
        if names:
            lines += [f"  subgraph {process}", *(f'    agent_{name}["{name}"]' for name in names), "  end"]
    lines += [f'  collection_{name}[("{name}")]' for name in topology.collections]
    published = dict.fromkeys(agent.reads for agent in topology.agents.values() if agent.reads not in written)
    lines += [f"  publishers --> {_topic_id(name)}" for name in published]
    for agent in topology.agents.values():
        lines.append(f"  {_topic_id(agent.reads)} --> agent_{agent.name}")
        lines += [f"  agent_{agent.name} --> {_topic_id(name)}" for name in agent.writes]
        lines += [f"  agent_{agent.name} --> collection_{name}" for name in agent.stores]
    return "\n".join(lines) + "\n"


def _topic_id(name: str) -> str:
    return "topic_" + name.replace("-", "__").replace(".", "_")
