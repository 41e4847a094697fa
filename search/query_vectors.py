"""Vectors of the queries asked last: people page, refine filters and reload with the same words."""

from __future__ import annotations

from collections import OrderedDict
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
        vector = tuple(self._encoder.encode_texts([text])[0].tolist())
        with self._turn:
            self._kept[text] = vector
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return vector
