"""Copies of files with holes: the engine sets aside far more than it fills."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

_AT_ONCE_BYTES = 1 << 22
_BLOCK_BYTES = 512  # of st_blocks, on every system


def copy_tree(source: Path, target: Path, names: Iterable[str]) -> None:
    """The files and folders of these names, with all that is in them. Raises OSError."""
    for name in names:
        top = source / name
        for path in [top, *top.rglob("*")] if top.is_dir() else [top]:
            copied = target / path.relative_to(source)
            if path.is_dir():
                copied.mkdir(parents=True, exist_ok=True)
            else:
                copied.parent.mkdir(parents=True, exist_ok=True)
                _copy_file(path, copied)


def occupied_bytes(folder: Path) -> int:
    """On the disk, holes left out."""
    return sum(path.stat().st_blocks for path in folder.rglob("*") if path.is_file()) * _BLOCK_BYTES


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb", buffering=0) as original, target.open("wb") as copy:
        size = os.fstat(original.fileno()).st_size
        copy.truncate(size)
        end = 0
        while end < size:
            try:
                start = os.lseek(original.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole is left
                    return
                raise
            end = os.lseek(original.fileno(), start, os.SEEK_HOLE)
            original.seek(start)
            copy.seek(start)
            while piece := original.read(min(end - original.tell(), _AT_ONCE_BYTES)):
                copy.write(piece)
