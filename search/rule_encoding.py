"""What a rule's words are compared with moments by: vectors of the encoders that made the moments'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from domain.conditions import Condition, Graded, Picture, Space, Voice, graded_leaves, space_of
from domain.errors import BadRequest
from domain.events import Vector
from domain.moment_reading import ScoreOptions, Yardstick
from domain.ports import SentenceEncoder
from search.kept_texts import KeptTexts
from search.kept_vectors import KeptVectors
from search.query_bank import QueryBank, bank_queries
from search.rule_texts import RuleTexts, texts_in

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

    def __init__(
        self, sentences: SentenceEncoder, pictures: SentenceEncoder, voices: str, kept: KeptVectors | None = None
    ) -> None:
        """`voices`: the name of the encoder of voices. `kept`: so that what is watched for is encoded once for all."""
        self._names: dict[Space, str] = {"picture": pictures.info.name, "voice": voices}
        self._tried = self._watched = RuleTexts(sentences, pictures)
        self._kept: tuple[KeptVectors, KeptTexts, KeptTexts] | None = None
        if kept is not None:
            self._kept = kept, KeptTexts(sentences, kept), KeptTexts(pictures, kept)
            _, sentences, pictures = self._kept
            self._watched = RuleTexts(sentences, pictures)
        self._sentence_bank, self._picture_bank = QueryBank(sentences), QueryBank(pictures)

    def scores(self) -> ScoreOptions:
        """Words are measured against the generic queries of searches, examples by what is known of their encoder."""
        measured = {space: _UNRELATED[name] for space, name in self._names.items() if name in _UNRELATED}
        return ScoreOptions({"meaning": self._sentence_bank.vectors(), "scene": self._picture_bank.vectors()}, measured)

    def vectors_of_all(self, conditions: Sequence[Condition]) -> Iterator[Mapping[Graded, Vector]]:
        """Of each what `vectors` gives, for rules that are watched for: it is kept. Many at once take less time."""
        return self._watched.of_all(conditions)

    def vectors(self, condition: Condition) -> Mapping[Graded, Vector]:
        """Of what is given in words."""
        return self._tried.of(condition)

    @property
    def encoded(self) -> int:
        """How many texts of rules and generic queries were not kept, and had to be encoded."""
        return 0 if self._kept is None else sum(encoder.encoded for encoder in self._kept[1:])

    def keep_only(self, conditions: Iterable[Condition]) -> None:
        """Beside the generic queries nothing stays kept that none of these gives in words."""
        if self._kept is None:
            return
        kept, *encoders = self._kept
        conditions, wanted = list(conditions), dict[str, set[str]]()
        meanings, scenes = map(set, texts_in(conditions))
        # In memory too: what is not encoded again is not kept again.
        self._watched.keep_only(meanings, scenes)
        if not conditions:  # who the encoders are is not asked then, which would take one at work
            kept.keep_only({}, of_any_encoder=bank_queries())
            return
        for encoder, texts in zip(encoders, (meanings, scenes), strict=True):
            wanted.setdefault(encoder.identity, set()).update(texts, bank_queries())
        kept.keep_only(wanted)

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
