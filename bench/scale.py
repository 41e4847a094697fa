"""`make bench-scale`: search over N scenes and N utterances, at rest and while moments come in and an index is built. A
table, and bench/scale.json with flat keys.

The store is made once for each N (for a million on two cores about half an hour; a run cut short goes on where it was)
and kept in `<NOWSEEN_CACHE>/scale/<N>`. Measuring takes some minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from bench import scale_api, scale_engine
from bench.pipeline import p95
from bench.scale_data import SPECS
from bench.table import Budgets, print_figures
from nowseen.settings import load_settings
from search.sparse_copy import occupied_bytes

LATEST = Path(__file__).parent / "scale.json"
A_MILLION = 1_000_000

BUDGETS: Budgets = {
    "query_p50_ms": ("one search of a collection, by source and time, engine alone, median, ms", 5.0, False),
    "query_p95_ms": ("the same, p95, ms", 20.0, False),
    "query_recall_at_10": ("share of the ten nearest that it finds, half with a filter", 0.97, True),
    "api_p95_ms": ("scenes, speech and texts fused, by the API, text encoding apart, p95, ms", 60.0, False),
    "api_writing_p95_ms": ("the same while 150 moments/s are written and an index is built, p95, ms", 100.0, False),
    "api_just_written_found": ("share of the moments just written that a search finds", 1.0, True),
}


def main(count: int) -> int:
    folder = load_settings().cache / "scale" / str(count)
    print(f"the store of {count} scenes and {count} utterances is kept in {folder}", flush=True)
    _fill(folder, count)
    disk_gb = occupied_bytes(folder) / 1e9
    engine = scale_engine.measure(folder, count)
    api = scale_api.measure(folder, count)
    figures = _figures(count, disk_gb, engine, api)
    LATEST.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n")
    print_figures(f"Search among {count} scenes and {count} utterances", figures, BUDGETS)
    return 0


def _figures(count: int, disk_gb: float, engine: scale_engine.EngineTimes, api: scale_api.ApiTimes) -> dict[str, Any]:
    filtered = [took for times in engine.filtered_ms.values() for took in times]
    unfiltered = [took for times in engine.unfiltered_ms.values() for took in times]
    millions = count / A_MILLION  # of each
    figures: dict[str, Any] = {
        "query_p50_ms": median(filtered),
        "query_p95_ms": p95(filtered),
        "query_recall_at_10": sum(engine.recalls) / len(engine.recalls),
        "api_p95_ms": p95(api.at_rest_ms),
        "api_writing_p95_ms": p95(api.writing_ms),
        "api_just_written_found": api.found / api.looked_for,
        "ram_gb_per_million": api.resident_gb / millions,
        "ram_anonymous_gb_per_million": api.anonymous_gb / millions,
        "disk_gb_per_million": disk_gb / millions,
        "moments": count * len(SPECS),
        "query_unfiltered_p50_ms": median(unfiltered),
        "query_unfiltered_p95_ms": p95(unfiltered),
        **{f"query_{name}_p50_ms": median(times) for name, times in engine.filtered_ms.items()},
        **{f"query_{name}_p95_ms": p95(times) for name, times in engine.filtered_ms.items()},
        "newest_p95_ms": p95(engine.newest_ms),
        "api_p50_ms": median(api.at_rest_ms),
        "api_writing_p50_ms": median(api.writing_ms),
        "api_writing_slowest_ms": max(api.writing_ms),
        "api_writing_searches": len(api.writing_ms),
        "built_all_along": api.built_all_along,
        "open_s": api.open_s,
    }
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}


def _fill(folder: Path, count: int) -> None:
    """Both collections at once, each in a process of its own."""
    fills = [
        subprocess.Popen([sys.executable, "-m", "bench.scale_fill", str(folder), kind, str(count)]) for kind in SPECS
    ]
    codes = [each.wait() for each in fills]
    if any(codes):
        raise SystemExit("the store could not be filled; run it again to go on")


if __name__ == "__main__":
    sys.exit(main(int(os.environ.get("N") or A_MILLION)))
