"""Where webhooks go: the receivers that a person named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from domain.errors import BadRequest

Preset: TypeAlias = Literal["standard", "slack", "plain"]

PRESETS: tuple[Preset, ...] = ("standard", "slack", "plain")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class UnknownEndpoint(BadRequest):
    """There is none of this name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver. Rules name it; its signing secret is kept elsewhere, under this name.

    The address is not shown in logs: those of chat systems are secrets in themselves.
    """

    name: str
    url: str = field(repr=False)
    preset: Preset = "standard"
    secret_variable: str | None = None  # the environment variable that holds its secret; None: we made one and keep it

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadRequest(
                f"{self.name[:80]!r} can't be an endpoint's name: use 1 to 64 letters, digits, '.', '_' or '-', "
                "starting with a letter or digit"
            )
        if self.preset not in PRESETS:
            raise BadRequest(f"{self.preset!r} is no preset: choose one of {', '.join(PRESETS)}")
