"""`make bench`: a table, and bench/latest.json with flat keys. Takes about ten minutes on two cores."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import pipeline
from bench.readings import readings
from bench.table import Budgets, print_figures
from domain.ports import PCM_RATE_HZ
from nowseen.isolation import isolated
from nowseen.network_ports import free_ports
from nowseen.part_log import PartLog
from nowseen.sample_media import SampleSource, make_sources
from nowseen.samples import fetch_samples
from nowseen.settings import load_settings
from nowseen.sound_files import write_wav
from nowseen.up_command import run_parts

LATEST = Path(__file__).parent / "latest.json"

BUDGETS: Budgets = {
    "freshness_scene_p95_s": ("end of a chunk to searchable, one live 720p source, p95, s", 5.0, False),
    "freshness_speech_p95_s": ("end of an utterance to searchable, the same source, p95, s", 8.0, False),
    "alert_p95_s": ("end of what a rule tells of, in the source, to its webhook received, p95, s", 6.0, False),
    "alerts_missing": ("rules for what the live source shows and says that nobody was told of", 0.0, False),
    "efficiency": ("bare decode + encode + transcribe time / pipeline wall time at full speed", 0.8, True),
    "search_p95_ms": ("search through the API while indexing, text encoding included, p95, ms", 100.0, False),
    "speech_final_p95_s": ("an utterance's last word to its final text searchable, live, p95, s", 4.0, False),
    "speech_provisional_p95_s": ("newest sound in a provisional text to it searchable, live, p95, s", 2.0, False),
    "transcribe_ratio": ("bare openai-whisper time / pipeline wall time a reading, three at once", 0.85, True),
    "voice_mood_share": ("voices and moods, of the speech agent's time", 0.15, False),
    "wer_live_above_offline": ("word error rate live, in chunks of 1 s, less that of one offline pass", 0.01, False),
    "invented_words_per_hour": ("words made up in an hour of noises, tones and music", 0.0, False),
    "match_10k_rules_ms": ("ten thousand rules against one moment, one core, ms", 5.0, False),
    "rss_gb": ("resident memory of all processes together (shared pages counted each time), GB", 3.0, False),
}


def main() -> int:
    cache = load_settings().cache
    samples = fetch_samples(cache)
    made, missing = make_sources(samples, cache)
    sources = {source.name: source for source in made}
    if not {"bookclub", "panel", "gallery"} <= sources.keys():
        print("not all samples can be had:", "; ".join((*samples.missing, *missing)), file=sys.stderr)
        return 1
    spoken = sources["bookclub"]
    measured: list[pipeline.Measured] = []

    async def measure(_: Mapping[str, PartLog]) -> int:
        played = pipeline.Played(spoken, reading, sources["gallery"])
        measured.append(await pipeline.measure(settings, played, receiver_port))
        return 0

    with tempfile.TemporaryDirectory(prefix="nowseen-bench-") as folder, isolated(Path(folder)) as (settings, parts):
        [receiver_port] = free_ports(1)
        os.environ["NOWSEEN_WEBHOOK_ALLOW"] = f"127.0.0.1:{receiver_port}"  # `isolated` takes it back
        _, sound = readings(samples.files)
        write_wav(Path(folder) / "reading.wav", sound)
        reading = SampleSource("reading", Path(folder) / "reading.wav", len(sound) / PCM_RATE_HZ, ("speech",))
        code = run_parts(settings, parts, measure, to_stderr=True)
    if code or not measured:
        return code or 1
    # In processes of their own, after the pipeline has stopped: each has the machine for itself.
    bare = _in_process("bench.bare", str(spoken.path), str(spoken.duration_s), str(pipeline.COPIES))
    words = _in_process("bench.speech", str(cache))
    figures = _figures(measured[0], bare, words) | _in_process("bench.rules")
    LATEST.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n")
    _print(figures)
    return 0


def _in_process(module: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _figures(measured: pipeline.Measured, bare: Mapping[str, float], words: Mapping[str, Any]) -> dict[str, Any]:
    figures = {
        "freshness_scene_p95_s": pipeline.p95(measured.freshness_scene_s),
        "freshness_speech_p95_s": pipeline.p95(measured.freshness_speech_s),
        "alert_p95_s": pipeline.p95(measured.alerts.late_s),
        "alerts_received": len(measured.alerts.late_s),
        "alerts_missing": measured.alerts.missing,
        "efficiency": sum(bare.values()) / measured.wall_s,
        "search_p95_ms": pipeline.p95(measured.search_ms),
        "rss_gb": measured.rss_gb,
        "speech_final_p95_s": pipeline.p95(measured.speech_final_s),
        "speech_provisional_p95_s": pipeline.p95(measured.speech_provisional_s),
        "transcribe_ratio": words["bare_reading_s"] / measured.transcribe_wall_s,
        **words,
        "transcribe_wall_s": measured.transcribe_wall_s,
        "pss_gb": measured.pss_gb,
        "pipeline_wall_s": measured.wall_s,
        **{f"bare_{name}": value for name, value in bare.items()},
        "chunks_seen": len(measured.freshness_scene_s),
        "utterances_seen": len(measured.freshness_speech_s),
        "provisional_texts_seen": len(measured.speech_provisional_s),
        "searches": len(measured.search_ms),
    }
    # JSON has no NaN: what could not be measured is null.
    return {
        name: (round(value, 3) if math.isfinite(value) else None) if isinstance(value, float) else value
        for name, value in figures.items()
    }


def _print(figures: Mapping[str, Any]) -> None:
    print_figures("Nowseen on this machine", figures, BUDGETS)


if __name__ == "__main__":
    sys.exit(main())
