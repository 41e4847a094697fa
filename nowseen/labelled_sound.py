"""Recordings whose truth is known, from a folder: FOLDER/<label>/<any sound file>; and the utterances in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from domain.errors import BadEvent, ConfigError
from domain.ports import Pcm, VoiceActivity
from domain.utterances import UtteranceRules
from nowseen.sound_files import read_sound
from streams.speech_segments import SourceSound


@dataclass(slots=True)
class Labelled:
    """Which file has which label. What turns out unreadable is put into `skipped` with its reason."""

    files: list[tuple[str, Path]]
    skipped: list[str] = field(default_factory=list)

    def sounds(self) -> Iterator[tuple[str, Path, Pcm]]:
        """One file after the other, so that a large folder fits in memory."""
        for label, path in self.files:
            try:
                yield label, path, read_sound(path)
            except BadEvent as bad:
                self.skipped.append(str(bad))


def labelled_folder(folder: Path) -> Labelled:
    """Each folder in `folder` is a label. Hidden files are passed over. Raises ConfigError when there is nothing."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; it should hold one folder of recordings for each label")
    labels = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    files = [
        (label.name, path)
        for label in labels
        for path in sorted(label.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    if not files:
        raise ConfigError(f"{folder} holds no recordings; they are expected in {folder}/<label>/")
    return Labelled(files)


def utterances_of(sound: Pcm, voice_activity: Callable[[], VoiceActivity]) -> list[Pcm]:
    """The stretches of speech in a recording, cut as those of a live stream."""
    source = SourceSound(UtteranceRules(), voice_activity)
    settled = [*source.push(0, 0.0, sound), *source.finish()]
    return [piece.pcm for piece in settled if len(piece.pcm)]


def joined(pieces: list[Pcm], samples: int) -> list[Pcm]:
    """Neighbours put together until each is at least so long; a rest that is shorter stays a piece of its own."""
    result: list[Pcm] = []
    open_pieces: list[Pcm] = []
    for piece in pieces:
        open_pieces.append(piece)
        if sum(map(len, open_pieces)) >= samples:
            result.append(np.concatenate(open_pieces))
            open_pieces = []
    return result + ([np.concatenate(open_pieces)] if open_pieces else [])
