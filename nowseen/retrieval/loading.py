"""From what was named on the command line to a data set: the word `shipped`, or a folder by what is in it."""

from __future__ import annotations

from pathlib import Path

from domain.errors import ConfigError
from nowseen.retrieval.coco_folder import CAPTIONS, captions_in, coco_folder
from nowseen.retrieval.dataset import RetrievalDataset
from nowseen.retrieval.described_folder import DESCRIPTION, described_folder
from nowseen.retrieval.msrvtt_folder import SENTENCES, msrvtt_folder
from nowseen.retrieval.shipped import SHIPPED, shipped


def load_dataset(what: str, cache: Path) -> RetrievalDataset:
    """`cache` is where the shipped set's media are kept. Raises ConfigError when it is none, or a broken one."""
    if what == SHIPPED:
        return shipped(cache)
    folder = Path(what)
    if not folder.is_dir():
        raise ConfigError(f"{what!r} is no folder, and not {SHIPPED!r}, the set that comes with Nowseen")
    readers = {
        DESCRIPTION: (described_folder, (folder / DESCRIPTION).is_file()),
        CAPTIONS: (coco_folder, bool(captions_in(folder))),
        SENTENCES: (msrvtt_folder, (folder / SENTENCES).is_file()),
    }
    found = [name for name, (_, there) in readers.items() if there]
    if not found:
        raise ConfigError(f"{folder} holds none of {', '.join(readers)}: see docs/evaluation.md for what is read")
    if len(found) > 1:
        raise ConfigError(f"{folder} holds {' and '.join(found)}: which is to be measured? Put them into two folders")
    return readers[found[0]][0](folder)
