"""What the labels of emotion classifiers mean: valence and arousal, -1 to 1.

Rounded from the ratings of Russell and Mehrabian, "Evidence for a three-factor theory of emotions" (1977). A label
that names pleasantness alone has no arousal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.errors import ConfigError
from domain.events import CueKind, MoodCue

_MEANINGS: Mapping[tuple[str, ...], tuple[float, float | None]] = {
    ("positive", "pos"): (0.7, None),
    ("negative", "neg"): (-0.7, None),
    ("1 star",): (-1.0, None),
    ("2 stars",): (-0.5, None),
    ("3 stars",): (0.0, None),
    ("4 stars",): (0.5, None),
    ("5 stars",): (1.0, None),
    ("neutral", "neu"): (0.0, 0.0),
    ("joy", "happiness", "happy", "hap"): (0.8, 0.5),
    ("excitement", "excited"): (0.6, 0.8),
    ("love",): (0.9, 0.5),
    ("calm", "relaxed", "relief"): (0.7, -0.5),
    ("surprise", "surprised"): (0.4, 0.7),
    ("anger", "angry", "ang"): (-0.5, 0.6),
    ("frustration", "frustrated", "annoyance"): (-0.6, 0.5),
    ("disgust", "disgusted"): (-0.6, 0.4),
    ("fear", "fearful"): (-0.6, 0.6),
    ("sadness", "sad"): (-0.6, -0.3),
    ("boredom", "bored"): (-0.7, -0.6),
}
MEANING = {name: meaning for names, meaning in _MEANINGS.items() for name in names}

_LEAST_KNOWN = 0.5  # of the probability; below it the model speaks mostly of what has no place here


def require_known(role: str, model: str, labels: Sequence[str]) -> None:
    """Raises ConfigError unless two of a model's labels have a meaning here, so that it can tell moods apart."""
    if sum(label.lower() in MEANING for label in labels) < 2:
        raise ConfigError(
            f"{role}: {model} has the labels {', '.join(labels)[:200]}; a model of moods has "
            f"some of {', '.join(MEANING)}"
        )


def mood_cue(kind: CueKind, labels: Sequence[str], probabilities: Sequence[float]) -> tuple[MoodCue, ...]:
    """What a classifier says as one cue: the mean of its labels' meanings, so that a doubtful answer is a faint one.

    `what` is the most probable label. None where that label has no meaning here.
    """
    known = [
        (p, MEANING[label.lower()]) for label, p in zip(labels, probabilities, strict=True) if label.lower() in MEANING
    ]
    total = sum(p for p, _ in known)
    top = labels[max(range(len(labels)), key=probabilities.__getitem__)].lower()
    if top not in MEANING or total < _LEAST_KNOWN * sum(probabilities):
        return ()
    arousals = [arousal for _, (_, arousal) in known if arousal is not None]
    arousal = sum(p * (a or 0.0) for p, (_, a) in known) / total if len(arousals) == len(known) else None
    return (MoodCue(kind, top, sum(p * valence for p, (valence, _) in known) / total, arousal),)
