"""A cross-encoder by name (Nogueira and Cho, "Passage Re-ranking with BERT", 2019): query and text are read together.

By transformers alone: sentence-transformers' CrossEncoder gives the same scores (tests hold the two together) but
imports scikit-learn and pandas besides, and the search node should stay small.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from domain.errors import ConfigError
from domain.ports import EncoderInfo, Relevance
from encoders.options import EncoderOptions
from encoders.transformers_loading import complete, load_transformers, longest_tokens, transformers_info

PREFIX = "cross_encoder:"

_ROLE = "reranker"
_BATCH_SIZE = 16


def require_cross_encoder(name: str) -> None:
    if not name.startswith(PREFIX) or name == PREFIX:
        raise ConfigError(f"{_ROLE}: there is no re-ranker {name!r}; write {PREFIX} and the model's name or folder")


class CrossEncoderReranker:
    """Scores are the model's own, before any activation. What it can't read of a long pair is left out, from the longer
    of the two.

    Thread-safe: calls wait for each other, as the tokenizers can't be shared (they raise "Already borrowed").
    """

    def __init__(self, name: str, options: EncoderOptions) -> None:
        """Raises ConfigError when the model can't be had, or gives more than one score for a pair."""
        self._info = transformers_info(_ROLE, name, options)
        self._tokenizer, self._model = load_transformers(_ROLE, name, options, None, partial(_load, name))
        self._longest_tokens = longest_tokens(self._tokenizer, self._model)
        self._lock = Lock()

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def rerank(self, query: str, texts: Sequence[str]) -> Relevance:
        """Raises ValueError when the model gives what is no number."""
        scores = np.zeros(len(texts), np.float64)
        # Alike lengths together: a batch is as long as its longest.
        by_length = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for first in range(0, len(texts), _BATCH_SIZE):
            batch = by_length[first : first + _BATCH_SIZE]
            scores[batch] = self._read(query, [texts[at] for at in batch])
        if not np.isfinite(scores).all():
            raise ValueError("the re-ranker gave a score that is no number; its weights are damaged")
        return scores

    def _read(self, query: str, texts: list[str]) -> list[float]:
        import torch

        with self._lock, torch.inference_mode():
            inputs = self._tokenizer(
                [query] * len(texts), texts, padding=True, truncation=True, max_length=self._longest_tokens,
                return_tensors="pt",
            )  # fmt: skip
            logits: list[float] = self._model(**inputs.to(self._model.device)).logits[:, 0].tolist()
            return logits


def _load(name: str, source: str, *, dtype: Any, **settings: Any) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    loaded = AutoModelForSequenceClassification.from_pretrained(
        source, dtype=dtype, output_loading_info=True, **settings
    )
    model = complete(_ROLE, name, loaded)
    if model.config.num_labels != 1:
        raise ConfigError(
            f"{_ROLE}: {name} gives {model.config.num_labels} scores for a pair; a model that re-ranks gives one"
        )
    return AutoTokenizer.from_pretrained(source, **settings), model
