"""From shards of the history to one sealed shard: copied and built by a child process, put in their place here.

In a child (`search/edge_seal.py`), because building an index stops every thread of the process it happens in.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from search.batched import batched
from search.edge_history import History
from search.edge_history_shard import SHARD, WORD_COUNTS, HistoryShard
from search.edge_shard import Shard
from search.sparse_copy import occupied_bytes
from search.word_frequencies import WordFrequencies

Order: TypeAlias = Mapping[str, Any]  # of `edge_seal`, as JSON has it
Ask: TypeAlias = Callable[[Order], Mapping[str, Any]]

_COPIES = "copies"
_TIMES_AS_LARGE = 4  # the copies, the new shard before and after it is indexed, and something over
_DELETED_AT_ONCE = 256  # points: a search waits for some milliseconds


def build(history: History, sources: Sequence[HistoryShard], ask: Ask) -> None:
    """`ask` returns when the child has done what it was told, or raises. The sources stand until the last step."""
    folder = history.building_folder()
    try:
        _require_room(sources)
        ask({"ready": True})
        copies = [folder / _COPIES / str(number) for number in range(len(sources))]
        for each, copy in zip(sources, copies, strict=True):
            with each.still() as files:
                ask({"copy": str(files), "to": str(copy)})
        told = ask(
            {
                "seal": [str(copy) for copy in copies],
                "into": str(folder),
                "spec": asdict(history.spec),
                "options": asdict(history.options),
            }
        )
        counted = WordFrequencies.load(folder / WORD_COUNTS)
        shard = Shard.load(folder / SHARD, history.spec, history.start_anew, counted, told["longest_s"])
        new = HistoryShard(folder, shard)
        try:
            _put_in_place(history, sources, new)
        except BaseException:
            new.close()
            raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for each in sources:
        shutil.rmtree(each.folder)
    with history.locks.writing:
        new.nothing_else_is_left()


def _require_room(sources: Sequence[HistoryShard]) -> None:
    """A disk that is filled to the brim by this would stop the broker and everything else on it."""
    needed = _TIMES_AS_LARGE * sum(occupied_bytes(each.folder) for each in sources)
    if needed > (free := shutil.disk_usage(sources[0].folder).free):
        raise OSError(errno.ENOSPC, f"sealing needs {needed / 1e9:.1f} GB of free disk; there are {free / 1e9:.1f} GB")


def _put_in_place(history: History, sources: Sequence[HistoryShard], new: HistoryShard) -> None:
    _delete_what_they_have(new, sources)
    with history.locks.writing:
        _delete_what_they_have(new, sources)
        history.flush()  # a point that has moved into `new` must not come back where it was
        new.seal(sources)
        history.replace(sources, new)


def _delete_what_they_have(new: HistoryShard, sources: Sequence[HistoryShard]) -> None:
    for old in sources:
        for ids in batched(old.take_deleted(), _DELETED_AT_ONCE):
            with new.copying:
                new.delete(ids)
