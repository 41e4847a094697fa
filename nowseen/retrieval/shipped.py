"""The set that comes with Nowseen: real photographs, a film and voices, fetched by package, and queries of our own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from domain.errors import ConfigError
from nowseen.retrieval.dataset import RetrievalDataset
from nowseen.retrieval.described_folder import described
from nowseen.sample_announcements import TELEPHONE, VOICEMAIL
from nowseen.sample_photographs import LANDSCAPES, MORE_PHOTOGRAPHS, NATURE, PAGODA_AND_DAHLIA, PUZZLES
from nowseen.sample_voices import VOICES
from nowseen.samples import FILM, PHOTOGRAPHS, SONNET, SPEECH, VOICE, fetch_samples

SHIPPED = "shipped"
_DESCRIPTION = "shipped.json"
SHIPPED_ORIGINS = (
    *(PHOTOGRAPHS, MORE_PHOTOGRAPHS, LANDSCAPES, NATURE, PUZZLES, PAGODA_AND_DAHLIA, FILM),
    *(SPEECH, SONNET, VOICE, VOICEMAIL, *VOICES, *TELEPHONE),
)


def shipped(cache: Path) -> RetrievalDataset:
    """Raises ConfigError when not all of its media can be had: with some only, the figures would be others."""
    samples = fetch_samples(cache, SHIPPED_ORIGINS)
    if samples.missing:
        raise ConfigError(["the shipped set needs all of its media, which are fetched by package:", *samples.missing])

    def find(name: str) -> Path:
        if name not in samples.files:
            raise ValueError(f"no sample is called {name!r}")
        return samples.files[name]

    return described(files(__package__).joinpath(_DESCRIPTION).read_text(encoding="utf-8"), SHIPPED, find)
