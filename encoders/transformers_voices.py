"""Moods in voices by an audio model of the user's choice: a classifier of named emotions, or a regressor of arousal and
valence (Wagner et al., "Dawn of the Transformer Era in Speech Emotion Recognition", 2023), told apart by its labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from domain.events import MoodCue
from domain.ports import PCM_RATE_HZ, EncoderInfo, Pcm
from encoders.emotion_names import mood_cue, require_known
from encoders.options import EncoderOptions
from encoders.prosody import PROSODY, measure
from encoders.transformers_loading import complete, labels_of, load_transformers, transformers_info

_ROLE = "voice_moods"
_DIMENSIONS = ("valence", "arousal")


class TransformersVoiceMoods:
    """Thread-safe. One utterance at a time: many of these models hear the padding of a batch."""

    def __init__(self, name: str, options: EncoderOptions) -> None:
        self._info = transformers_info(_ROLE, name, options)
        self._extract, self._model = load_transformers(_ROLE, name, options, PROSODY, partial(_load, name))
        self._labels = labels_of(self._model)
        self._measures = _measures_dimensions(self._labels)
        if not self._measures:
            require_known(_ROLE, name, self._labels)

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def listen(self, utterances: Sequence[Pcm]) -> list[tuple[MoodCue, ...]]:
        """One cue for each utterance with at least 0.3 s of voiced sound."""
        return [self._cue(pcm) if measure(pcm) else () for pcm in utterances]

    def _cue(self, pcm: Pcm) -> tuple[MoodCue, ...]:
        import torch

        with torch.inference_mode():
            inputs = self._extract(pcm, sampling_rate=PCM_RATE_HZ, return_tensors="pt").to(self._model.device)
            [logits] = self._model(**inputs).logits
            if not self._measures:
                return mood_cue("voice", self._labels, logits.softmax(dim=-1).tolist())
            # Trained on ratings from 0 to 1.
            found = dict(
                zip((label.lower() for label in self._labels), (logits * 2 - 1).clamp(-1, 1).tolist(), strict=True)
            )
            return (MoodCue("voice", "tone of voice", *(found[dimension] for dimension in _DIMENSIONS)),)


def _measures_dimensions(labels: Sequence[str]) -> bool:
    return set(_DIMENSIONS) <= {label.lower() for label in labels}


def _load(name: str, source: str, *, dtype: Any, **settings: Any) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoFeatureExtractor, AutoModelForAudioClassification

    from encoders.mood_regressor import MoodRegressor

    labels = AutoConfig.from_pretrained(source, **settings).id2label.values()
    kind: Any = MoodRegressor if _measures_dimensions(list(labels)) else AutoModelForAudioClassification
    loaded = kind.from_pretrained(source, dtype=dtype, output_loading_info=True, **settings)
    extract = AutoFeatureExtractor.from_pretrained(source, **settings)  # type: ignore[no-untyped-call]
    return extract, complete(_ROLE, name, loaded)
