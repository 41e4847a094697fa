"""What a rule's words are compared with moments by: vectors of the encoders that made the moments'."""

from __future__ import annotations

from collections.abc import Mapping

from domain.conditions import Condition, Graded, Meaning, Picture, SceneText, Voice, graded_leaves, space_of
from domain.errors import BadRequest
from domain.events import Vector
from domain.moment_reading import ScoreOptions
from domain.ports import SentenceEncoder
from search.query_bank import QueryBank
from search.query_vectors import QueryVectors

_REMEMBERED = 256


class RuleEncoding:
    """Blocks: about a second for the generic queries, once, and some milliseconds a rule. Thread-safe."""

    def __init__(self, sentences: SentenceEncoder, pictures: SentenceEncoder, voices: str) -> None:
        """`voices`: the name of the encoder of voices."""
        self._names = {"picture": pictures.info.name, "voice": voices}
        self._sentences, self._pictures = QueryVectors(sentences, _REMEMBERED), QueryVectors(pictures, _REMEMBERED)
        self._sentence_bank, self._picture_bank = QueryBank(sentences), QueryBank(pictures)

    def scores(self) -> ScoreOptions:
        """Every moment is measured against the generic queries that searches use."""
        return ScoreOptions({"meaning": self._sentence_bank.vectors(), "scene": self._picture_bank.vectors()})

    def vectors(self, condition: Condition) -> Mapping[Graded, Vector]:
        """Of what is given in words. Raises BadRequest for an example that another encoder made than the one at work:
        their vectors say nothing of each other."""
        found: dict[Graded, Vector] = {}
        for leaf in graded_leaves(condition):
            if isinstance(leaf, Meaning):
                found[leaf] = self._sentences.of(leaf.text)
            elif isinstance(leaf, SceneText):
                found[leaf] = self._pictures.of(leaf.text)
            elif leaf.encoder and leaf.encoder != self._names[space_of(leaf)]:
                raise BadRequest(
                    f"its example, a {space_of(leaf)}, was read by the encoder {leaf.encoder}, and now "
                    f"{self._names[space_of(leaf)]} is at work: add such a rule again with its "
                    "example, and remove this one"
                )
        return found

    def picture(self, vector: Vector) -> Picture:
        """What the encoder of pictures at work has made of an example."""
        return Picture(vector=vector, encoder=self._names["picture"])

    def voice(self, vector: Vector) -> Voice:
        return Voice(vector=vector, encoder=self._names["voice"])
