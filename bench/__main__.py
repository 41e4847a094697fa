"""`make bench`: a table, and bench/latest.json with flat keys. Takes about five minutes on two cores."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import pipeline
from nowseen.isolation import isolated
from nowseen.part_log import PartLog
from nowseen.sample_media import SampleSource, make_sources
from nowseen.samples import fetch_samples
from nowseen.settings import load_settings
from nowseen.up_command import run_parts

LATEST = Path(__file__).parent / "latest.json"

# key -> (what it is, limit, whether more is better)
BUDGETS: Mapping[str, tuple[str, float, bool]] = {
    "freshness_scene_p95_s": ("end of a chunk to searchable, one live 720p source, p95, s", 5.0, False),
    "freshness_speech_p95_s": ("end of an utterance to searchable, the same source, p95, s", 8.0, False),
    "efficiency": ("bare decode + encode + transcribe time / pipeline wall time at full speed", 0.8, True),
    "search_p95_ms": ("search through the API while indexing, text encoding included, p95, ms", 100.0, False),
    "rss_gb": ("resident memory of all processes together (shared pages counted each time), GB", 3.0, False),
}


def main() -> int:
    cache = load_settings().cache
    sources, missing = make_sources(fetch_samples(cache), cache)
    spoken = next((source for source in sources if source.name == "bookclub"), None)
    if spoken is None:
        print("the sample with speech can't be had:", "; ".join(missing), file=sys.stderr)
        return 1
    measured: list[pipeline.Measured] = []

    async def measure(_: Mapping[str, PartLog]) -> int:
        measured.append(await pipeline.measure(settings, spoken))
        return 0

    with tempfile.TemporaryDirectory(prefix="nowseen-bench-") as folder, isolated(Path(folder)) as (settings, parts):
        code = run_parts(settings, parts, measure, to_stderr=True)
    if code or not measured:
        return code or 1
    figures = _figures(measured[0], _bare(spoken))
    LATEST.write_text(json.dumps(figures, indent=2) + "\n")
    _print(figures)
    return 0


def _bare(spoken: SampleSource) -> dict[str, float]:
    """In a process of its own, after the pipeline has stopped: each has the machine for itself."""
    command = [sys.executable, "-m", "bench.bare", str(spoken.path), str(spoken.duration_s), str(pipeline.COPIES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return took


def _figures(measured: pipeline.Measured, bare: Mapping[str, float]) -> dict[str, float]:
    figures = {
        "freshness_scene_p95_s": pipeline.p95(measured.freshness_scene_s),
        "freshness_speech_p95_s": pipeline.p95(measured.freshness_speech_s),
        "efficiency": sum(bare.values()) / measured.wall_s,
        "search_p95_ms": pipeline.p95(measured.search_ms),
        "rss_gb": measured.rss_gb,
        "pss_gb": measured.pss_gb,
        "pipeline_wall_s": measured.wall_s,
        **{f"bare_{name}": value for name, value in bare.items()},
        "chunks_seen": len(measured.freshness_scene_s),
        "utterances_seen": len(measured.freshness_speech_s),
        "searches": len(measured.search_ms),
    }
    return {name: round(value, 3) for name, value in figures.items()}


def _print(figures: Mapping[str, float]) -> None:
    table = Table("figure", "measured", "limit", "", "what it is", title="Nowseen on this machine")
    for key, value in figures.items():
        what, limit, more_is_better = BUDGETS.get(key, ("", None, False))
        if limit is None:
            table.add_row(key, f"{value:g}", "", "", "")
            continue
        kept = value >= limit if more_is_better else value <= limit
        sign = ">=" if more_is_better else "<="
        table.add_row(key, f"{value:g}", f"{sign} {limit:g}", "[green]kept[/]" if kept else "[red]missed[/]", what)
    Console(width=None if sys.stdout.isatty() else 150).print(table)


if __name__ == "__main__":
    sys.exit(main())
