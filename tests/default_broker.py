"""Runs the default broker: `python -m tests.default_broker PORT DATA_DIR [MEMORY_BYTES]`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from domain.topology import parse_topology
from streams.broker import run_tansu, tansu

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    if len(sys.argv) > 3:
        tansu._MEMORY_BYTES = int(sys.argv[3])
    topology = parse_topology((Path(__file__).parents[1] / "topology.yaml").read_text(encoding="utf-8"))
    sys.exit(run_tansu(int(sys.argv[1]), Path(sys.argv[2]), topology))
