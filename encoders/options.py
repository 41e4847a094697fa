"""What may differ per machine when a model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["pictures", "sentences", "speech", "voices", "word_moods", "voice_moods"]


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    cache_dir: Path  # downloads are kept here
    device: str | None = None  # "cuda", "cuda:1", "mps", "cpu"; None: the best there is
    allow_download: bool = True
    threads: int | None = None  # CPU threads of one torch operation, in the whole process; None: as torch finds fit
    pictures_weights: Path | None = None  # a file or folder on disk that goes before the cache and any download
    sentences_weights: Path | None = None
    speech_weights: Path | None = None
    # Whisper is trained on 30 s windows. Shorter ones (up to 30) are encoded faster, at the price of more wrong words.
    shortest_speech_window_s: float = 30.0
