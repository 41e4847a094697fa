"""`nowseen models`: which models these settings choose, where their weights are, and under which licence."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import get_args

from rich.console import Console
from rich.markup import escape

import encoders
from encoders import Role
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.settings import Settings, load_topology

_DOWNLOAD = "https://"


def models_command(settings: Settings, *, as_json: bool = False) -> None:
    """Loads and downloads nothing. Raises ConfigError for names that are wrong."""
    wanted = wanted_encoders(settings, load_topology(settings))
    names: dict[Role, str] = {role: wanted[role] for role in get_args(Role)}
    infos = encoders.listing(encoder_options(settings), names)
    if as_json:
        print(json.dumps([asdict(info) for info in infos], ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    for info in infos:
        console.print(f"[bold]{info.role}[/]  {escape(info.name)}")
        size = f", {info.vector_size} numbers a vector" if info.vector_size else ""
        for line in (f"from {info.origin}", f"licence {info.licence}", f"on {info.device}{size}"):
            console.print(f"  {escape(line)}")
    if any(info.role == "pictures" and info.origin.startswith(_DOWNLOAD) for info in infos):
        when = "when first used" if settings.download else "once NOWSEEN_DOWNLOAD allows it"
        console.print(
            f"The picture encoder is downloaded {when}; where that fails, the packaged concept encoder stands in: "
            "it knows a thousand kinds of objects and animals.",
            style="yellow",
        )
