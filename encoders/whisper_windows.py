"""Utterances as Whisper's input, encoded once for everything that needs the encoding.

openai-whisper's decode and find_alignment both begin by encoding. `OnceEncoder` takes the place of `model.encoder`,
whose weights it shares, and lets what is already encoded through, so that the two share one encoding. It also takes
windows shorter than the 30 s that Whisper was trained on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from domain.ports import PCM_RATE_HZ, Pcm

WINDOW_S = 30.0
FRAMES_PER_S = 100
HOP_SAMPLES = PCM_RATE_HZ // FRAMES_PER_S

LEAD_S = 0.5  # silence put before an utterance; whisper_speech.py's docstring says why
_TAIL_S = 3.0  # silence after it, at least, in a shortened window: with less, decoding does not stop
_STEP_S = 5.0  # windows come in few lengths, so that several utterances share one


class OnceEncoder(nn.Module):
    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self._encoder = encoder
        self._mels = int(encoder.conv1.in_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, mels, frames), frames even and at most 3000, gives (n, frames / 2, state); the latter stays as it is."""
        if x.shape[-2] != self._mels:
            return x
        encoder = self._encoder
        x = functional.gelu(encoder.conv1(x))
        x = functional.gelu(encoder.conv2(x)).transpose(1, 2)
        x = (x + encoder.positional_embedding[: x.shape[1]]).to(x.dtype)
        for block in encoder.blocks:
            x = block(x)
        features: Tensor = encoder.ln_post(x)
        return features


def halve(model: nn.Module) -> None:
    """fp16 weights where Whisper computes in its input's type; its layer norms compute, and stay, in fp32."""
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Embedding):
            module.to(torch.float16)


def lead_s(utterance: Pcm) -> float:
    """Silence that fits before the utterance."""
    return max(0.0, min(LEAD_S, WINDOW_S - utterance.size / PCM_RATE_HZ))


def window_s(utterance: Pcm, shortest_s: float) -> float:
    needed_s = LEAD_S + utterance.size / PCM_RATE_HZ + _TAIL_S
    return float(min(WINDOW_S, max(shortest_s, np.ceil(needed_s / _STEP_S) * _STEP_S)))


def log_mel(utterance: Pcm, length_s: float, mels: int) -> Tensor:
    """(mels, length_s * FRAMES_PER_S) of the utterance between silence."""
    import whisper

    before = round(lead_s(utterance) * PCM_RATE_HZ)
    window = torch.zeros(round(length_s * PCM_RATE_HZ))
    window[before : before + utterance.size] = torch.from_numpy(np.ascontiguousarray(utterance, dtype=np.float32))
    spectrogram: Tensor = whisper.log_mel_spectrogram(window, mels)
    return spectrogram
