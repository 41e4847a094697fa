"""Figures as a table, each beside its limit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

Budgets: TypeAlias = Mapping[str, tuple[str, float, bool]]  # key -> (what it is, limit, whether more is better)


def print_figures(title: str, figures: Mapping[str, Any], budgets: Budgets) -> None:
    table = Table("figure", "measured", "limit", "", "what it is", title=title)
    for key, value in figures.items():
        what, limit, more_is_better = budgets.get(key, ("", None, False))
        shown = "not measured" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        if limit is None:
            table.add_row(key, shown, "", "", "")
            continue
        kept = value is not None and (value >= limit if more_is_better else value <= limit)
        sign = ">=" if more_is_better else "<="
        table.add_row(key, shown, f"{sign} {limit:g}", "[green]kept[/]" if kept else "[red]missed[/]", what)
    Console(width=None if sys.stdout.isatty() else 150).print(table)
