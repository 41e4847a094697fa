"""The generic queries that every score is compared with (domain/calibration.py), as vectors of one encoder."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from threading import Lock

from domain.ports import Matrix, SentenceEncoder


@cache
def bank_queries() -> tuple[str, ...]:
    lines = files("search").joinpath("query_bank.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


class QueryBank:
    """Encoded on first use and once: about a second for a large text tower on a CPU."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self._vectors: Matrix | None = None
        self._turn = Lock()

    def vectors(self) -> Matrix:
        """(b, d), rows of unit length. Blocks."""
        with self._turn:
            if self._vectors is None:
                self._vectors = self._encoder.encode_texts(bank_queries())
            return self._vectors
