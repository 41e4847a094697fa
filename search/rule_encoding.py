"""What a rule's words are compared with moments by: vectors of the encoders that made the moments'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain.conditions import Condition, Graded, Meaning, SceneText, graded_leaves
from domain.events import Vector
from domain.moment_reading import ScoreOptions
from domain.ports import SentenceEncoder
from search.query_bank import QueryBank
from search.query_vectors import QueryVectors

_AT_ONCE = 64  # rules
_REMEMBERED = 4 * _AT_ONCE  # texts; a rule has one or two, as a rule


class RuleEncoding:
    """Blocks: about a second for the generic queries, once, and some milliseconds a rule. Thread-safe."""

    def __init__(self, sentences: SentenceEncoder, pictures: SentenceEncoder) -> None:
        self._sentences, self._pictures = QueryVectors(sentences, _REMEMBERED), QueryVectors(pictures, _REMEMBERED)
        self._sentence_bank, self._picture_bank = QueryBank(sentences), QueryBank(pictures)

    def scores(self) -> ScoreOptions:
        """Every moment is measured against the generic queries that searches use."""
        return ScoreOptions({"meaning": self._sentence_bank.vectors(), "scene": self._picture_bank.vectors()})

    def vectors_of_all(self, conditions: Sequence[Condition]) -> Iterator[Mapping[Graded, Vector]]:
        """Of each what `vectors` gives; many at once take less time."""
        for start in range(0, len(conditions), _AT_ONCE):
            some = conditions[start : start + _AT_ONCE]
            leaves = [leaf for condition in some for leaf in graded_leaves(condition)]
            if len(leaves) > 1:
                self._sentences.encode([leaf.text for leaf in leaves if isinstance(leaf, Meaning)])
                self._pictures.encode([leaf.text for leaf in leaves if isinstance(leaf, SceneText)])
            yield from map(self.vectors, some)

    def vectors(self, condition: Condition) -> Mapping[Graded, Vector]:
        """Of what is given in words."""
        found: dict[Graded, Vector] = {}
        for leaf in graded_leaves(condition):
            if isinstance(leaf, Meaning):
                found[leaf] = self._sentences.of(leaf.text)
            elif isinstance(leaf, SceneText):
                found[leaf] = self._pictures.of(leaf.text)
        return found
