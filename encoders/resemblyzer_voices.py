"""Who speaks, as a vector: GE2E d-vectors (Wan et al., "Generalized End-to-End Loss for Speaker Verification", 2018).

The network and its weights are those of the package Resemblyzer; its code is not imported, which would bring librosa,
numba and a voice detector that needs a compiler. What is computed here equals it (tests/encoders/test_voices.py).

The network hears powers, not their logarithms, and was trained on recordings raised to -30 dBFS where they were
quieter; the same is done here, to each window. Louder windows are left as they are, as they were in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import ConfigError
from domain.ports import PCM_RATE_HZ, EncoderInfo, Matrix, Pcm
from encoders.devices import prepare_device
from encoders.options import EncoderOptions
from encoders.vectors import no_rows, unit_rows
from encoders.weights import packaged_file

RESEMBLYZER = "resemblyzer"
VECTOR_SIZE = 256
WINDOW_SAMPLES = PCM_RATE_HZ * 16 // 10
PACKAGE = "Resemblyzer==0.1.4"
# Without its dependencies: they include a source distribution that must be compiled, and none is used here.
INSTALL = f"pip install --no-deps {PACKAGE}"

_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_FFT_SAMPLES = 400
_HOP_SAMPLES = 160
_FRAMES = WINDOW_SAMPLES // _HOP_SAMPLES
_MELS = 40
_LAYERS = 3
_LOUD_ENOUGH = 10 ** (-30 / 20)  # root mean square at -30 dBFS
_BLOCK_WINDOWS = 128  # bounds the memory of a call


class ResemblyzerVoiceEncoder:
    """Thread-safe: nothing is kept between calls."""

    window_samples = WINDOW_SAMPLES

    def __init__(self, options: EncoderOptions) -> None:
        import torch

        self._info = resemblyzer_info(options)
        self._device = prepare_device(options)
        self._lstm = torch.nn.LSTM(_MELS, VECTOR_SIZE, _LAYERS, batch_first=True)
        self._linear = torch.nn.Linear(VECTOR_SIZE, VECTOR_SIZE)
        path = packaged_file(PACKAGE, _folder() / "pretrained.pt", _SHA256)
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        for name, layer in (("lstm.", self._lstm), ("linear.", self._linear)):
            layer.load_state_dict({k.removeprefix(name): v for k, v in state.items() if k.startswith(name)})
            layer.to(self._device).eval().requires_grad_(False)
        self._window = torch.hann_window(_FFT_SAMPLES, device=self._device)
        self._filters = torch.from_numpy(mel_filters()).to(self._device)

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def encode_voices(self, windows: Sequence[Pcm]) -> Matrix:
        """Raises ValueError for a window that is empty, longer than `window_samples` or not one channel."""
        filled = [_filled(window) for window in windows]
        blocks = (filled[first : first + _BLOCK_WINDOWS] for first in range(0, len(filled), _BLOCK_WINDOWS))
        return np.concatenate([no_rows(VECTOR_SIZE), *(self._encode(np.stack(block)) for block in blocks)])

    def _encode(self, windows: npt.NDArray[np.float32]) -> Matrix:
        import torch

        with torch.inference_mode():
            samples = torch.from_numpy(windows).to(self._device)
            spectra = torch.stft(
                samples, _FFT_SAMPLES, _HOP_SAMPLES, window=self._window, pad_mode="constant", return_complex=True
            )
            mels = (self._filters @ spectra.abs().square())[:, :, :_FRAMES].transpose(1, 2)
            _, (hidden, _) = self._lstm(mels.contiguous())
            return unit_rows(self._linear(hidden[-1]).relu().cpu().numpy())


def resemblyzer_info(options: EncoderOptions) -> EncoderInfo:
    """Raises ConfigError when the package is not installed."""
    _folder()
    return EncoderInfo(
        role="voices",
        name=RESEMBLYZER,
        origin=f"package {PACKAGE.replace('==', ' ')}",
        licence="Apache-2.0",
        vector_size=VECTOR_SIZE,
        device=str(prepare_device(options)),
    )


def mel_filters() -> npt.NDArray[np.float32]:
    """(40, 201): Slaney's mel scale (Auditory Toolbox, 1998), linear to 1 kHz and logarithmic above, unit area."""
    linear_hz, log_from_hz = 200 / 3, 1000.0
    log_from, log_step = log_from_hz / linear_hz, np.log(6.4) / 27
    top = log_from + np.log(PCM_RATE_HZ / 2 / log_from_hz) / log_step
    mels = np.linspace(0, top, _MELS + 2)
    edges_hz = np.where(mels < log_from, mels * linear_hz, log_from_hz * np.exp(log_step * (mels - log_from)))
    bins_hz = np.linspace(0, PCM_RATE_HZ / 2, _FFT_SAMPLES // 2 + 1)
    widths_hz = np.diff(edges_hz)[:, None]
    above_hz = bins_hz - edges_hz[:, None]
    rising, falling = above_hz[:-2] / widths_hz[:-1], -above_hz[2:] / widths_hz[1:]
    area = 2 / (edges_hz[2:] - edges_hz[:-2])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * area[:, None], dtype=np.float32)


def _filled(window: Pcm) -> Pcm:
    if window.ndim != 1 or not 0 < window.size <= WINDOW_SAMPLES:
        raise ValueError(f"a window is (samples,), 1 to {WINDOW_SAMPLES} of them, not {window.shape}")
    loudness = np.sqrt(np.mean(np.square(window, dtype=np.float64)))
    gain = _LOUD_ENOUGH / loudness if 0 < loudness < _LOUD_ENOUGH else 1.0
    return np.resize(np.asarray(window * gain, dtype=np.float32), WINDOW_SAMPLES)


def _folder() -> Path:
    spec = find_spec(RESEMBLYZER)
    if spec is None or spec.origin is None:
        raise ConfigError(f"voices: package {PACKAGE} is not installed; run: {INSTALL}")
    return Path(spec.origin).parent
