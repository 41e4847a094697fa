"""Files that are there whole, and stay there after a power cut."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Either what was there before or `text` is there, also after a power cut."""
    unfinished = path.with_suffix(".new")
    with unfinished.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def write_out(folder: Path) -> None:
    """Everything in the folder is on the disk when it returns, the names of its files too."""
    if sys.platform == "linux":
        os.sync()  # waits, there; a tenth of the time that hundreds of files take one by one
    else:
        for path in [folder, *folder.rglob("*")]:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
