"""Words are counted over shards as they would be in one."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.collections import SparseWords
from search.word_frequencies import WordFrequencies, weighed

WORDS = st.integers(0, 2**32 - 1) | st.integers(0, 5)
DOCUMENTS = st.lists(st.sets(WORDS, min_size=1, max_size=5), max_size=12)


def document(words: set[int]) -> SparseWords:
    return SparseWords(sorted(words), [1.0] * len(words))


def counted(documents: list[set[int]]) -> WordFrequencies:
    frequencies = WordFrequencies()
    for words in documents:
        frequencies.add(document(words))
    return frequencies


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_they_are_those_of_the_documents_there_are(
    kept: list[set[int]], gone: list[set[int]], more: list[set[int]]
) -> None:
    frequencies = counted([*kept, *gone])
    for words in gone:
        frequencies.add(document(words), -1)
    with TemporaryDirectory() as folder:
        frequencies.save(Path(folder) / "words.npz")
        loaded = WordFrequencies.load(Path(folder) / "words.npz")
    assert loaded is not None
    for words in more:
        loaded.add(document(words))
    expected = Counter(word for words in [*kept, *more] for word in words)
    assert loaded.documents == len(kept) + len(more)
    assert {word: loaded.of(word) for word in {*expected, 7}} == {word: expected[word] for word in {*expected, 7}}


@given(DOCUMENTS, DOCUMENTS, st.sets(WORDS, min_size=1, max_size=4))
def test_a_word_weighs_the_same_however_the_documents_are_dealt_out(
    one: list[set[int]], other: list[set[int]], asked: set[int]
) -> None:
    query = document(asked)
    together = weighed(query, [counted([*one, *other])])
    assert weighed(query, [counted(one), counted(other)]) == together
    for word, weight in zip(together.indices, together.values, strict=True):
        found = sum(word in words for words in [*one, *other])
        rest = len(one) + len(other) - found
        assert weight > 0
        assert weight == pytest.approx(math.log((rest + 0.5) / (found + 0.5) + 1))


def test_what_cannot_be_read_is_to_be_counted_again(tmp_path: Path) -> None:
    (tmp_path / "words.npz").write_bytes(b"PK\x03\x04 garbage")
    (tmp_path / "other.npz").write_bytes(b"garbage")
    assert [WordFrequencies.load(tmp_path / name) for name in ("words.npz", "other.npz", "none.npz")] == [None] * 3
