"""What may differ per machine when a model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["pictures", "sentences", "speech", "voices", "word_moods", "voice_moods", "reranker"]


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    cache_dir: Path  # downloads are kept here
    device: str | None = None  # "cuda", "cuda:1", "mps", "cpu"; None: the best there is
    allow_download: bool = True
