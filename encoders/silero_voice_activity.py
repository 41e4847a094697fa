"""Voice activity by silero-vad's packaged 16 kHz network, run over many windows at once.

The package's own way is one call per 32 ms window. Only the LSTM needs the windows in order; the convolutions before it
do not, so that a block of windows goes through them as one batch: about a tenth of the time for the same numbers (to
1e-6). The layers follow silero_vad/tinygrad_model.py of the package; the weights are those of its silero_vad.jit (the
.safetensors beside it are an older network's).
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from domain.errors import ConfigError
from domain.ports import EncoderInfo, Pcm
from encoders.weights import packaged_file, packaged_origin

if TYPE_CHECKING:
    import torch

WINDOW_SAMPLES = 512
PACKAGE = "silero-vad"
SHA256 = "e1122837f4154c511485fe0b9c64455f7b929c96fbb8d79fbdb336383ebd3720"

_CONTEXT_SAMPLES = 64  # of the window before, put in front of each
_FFT_SAMPLES = 256
_HOP_SAMPLES = 128
_BINS = _FFT_SAMPLES // 2 + 1
_STRIDES = (1, 2, 2, 1)
_HIDDEN = 128
_BLOCK_WINDOWS = 1024  # 33 s at a time bounds the memory of a long push


class SileroVoiceActivity:
    """One stream's state on weights shared by all streams. CPU: a window is too little work for any other device."""

    window_samples = WINDOW_SAMPLES

    def __init__(self) -> None:
        self._network = _load_network()
        self.reset()

    def reset(self) -> None:
        self._state = self._network.start()

    def push(self, window: Pcm) -> float:
        """Raises ValueError when `window` is not exactly `window_samples` long."""
        if window.shape != (WINDOW_SAMPLES,):
            raise ValueError(f"a window is {WINDOW_SAMPLES} samples, not an array of shape {window.shape}")
        return float(self.push_many(window)[0])

    def push_many(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        """The same as `push` for each window of `pcm`, in order: (windows,). An empty array gives (0,).

        Raises ValueError when `pcm` is not a whole number of windows.
        """
        if pcm.ndim != 1 or pcm.size % WINDOW_SAMPLES:
            raise ValueError(f"push whole windows of {WINDOW_SAMPLES} samples, not an array of shape {pcm.shape}")
        windows = np.ascontiguousarray(pcm, dtype=np.float32).reshape(-1, WINDOW_SAMPLES)
        found = [np.zeros(0, np.float32)]
        for first in range(0, len(windows), _BLOCK_WINDOWS):
            probabilities, self._state = self._network.run(windows[first : first + _BLOCK_WINDOWS], self._state)
            found.append(probabilities)
        return np.concatenate(found)


def voice_activity_info() -> EncoderInfo:
    return EncoderInfo(
        role="voice activity",
        name=PACKAGE,
        origin=packaged_origin(PACKAGE),
        licence="MIT",
        vector_size=0,
        device="cpu",
    )


class _Network:
    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        import torch

        self._fourier = weights["stft.forward_basis_buffer"]
        self._convolutions = [
            (weights[f"encoder.{i}.reparam_conv.weight"], weights[f"encoder.{i}.reparam_conv.bias"], stride)
            for i, stride in enumerate(_STRIDES)
        ]
        self._lstm = torch.nn.LSTM(_HIDDEN, _HIDDEN, batch_first=True).requires_grad_(False)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        self._lstm.load_state_dict({f"{name}_l0": weights[f"decoder.rnn.{name}"] for name in names})
        self._out_weight = weights["decoder.decoder.2.weight"]
        self._out_bias = weights["decoder.decoder.2.bias"]

    def start(self) -> _State:
        import torch

        zeros = torch.zeros(1, 1, _HIDDEN)
        return torch.zeros(1, _CONTEXT_SAMPLES), (zeros, zeros)

    def run(self, windows: npt.NDArray[np.float32], state: _State) -> tuple[npt.NDArray[np.float32], _State]:
        import torch
        from torch.nn import functional

        context, memory = state
        with torch.inference_mode():
            samples = torch.tensor(windows)
            contexts = torch.cat([context, samples[:-1, -_CONTEXT_SAMPLES:]])
            signal = functional.pad(torch.cat([contexts, samples], dim=1), (0, _CONTEXT_SAMPLES), mode="reflect")
            spectrum = functional.conv1d(signal[:, None], self._fourier, stride=_HOP_SAMPLES)
            x = torch.hypot(spectrum[:, :_BINS], spectrum[:, _BINS:])
            for weight, bias, stride in self._convolutions:
                x = functional.relu(functional.conv1d(x, weight, bias, stride=stride, padding=1))
            hidden, memory = self._lstm(x.squeeze(-1)[None], memory)
            x = functional.conv1d(functional.relu(hidden[0])[:, :, None], self._out_weight, self._out_bias)
            return x.sigmoid().flatten().numpy(), (samples[-1:, -_CONTEXT_SAMPLES:].clone(), memory)


if TYPE_CHECKING:
    _State = tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]


@lru_cache(maxsize=1)
def _load_network() -> _Network:
    import torch

    # Found, not imported: importing silero_vad sets torch to one thread for the whole process.
    spec = find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ConfigError(f"package {PACKAGE} is not installed; run: pip install {PACKAGE}")
    path = packaged_file(PACKAGE, Path(spec.origin).parent / "data" / "silero_vad.jit", SHA256)
    with warnings.catch_warnings():
        # torch 2.13 deprecates TorchScript files; this one is read for its weights alone.
        warnings.simplefilter("ignore", DeprecationWarning)
        model = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    network = "_model."  # the 16 kHz one; the 8 kHz one is _model_8k
    return _Network(
        {k.removeprefix(network): v.clone() for k, v in model.state_dict().items() if k.startswith(network)}
    )
