"""Vectors of the queries asked last: people page, refine filters and reload with the same words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from threading import Lock

from domain.events import Vector
from domain.ports import SentenceEncoder


class QueryVectors:
    """The least recently used is forgotten first. Thread-safe; two threads may encode the same new query at once."""

    def __init__(self, encoder: SentenceEncoder, capacity: int) -> None:
        self._encoder = encoder
        self._capacity = capacity
        self._kept: OrderedDict[str, Vector] = OrderedDict()
        self._turn = Lock()

    def of(self, text: str) -> Vector:
        with self._turn:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        return self._encoded([text])[0]

    def encode(self, texts: Iterable[str]) -> None:
        """Those that are not known, at once. `of` has them at hand as long as they are no more than it keeps."""
        with self._turn:
            unknown = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if unknown:
            self._encoded(unknown)

    def keep_only(self, texts: Collection[str]) -> None:
        """All others are forgotten."""
        with self._turn:
            self._kept = OrderedDict((text, vector) for text, vector in self._kept.items() if text in texts)

    def _encoded(self, texts: list[str]) -> list[Vector]:
        vectors: list[Vector] = [tuple(row) for row in self._encoder.encode_texts(texts).tolist()]
        with self._turn:
            self._kept |= zip(texts, vectors, strict=True)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return vectors
