"""The network of audeering's wav2vec 2.0 regressors of arousal, dominance and valence, as their model cards give it.

The library's own audio classifiers have another head, and would fill it with random numbers.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import Wav2Vec2Model, Wav2Vec2PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class _Head(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.out_proj = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = self.out_proj(self.dense(features).tanh())
        return found


class MoodRegressor(Wav2Vec2PreTrainedModel):  # type: ignore[no-untyped-call]
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.wav2vec2 = Wav2Vec2Model(config)
        self.classifier = _Head(config)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(self, input_values: Tensor, **_: Any) -> SequenceClassifierOutput:
        """(n, samples) gives logits (n, labels)."""
        features = self.wav2vec2(input_values).last_hidden_state
        return SequenceClassifierOutput(logits=self.classifier(features.mean(dim=1)))
