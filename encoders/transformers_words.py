"""Moods in words by a text classifier of the user's choice: positive and negative, or named emotions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import Any

from domain.events import MoodCue
from domain.ports import EncoderInfo
from encoders.emotion_names import mood_cue, require_known
from encoders.options import EncoderOptions
from encoders.transformers_loading import complete, labels_of, load_transformers, longest_tokens, transformers_info
from encoders.vader_words import VADER

_ROLE = "word_moods"
_BATCH_SIZE = 16


class TransformersWordMoods:
    """Thread-safe: calls wait for each other, as the tokenizers can't be shared (they raise "Already borrowed")."""

    def __init__(self, name: str, options: EncoderOptions) -> None:
        self._info = transformers_info(_ROLE, name, options)
        self._tokenizer, self._model = load_transformers(_ROLE, name, options, VADER, partial(_load, name))
        self._labels = labels_of(self._model)
        require_known(_ROLE, name, self._labels)
        self._longest_tokens = longest_tokens(self._tokenizer, self._model)
        self._lock = Lock()

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def read(self, texts: Sequence[str], languages: Sequence[str]) -> list[tuple[MoodCue, ...]]:
        """One cue for each text that is not blank. Which languages can be read only the model's card says, so the
        languages make no difference."""
        if len(texts) != len(languages):
            raise ValueError(f"there are {len(texts)} texts and {len(languages)} languages")
        cues: list[tuple[MoodCue, ...]] = [()] * len(texts)
        asked = [i for i, text in enumerate(texts) if text.strip()]
        for first in range(0, len(asked), _BATCH_SIZE):
            batch = asked[first : first + _BATCH_SIZE]
            for i, probabilities in zip(batch, self._classify([texts[i] for i in batch]), strict=True):
                cues[i] = mood_cue("words", self._labels, probabilities)
        return cues

    def _classify(self, texts: list[str]) -> list[list[float]]:
        import torch

        with self._lock, torch.inference_mode():
            inputs = self._tokenizer(
                texts, padding=True, truncation=True, max_length=self._longest_tokens, return_tensors="pt"
            )
            logits = self._model(**inputs.to(self._model.device)).logits
            several = self._model.config.problem_type == "multi_label_classification"
            probabilities: list[list[float]] = (logits.sigmoid() if several else logits.softmax(dim=-1)).tolist()
            return probabilities


def _load(name: str, source: str, *, dtype: Any, **settings: Any) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    loaded = AutoModelForSequenceClassification.from_pretrained(
        source, dtype=dtype, output_loading_info=True, **settings
    )
    return AutoTokenizer.from_pretrained(source, **settings), complete(_ROLE, name, loaded)
