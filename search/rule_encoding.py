"""What a rule's words are compared with moments by: vectors of the encoders that made the moments'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain.conditions import Condition, Graded, Meaning, Picture, SceneText, Space, Voice, graded_leaves, space_of
from domain.errors import BadRequest
from domain.events import Vector
from domain.moment_reading import ScoreOptions, Yardstick
from domain.ports import SentenceEncoder
from search.query_bank import QueryBank
from search.query_vectors import QueryVectors

_AT_ONCE = 64  # rules
_REMEMBERED = 4 * _AT_ONCE  # texts; a rule has one or two, as a rule

# What two things that have nothing to do with each other have in common, by the encoder that compares them: such that
# 1 of 2 pairs measured has a standard score of 0, and 1 of 100 one of 2.8, as unrelated sentences have
# (domain/calibration.py). What is alike has more than 2.5 then, the least that a rule tells of.
_UNRELATED: Mapping[str, Yardstick] = {
    # Cosines of 52 photographs with each other (nowseen/sample_photographs.py) at percentiles 50/95/99: 0.47/0.71/0.80;
    # of each with itself cropped, mirrored or darkened at 5/25/50: 0.82/0.95/0.99.
    "concept": Yardstick(0.48, 0.115),
    # 64 utterances of 7 speakers (nowseen/sample_voices.py and the demo's), of two at 50/95/99: 0.57/0.74/0.78; of one
    # at 5/25/50: 0.69/0.75/0.85.
    "resemblyzer": Yardstick(0.58, 0.07),
}


class RuleEncoding:
    """Blocks: about a second for the generic queries, once, and some milliseconds a rule. Thread-safe."""

    def __init__(self, sentences: SentenceEncoder, pictures: SentenceEncoder, voices: str) -> None:
        """`voices`: the name of the encoder of voices."""
        self._names: dict[Space, str] = {"picture": pictures.info.name, "voice": voices}
        self._sentences, self._pictures = QueryVectors(sentences, _REMEMBERED), QueryVectors(pictures, _REMEMBERED)
        self._sentence_bank, self._picture_bank = QueryBank(sentences), QueryBank(pictures)

    def scores(self) -> ScoreOptions:
        """Words are measured against the generic queries of searches, examples by what is known of their encoder."""
        measured = {space: _UNRELATED[name] for space, name in self._names.items() if name in _UNRELATED}
        return ScoreOptions({"meaning": self._sentence_bank.vectors(), "scene": self._picture_bank.vectors()}, measured)

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

    def check(self, condition: Condition) -> None:
        """Raises BadRequest for an example that another encoder made than the one at work: their vectors say nothing
        of each other."""
        for leaf in graded_leaves(condition):
            if isinstance(leaf, Picture | Voice) and leaf.encoder not in ("", self._names[space_of(leaf)]):
                raise BadRequest(
                    f"its example, a {space_of(leaf)}, was read by the encoder {leaf.encoder}, and now "
                    f"{self._names[space_of(leaf)]} is at work: add such a rule again with its example, and remove "
                    "this one"
                )

    def picture(self, vector: Vector) -> Picture:
        """What the encoder of pictures at work has made of an example."""
        return Picture(vector=vector, encoder=self._names["picture"])

    def voice(self, vector: Vector) -> Voice:
        return Voice(vector=vector, encoder=self._names["voice"])
