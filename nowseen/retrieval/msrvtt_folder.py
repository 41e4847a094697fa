"""A folder like that of MSR-VTT's 1k-A test: MSRVTT_JSFUSION_test.csv, and the films in videos/.

A thousand films, one sentence each (Xu et al., "MSR-VTT", CVPR 2016; the split is that of Yu et al., "A Joint Sequence
Fusion Model for Video Question Answering and Retrieval", ECCV 2018).
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from domain.errors import ConfigError
from nowseen.retrieval.dataset import Item, Media, Query, RetrievalDataset, raise_mistakes
from nowseen.retrieval.reading import read_text

SENTENCES = "MSRVTT_JSFUSION_test.csv"
_COLUMNS = ("video_id", "sentence")
_FILMS = "videos"
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


def msrvtt_folder(folder: Path) -> RetrievalDataset:
    """Raises ConfigError for what is missing or malformed."""
    path = folder / SENTENCES
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        columns, rows = reader.fieldnames or (), list(reader)
    except csv.Error as error:
        raise ConfigError(f"{path} can't be read as CSV: {error}") from error
    if not set(_COLUMNS) <= set(columns):
        raise ConfigError(f"the first line of {path} should name the columns {' and '.join(_COLUMNS)}")
    films = {film.stem: film for film in sorted((folder / _FILMS).rglob("*")) if film.is_file()}
    mistakes: list[str] = []
    items: dict[str, Item] = {}
    queries: list[Query] = []
    for number, row in enumerate(rows, start=1):
        name, sentence = ((row[column] or "").strip() for column in _COLUMNS)
        if not _NAME.fullmatch(name) or not sentence:
            mistakes.append(f"row {number} lacks a film's name or its sentence")
        elif name not in films:
            mistakes.append(f"row {number}: there is no film {name}.mp4 (or of another ending) in {folder / _FILMS}")
        else:
            items[name] = Item(name, "scene", Media(films[name]))
            queries.append(Query(str(number), "text", {name: 1.0}, sentence))
    if mistakes:
        raise_mistakes(str(path), mistakes)
    return RetrievalDataset("MSR-VTT-1kA", tuple(items.values()), tuple(queries))
