"""`nowseen evaluate mood`: how far the moods judged agree with those that people gave, on any labelled recordings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.errors import BadEvent, ConfigError
from domain.evaluation import agreement, cohens_kappa, concordance
from domain.mood import Mood, judge, learn
from domain.ports import PCM_RATE_HZ, SpeechEncoder, VoiceMoods, WordMoods
from domain.speakers import Trait
from nowseen.mood_labels import MoodTruth, mood_truths
from nowseen.sound_files import read_sound

_LONGEST_S = 30.0  # what a speech encoder takes at once


@dataclass(frozen=True, slots=True)
class LabelsEvaluated:
    agreement: float  # share of equal labels; "unknown" is never equal
    kappa: float
    judged: int  # recordings whose mood was not "unknown"
    agreement_where_judged: float
    confusion: Mapping[str, Mapping[str, int]]  # true label -> judged label -> recordings


@dataclass(frozen=True, slots=True)
class MoodEvaluated:
    encoders: tuple[str, ...]
    recordings: int
    speakers: int  # 0: nobody is named, so voices have no usual sound to be compared with
    labels: LabelsEvaluated | None
    valence_concordance: float | None  # Lin's coefficient; an unknown mood counts as 0
    arousal_concordance: float | None
    skipped: tuple[str, ...]


def evaluate_mood(path: Path, speech: SpeechEncoder, word_moods: WordMoods, voice_moods: VoiceMoods) -> MoodEvaluated:
    """Heard in one fixed random order, so that each speaker's usual sound is learnt from all moods alike.

    Raises ConfigError for a file or folder that is not as `mood_truths` wants it, or of which nothing can be read.
    """
    truths = mood_truths(path)
    heard: list[tuple[MoodTruth, Mood]] = []
    skipped: list[str] = []
    usual: defaultdict[str, dict[str, Trait]] = defaultdict(dict)
    for i in np.random.default_rng(0).permutation(len(truths)):
        truth = truths[i]
        try:
            sound = read_sound(truth.path)[: round(_LONGEST_S * PCM_RATE_HZ)]
        except BadEvent as bad:
            skipped.append(str(bad))
            continue
        [said] = speech.transcribe([sound])
        cues = (*word_moods.read([said.text], [said.language])[0], *voice_moods.listen([sound])[0])
        heard.append((truth, judge(cues, usual[truth.speaker] if truth.speaker else {}, said.text)))
        if truth.speaker:
            usual[truth.speaker] = learn(usual[truth.speaker], cues)
    if not heard:
        raise ConfigError([f"nothing of {path} can be read as sound", *skipped])
    return MoodEvaluated(
        encoders=(speech.info.name, word_moods.info.name, voice_moods.info.name),
        recordings=len(heard),
        speakers=len(usual),
        labels=_labels([(truth.label, mood.label) for truth, mood in heard if truth.label is not None]),
        valence_concordance=_concordance([(t.valence, m.valence) for t, m in heard if t.valence is not None]),
        arousal_concordance=_concordance([(t.arousal, m.arousal) for t, m in heard if t.arousal is not None]),
        skipped=tuple(skipped),
    )


def _labels(pairs: list[tuple[str, str]]) -> LabelsEvaluated | None:
    if not pairs:
        return None
    confusion: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for truth, found in pairs:
        confusion[truth][found] += 1
    judged = [pair for pair in pairs if pair[1] != "unknown"]
    return LabelsEvaluated(
        agreement=agreement(*zip(*pairs, strict=True)),
        kappa=cohens_kappa(*zip(*pairs, strict=True)),
        judged=len(judged),
        agreement_where_judged=agreement(*zip(*judged, strict=True)) if judged else 0.0,
        confusion={truth: dict(found.most_common()) for truth, found in sorted(confusion.items())},
    )


def _concordance(pairs: list[tuple[float, float]]) -> float | None:
    return concordance(*zip(*pairs, strict=True)) if pairs else None
