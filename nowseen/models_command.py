"""`nowseen models`: which models these settings choose, where their weights are, and under which licence."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import get_args

from rich.console import Console
from rich.markup import escape

import encoders
from domain.ports import EncoderInfo
from encoders import Role
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.settings import Settings, load_topology

_HUB = "https://"


def models_command(settings: Settings, *, as_json: bool = False) -> None:
    """Loads and downloads nothing, but asks the hub what can be had. Raises ConfigError for names that are wrong."""
    wanted = wanted_encoders(settings, load_topology(settings))
    names: dict[Role, str] = {role: wanted[role] for role in get_args(Role) if role in wanted}
    infos = encoders.listing(encoder_options(settings), names)
    if as_json:
        print(json.dumps([asdict(info) for info in infos], ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    for info in infos:
        console.print(f"[bold]{info.role}[/]  {escape(info.name)}")
        size = f", {info.vector_size} numbers a vector" if info.vector_size else ""
        for line in (_where(info, settings), f"licence {info.licence}", f"on {info.device}{size}"):
            console.print(f"  {escape(line)}")
        if info.stand_in_for is not None:
            why = "can't be downloaded now" if settings.download else "may not be downloaded (NOWSEEN_DOWNLOAD)"
            console.print(
                f"  stands in for {escape(info.stand_in_for)}, whose weights are not on this machine and {why}",
                style="yellow",
            )
        if info.warning is not None:
            console.print(f"  {escape(info.warning)}", style="yellow")


def _where(info: EncoderInfo, settings: Settings) -> str:
    if not info.origin.startswith(_HUB):
        return f"from {info.origin}"
    then = "downloaded when first used" if settings.download else "of no use until NOWSEEN_DOWNLOAD allows a download"
    return f"from {info.origin}: not on this machine, {then}"
