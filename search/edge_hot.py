"""The folders of hot shards: "hot", then "hot-1", "hot-2" ... The last takes new points; those before it wait to be
sealed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from search.collections import CollectionSpec
from search.edge_config import hot_config
from search.edge_shard import UNFINISHED, Shard
from search.sparse_copy import copy_tree
from search.whole_file import write_out
from search.word_frequencies import WordFrequencies

_BEFORE = ".old"
_EMPTY = "empty"


def hot_folders(home: Path) -> list[Path]:
    """In order. Makes good what a killed process left."""
    for before in home.glob(f"hot*{_BEFORE}"):
        if (hot := before.with_suffix("")).exists():
            shutil.rmtree(before)
        else:
            before.rename(hot)  # killed while it was purged
    for unfinished in home.glob(f"hot*{UNFINISHED}"):
        shutil.rmtree(unfinished)
    return sorted((folder for folder in home.glob("hot*") if _number(folder) >= 0), key=_number)


def next_hot(home: Path, last: Path | None) -> Path:
    """The folder that comes after the `last`, if there is one."""
    return home / ("hot" if last is None else f"hot-{_number(last) + 1}")


def new_hot(folder: Path, spec: CollectionSpec, start_anew: str) -> Shard:
    """An empty one in `folder`."""
    unfinished = _new_files(folder, spec)
    write_out(unfinished)
    unfinished.rename(folder)
    return Shard.load(folder, spec, start_anew, WordFrequencies(), longest_s=0.0)


def rewritten(hot: Shard, spec: CollectionSpec, start_anew: str) -> Shard:
    """Another with the same points, in files that never held anything else."""
    other = Shard.load(_new_files(hot.folder, spec), spec, start_anew, WordFrequencies(), longest_s=0.0)
    other.copy_from(hot)
    other.flush()
    return other


def put_in_place(new: Shard, old: Shard, start_anew: str) -> Shard:
    """`new`, in the place of `old`, which is closed and deleted."""
    folder = old.folder
    before = folder.with_suffix(_BEFORE)
    old.close()
    folder.rename(before)
    moved = new.move(folder, start_anew)
    shutil.rmtree(before)
    return moved


def _new_files(folder: Path, spec: CollectionSpec) -> Path:
    """Copies of an empty shard's that is kept for that, beside their place: making one takes the engine dozens of small
    writes to the disk, during which no thread of this process runs."""
    empty, unfinished = folder.parent / _EMPTY, folder.with_suffix(UNFINISHED)
    if not empty.exists():
        made = Shard.create(empty, spec, hot_config(spec))
        made.close()
        made.folder.rename(empty)
    shutil.rmtree(unfinished, ignore_errors=True)
    copy_tree(empty, unfinished, [path.name for path in empty.iterdir()])
    return unfinished


def _number(folder: Path) -> int:
    """-1 for another folder."""
    found = re.fullmatch(r"hot(?:-(\d+))?", folder.name)
    return -1 if found is None else int(found[1] or 0)
