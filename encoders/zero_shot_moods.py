"""What in a picture speaks of a mood: zero-shot (Radford et al. 2021, section 3.1), by a few descriptions whose mood is
known, in a space that pictures and sentences share.

A description counts when the picture is clearly nearer to it than to plain descriptions that speak of no mood
(domain/calibration.py), so that a picture with nothing of the kind gives no cue. How often that is right with real
weights of open_clip has not been measured: none can be had by package. What the
descriptions mean is a choice, after the ratings of Lang et al., "International affective picture system" (2008).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from domain.calibration import calibrate
from domain.events import MoodCue
from domain.ports import Matrix, PictureEncoder
from encoders.concept_pictures import CONCEPT

# (valence, arousal), -1 to 1.
DESCRIPTIONS: Mapping[str, tuple[float, float]] = {
    "people laughing": (0.8, 0.5),
    "a smiling face": (0.7, 0.2),
    "people celebrating and cheering": (0.8, 0.8),
    "people hugging": (0.7, 0.2),
    "an angry face": (-0.6, 0.6),
    "people fighting": (-0.7, 0.9),
    "a person crying": (-0.7, 0.1),
    "a frightened face": (-0.7, 0.7),
    "a fire or an explosion": (-0.6, 0.8),
    "the scene of an accident": (-0.8, 0.6),
    "a calm landscape": (0.6, -0.6),
    "a sleeping person": (0.3, -0.8),
}
PLAIN = (
    "a person", "a face", "a group of people", "a man talking", "a woman talking", "a room", "an office", "a street",
    "a building", "a car", "a road", "a tree", "an animal", "food on a table", "a screen with text", "a chart",
    "a map", "a desk with a computer", "a stage", "a shop", "a tool", "a dark picture", "a blurred picture",
)  # fmt: skip

_CLEAR = 0.8  # the calibrated score at which 99 of 100 unrelated pairs are far below (domain/calibration.py)


class ZeroShotPictureMoods:
    """Thread-safe."""

    def __init__(self, pictures: PictureEncoder) -> None:
        # The stand-in knows objects: what it takes for a smile is chance.
        self._knows_moods = pictures.info.name != CONCEPT
        self._descriptions = pictures.encode_texts(list(DESCRIPTIONS))
        self._plain = pictures.encode_texts(PLAIN)

    def look(self, vectors: Matrix) -> list[tuple[MoodCue, ...]]:
        """For each picture at most one cue, of the description that fits best."""
        if not self._knows_moods:
            return [()] * len(vectors)
        bank = vectors @ self._plain.T
        scores = np.stack([calibrate(column, bank) for column in (vectors @ self._descriptions.T).T], axis=1)
        return [_cue(row) for row in scores]


def _cue(scores: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[MoodCue, ...]:
    best = int(scores.argmax())
    if scores[best] < _CLEAR:
        return ()
    what = list(DESCRIPTIONS)[best]
    return (MoodCue("picture", what, *DESCRIPTIONS[what]),)
