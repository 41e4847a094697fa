"""What conditions give in words, and its vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from domain.conditions import Condition, Graded, Meaning, SceneText, graded_leaves
from domain.events import Vector
from domain.ports import SentenceEncoder
from search.query_vectors import QueryVectors

_AT_ONCE = 64  # conditions
_REMEMBERED = 4 * _AT_ONCE  # texts; a condition has one or two, as a rule


class RuleTexts:
    """Blocks: some milliseconds a text that is not known. Thread-safe."""

    def __init__(self, sentences: SentenceEncoder, pictures: SentenceEncoder) -> None:
        self._sentences, self._pictures = QueryVectors(sentences, _REMEMBERED), QueryVectors(pictures, _REMEMBERED)

    def of_all(self, conditions: Sequence[Condition]) -> Iterator[Mapping[Graded, Vector]]:
        """Of each what `of` gives; many at once take less time."""
        for start in range(0, len(conditions), _AT_ONCE):
            some = conditions[start : start + _AT_ONCE]
            meanings, scenes = texts_in(some)
            if len(meanings) + len(scenes) > 1:
                self._sentences.encode(meanings)
                self._pictures.encode(scenes)
            yield from map(self.of, some)

    def keep_only(self, meanings: Collection[str], scenes: Collection[str]) -> None:
        """All others are forgotten."""
        self._sentences.keep_only(meanings)
        self._pictures.keep_only(scenes)

    def of(self, condition: Condition) -> Mapping[Graded, Vector]:
        """By the leaves that are given in words."""
        found: dict[Graded, Vector] = {}
        for leaf in graded_leaves(condition):
            if isinstance(leaf, Meaning):
                found[leaf] = self._sentences.of(leaf.text)
            elif isinstance(leaf, SceneText):
                found[leaf] = self._pictures.of(leaf.text)
        return found


def texts_in(conditions: Iterable[Condition]) -> tuple[list[str], list[str]]:
    """Those that are meant, and those that describe scenes: an encoder of sentences reads the ones, one of pictures the
    others."""
    leaves = [leaf for condition in conditions for leaf in graded_leaves(condition)]
    return (
        [leaf.text for leaf in leaves if isinstance(leaf, Meaning)],
        [leaf.text for leaf in leaves if isinstance(leaf, SceneText)],
    )
