"""The words of a sentence that speak of a mood, by VADER (Hutto and Gilbert 2014): a lexicon rated by people, and rules
for negation, degree words, capitals and "but".

It knows English and nothing of irony. Its lexicon rates pleasantness alone, so no cue has an arousal.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from string import punctuation

from vader import SentimentIntensityAnalyzer, negated

from domain.events import MoodCue
from domain.ports import EncoderInfo
from encoders.weights import packaged_origin

VADER = "vader"
_PACKAGE = "nltk-vader-sentiment"
_LANGUAGE = "en"
_STRONGEST = 4.0  # the lexicon was rated from -4 to 4
_REACH_WORDS = 3  # how far before a word VADER looks for what changes it


class VaderWordMoods:
    """Thread-safe."""

    def __init__(self) -> None:
        # Emoji and idioms would come between the words and their places.
        self._analyzer = _WordByWord(emoji={}, idioms={})
        self._phrases = [phrase.split() for phrase in chain(self._analyzer.multiword, self._analyzer.special_cases)]

    @property
    def info(self) -> EncoderInfo:
        return vader_info()

    def read(self, texts: Sequence[str], languages: Sequence[str]) -> list[tuple[MoodCue, ...]]:
        """A cue's `what` is the word as it was said, with the negation or degree word that changed it before it."""
        return [
            self._cues(text) if language.lower().split("-")[0] == _LANGUAGE else ()
            for text, language in zip(texts, languages, strict=True)
        ]

    def _cues(self, text: str) -> tuple[MoodCue, ...]:
        words = [word.strip(punctuation) or word for word in text.replace("’", "'").split()]
        return tuple(
            MoodCue("words", self._said(words, i), valence=max(-1.0, min(1.0, valence / _STRONGEST)))
            for i, valence in enumerate(self._analyzer.word_valences(text))
            if valence
        )

    def _said(self, words: list[str], at: int) -> str:
        lowered = [word.lower() for word in words]
        first, last = at, at + 1
        for phrase in self._phrases:
            for start in range(max(0, at - len(phrase) + 1), at + 1):
                if lowered[start : start + len(phrase)] == phrase:
                    first, last = min(first, start), max(last, start + len(phrase))
        for i in range(max(0, at - _REACH_WORDS), first):
            if negated([lowered[i]]) or lowered[i] == "no" or lowered[i] in self._analyzer.booster:
                first = i
                break
        return " ".join(words[first:last])


class _WordByWord(SentimentIntensityAnalyzer):
    """The library adds up what each word says; this keeps the terms of the sum. Its release is pinned for that."""

    def word_valences(self, text: str) -> list[float]:
        return list(self.polarity_scores(text).values())

    def _score_valence(self, sentiments: list[float], text: str) -> dict[str, float]:
        return {str(i): valence for i, valence in enumerate(sentiments)}


def vader_info() -> EncoderInfo:
    return EncoderInfo(
        role="word moods",
        name=VADER,
        origin=packaged_origin(_PACKAGE),
        licence="Apache-2.0 (the lexicon: MIT)",
        vector_size=0,
        device="cpu",
        warning="Reads English only; irony escapes it.",
    )
