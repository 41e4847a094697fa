"""How many moments hold each word, over all shards: so that a word weighs the same wherever it is found.

The engine can count by itself, but within one shard, and there the same word is common among the few moments of the
last minute and rare in a year's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from search.collections import SparseWords


class WordFrequencies:
    """Of one shard. Words are numbers, as in `SparseWords`."""

    def __init__(
        self, words: npt.NDArray[np.uint32] | None = None, counts: npt.NDArray[np.uint32] | None = None
    ) -> None:
        """`words` ascend; eight bytes a word are enough for what is counted once."""
        self.documents = 0
        self._words = np.empty(0, np.uint32) if words is None else words
        self._counts = np.empty(0, np.uint32) if counts is None else counts
        self._changes: dict[int, int] = {}

    def add(self, document: SparseWords, times: int = 1) -> None:
        """`times` is -1 for one that is gone."""
        self.documents += times
        for word in document.indices:
            self._changes[word] = self._changes.get(word, 0) + times

    def of(self, word: int) -> int:
        at = int(np.searchsorted(self._words, np.uint32(word)))
        counted = int(self._counts[at]) if at < self._words.size and self._words[at] == word else 0
        return counted + self._changes.get(word, 0)

    def save(self, path: Path) -> None:
        changed = np.fromiter(self._changes, np.uint32, len(self._changes))
        words = np.union1d(self._words, changed)
        counts = np.zeros(words.size, np.int64)
        counts[np.searchsorted(words, self._words)] = self._counts
        counts[np.searchsorted(words, changed)] += np.fromiter(self._changes.values(), np.int64, changed.size)
        held = counts > 0
        with path.open("wb") as file:
            np.savez(file, words=words[held], counts=counts[held].astype(np.uint32), documents=np.int64(self.documents))

    @classmethod
    def load(cls, path: Path) -> WordFrequencies | None:
        """None when it can't be read: then they have to be counted again."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                loaded = cls(kept["words"], kept["counts"])
                loaded.documents = int(kept["documents"])
        except (OSError, ValueError, KeyError, BadZipFile):
            return None
        return loaded


def weighed(query: SparseWords, shards: Sequence[WordFrequencies]) -> SparseWords:
    """The query's words times their inverse document frequency over all `shards`, by BM25's formula (Robertson and
    Zaragoza, "The Probabilistic Relevance Framework", 2009, kept above zero as Lucene and Qdrant do)."""
    documents = sum(each.documents for each in shards)
    frequencies = [min(documents, max(0, sum(each.of(word) for each in shards))) for word in query.indices]
    return SparseWords(
        list(query.indices),
        [value * _inverse(documents, found) for value, found in zip(query.values, frequencies, strict=True)],
    )


def _inverse(documents: int, found: int) -> float:
    return math.log1p((documents - found + 0.5) / (found + 0.5))
