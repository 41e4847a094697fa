"""The child process that builds a sealed shard: `python -m search.edge_seal`.

Each line of its standard input is an order, as JSON: to copy a shard's files, then to write all the points of such
copies into a new shard and build its index. It says when it has done so. Nothing of it counts until its parent has put
it in place.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from search.collections import CollectionSpec
from search.edge_config import sealed_config
from search.edge_history_shard import SHARD, WORD_COUNTS
from search.edge_options import EdgeOptions
from search.edge_shard import Shard
from search.file_cache import read_all
from search.sparse_copy import copy_tree
from search.whole_file import write_out
from search.word_frequencies import WordFrequencies

_PR_SET_PDEATHSIG = 1
_NICENESS = 10


def seal(sources: Sequence[Path], folder: Path, spec: CollectionSpec, options: EdgeOptions) -> float:
    """`sources` are deleted as they are read. `folder` then holds the shard and its words' counts, safe on the disk."""
    shard = Shard.create(folder / SHARD, spec, sealed_config(spec, options))
    for source in sources:
        other = Shard.load(source, spec, "", WordFrequencies())
        shard.copy_from(other)
        other.close()
        shutil.rmtree(source)
    finish(shard, folder)
    return shard.longest_s or 0.0


def finish(shard: Shard, folder: Path) -> None:
    """Builds the index of a new shard whose points are all there, and puts it into its place in `folder`."""
    shard.optimise()
    shard.flush()
    shard.close()
    shard.frequencies.save(folder / WORD_COUNTS)
    shard.folder.rename(folder / SHARD)
    write_out(folder)
    # The engine drops what it closes from the system's file cache. From there the node, whose other threads wait while
    # it loads the shard, has it in a tenth of a second for 100,000 points; from the disk in a second.
    read_all(folder)


def _stay_behind(parent: int) -> None:
    """Searches go first; and without the node nobody waits for the result."""
    os.nice(_NICENESS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def obey(order: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of it."""
    if "ready" in order:
        return {}
    if "copy" in order:
        copy_tree(Path(order["copy"]), Path(order["to"]), ("edge_config.json", "segments"))  # without the log
        return {}
    copies, folder = [Path(copy) for copy in order["seal"]], Path(order["into"])
    return {"longest_s": seal(copies, folder, CollectionSpec(**order["spec"]), EdgeOptions(**order["options"]))}


def main() -> None:
    _stay_behind(int(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
