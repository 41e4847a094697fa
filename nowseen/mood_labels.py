"""Which mood people heard in which recording: from a CSV file, or from a folder with one folder a mood."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import ConfigError
from domain.mood import MOOD_LABELS
from nowseen.labelled_sound import labelled_folder

_LABELS = tuple(label for label in MOOD_LABELS if label != "unknown")
_COLUMNS = ("path", "label", "valence", "arousal", "speaker")
_MOST_MISTAKES = 5


@dataclass(frozen=True, slots=True)
class MoodTruth:
    path: Path
    label: str | None
    valence: float | None = None  # -1 to 1
    arousal: float | None = None
    speaker: str = ""


def mood_truths(path: Path) -> list[MoodTruth]:
    """FILE.csv has a heading: path, then any of label, valence, arousal and speaker. Paths count from its own folder.

    Raises ConfigError, with the lines, for what is not so, and for a label that is none of ours.
    """
    if path.is_dir():
        files = labelled_folder(path).files
        if strange := sorted({label for label, _ in files} - {*_LABELS}):
            raise ConfigError(f"{path}/{strange[0]} is not named after a mood; they are {', '.join(_LABELS)}")
        return [MoodTruth(file, label) for label, file in files]
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            columns, rows = reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} can't be read as CSV: {error}") from error
    if "path" not in columns or not {"label", "valence", "arousal"} & {*columns}:
        raise ConfigError(
            f"the first line of {path} has the columns {', '.join(columns) or '(none)'}; it should name path and "
            "label, or path, valence and arousal, and may name speaker"
        )
    truths, mistakes = [], []
    for number, row in enumerate(rows, start=2):
        try:
            truths.append(_truth(path.parent, row))
        except ValueError as error:
            mistakes.append(f"{path}, line {number}: {error}")
    if mistakes:
        more = len(mistakes) - _MOST_MISTAKES
        raise ConfigError([*mistakes[:_MOST_MISTAKES], *([f"and {more} lines more"] if more > 0 else [])])
    if not truths:
        raise ConfigError(f"{path} has a heading and no recordings below it")
    return truths


def _truth(folder: Path, row: Mapping[str, str | None]) -> MoodTruth:
    cells = {column: (row.get(column) or "").strip() for column in _COLUMNS}
    if not cells["path"]:
        raise ValueError("no path")
    if (label := cells["label"].lower()) and label not in _LABELS:
        raise ValueError(f"{label!r} is no mood; they are {', '.join(_LABELS)}")
    valence, arousal = _number(cells, "valence"), _number(cells, "arousal")
    if not label and valence is None and arousal is None:
        raise ValueError("no label, valence or arousal")
    return MoodTruth(folder / cells["path"], label or None, valence, arousal, cells["speaker"])


def _number(cells: Mapping[str, str], column: str) -> float | None:
    if not cells[column]:
        return None
    try:
        number = float(cells[column])
    except ValueError:
        number = float("nan")
    if not -1.0 <= number <= 1.0:
        raise ValueError(f"{column} is {cells[column]!r}; it is a number from -1 to 1")
    return number
