"""What the supervisor is told of a program: how to start it, and how to see that it is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TcpPort:
    """Ready when the port takes connections."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port} to take connections"


@dataclass(frozen=True, slots=True)
class HttpOk:
    """Ready when a GET of the URL answers 200."""

    url: str

    def __str__(self) -> str:
        return f"{self.url} to answer"


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """Ready when the program has made this file. The supervisor removes it before each start."""

    path: Path

    def __str__(self) -> str:
        return f"the program to say that it is ready ({self.path})"


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Ready as soon as it is started."""

    def __str__(self) -> str:
        return "nothing"


ReadyCheck: TypeAlias = TcpPort | HttpOk | ReadyFile | AtOnce


@dataclass(frozen=True, slots=True)
class PortNeed:
    """A port a part will listen on, and the setting that chooses another."""

    host: str
    port: int
    setting: str


@dataclass(frozen=True, slots=True)
class Part:
    """One program. `env` is added to the supervisor's own environment."""

    name: str
    command: Sequence[str]
    ready: ReadyCheck
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[PortNeed, ...] = ()
    depends_on: tuple[str, ...] = ()  # started when these are ready, stopped before them
    ready_timeout_s: float = 60.0


def start_levels(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts in order of start; those of one level depend only on earlier levels.

    Raises ConfigError for a name used twice, a dependency that does not exist, and a circle.
    """
    names = [part.name for part in parts]
    mistakes = [f"two parts are named {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    mistakes += [
        f"{part.name} depends on {other}, which does not exist"
        for part in parts
        for other in part.depends_on
        if other not in names
    ]
    if mistakes:
        raise ConfigError(mistakes)
    levels: list[list[Part]] = []
    placed: set[str] = set()
    while len(placed) < len(parts):
        level = [part for part in parts if part.name not in placed and placed.issuperset(part.depends_on)]
        if not level:
            raise ConfigError(f"these parts depend on each other in a circle: {', '.join(set(names) - placed)}")
        levels.append(level)
        placed |= {part.name for part in level}
    return levels
