"""Fills one collection of the store that `bench.scale` measures: `python -m bench.scale_fill FOLDER KIND POINTS`.

The shards are those that the product's own merging leaves after as many points, each built once, by the product's own
code; half a hot shard or more stays hot. What is there already stays: a run that was cut short goes on where it was.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import cast

from bench.scale_data import SPECS, Kind, points
from search.collections import record_of
from search.edge_config import sealed_config
from search.edge_history_shard import RECORD, SHARD
from search.edge_hot import new_hot
from search.edge_merging import Extent, next_merge
from search.edge_options import EdgeOptions
from search.edge_seal import finish
from search.edge_shard import Shard
from search.whole_file import write_whole

FILLED = "filled.json"


def layout(count: int, options: EdgeOptions) -> list[int]:
    """Points of each sealed shard, in order; the hot one has the rest."""
    sealed: list[int] = []
    for _ in range(max(0, (count - options.hot_points // 2) // options.hot_points)):
        sealed.append(options.hot_points)
        while chosen := next_merge([(at, Extent(size)) for at, size in enumerate(sealed)], options):
            merged = sum(sealed[at] for at in chosen)
            sealed = [size for at, size in enumerate(sealed) if at not in chosen]
            sealed.insert(chosen[0], merged)
    return sealed


def fill(folder: Path, kind: Kind, count: int) -> None:
    spec, options, home = SPECS[kind], EdgeOptions(), folder / SPECS[kind].name
    if (home / FILLED).exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    write_whole(home / "collection.json", record_of(spec))
    first = 0
    for size in layout(count, options):
        sealed = home / "history" / f"sealed-{first:09d}"
        if not (sealed / RECORD).exists():
            print(f"{spec.name}: sealing {size} of {count} points, from {first}", flush=True)
            shard = Shard.create(sealed / SHARD, spec, sealed_config(spec, options))
            for block in points(kind, first, size):
                shard.upsert(block)
            finish(shard, sealed)
            write_whole(
                sealed / RECORD,
                json.dumps({"made_of": [], "points": size, "longest_s": shard.longest_s, "stale": False}),
            )
        first += size
    shutil.rmtree(home / "hot", ignore_errors=True)
    hot = new_hot(home / "hot", spec, "run it again")
    for block in points(kind, first, count - first):
        hot.upsert(block)
    hot.flush()
    hot.close()
    write_whole(home / FILLED, json.dumps({"points": count}))


if __name__ == "__main__":
    fill(Path(sys.argv[1]), cast(Kind, sys.argv[2]), int(sys.argv[3]))
