"""A data set's fingerprint: the same for the same content wherever it lies, another for anything that could change a
figure."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from nowseen.retrieval.dataset import Media, RetrievalDataset

_FORMAT = 1


def fingerprint(dataset: RetrievalDataset) -> str:
    """32 hexadecimal digits. Reads every file. Raises OSError when one can't be read."""

    @cache
    def content(path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def media(of: Media | None) -> Any:
        return None if of is None else [content(of.path), of.part_s]

    lines: list[Any] = [["format", _FORMAT]]
    lines += sorted(["item", i.id, i.kind, media(i.media), i.text, i.speaker] for i in dataset.items)
    lines += sorted(["query", q.id, q.by, q.text, media(q.media), sorted(q.relevant.items())] for q in dataset.queries)
    digest = hashlib.sha256()
    for line in lines:
        digest.update(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()[:32]
