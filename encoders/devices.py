"""Which device a model runs on and in which precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import ConfigError
from encoders.options import EncoderOptions

if TYPE_CHECKING:
    import torch


def prepare_device(options: EncoderOptions) -> torch.device:
    """The device asked for, or the best there is. Raises ConfigError when the one asked for is not on this machine."""
    import torch

    return torch.device(best_device() if options.device is None else _checked(options.device))


def best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def uses_half_precision(device: torch.device) -> bool:
    """fp16 on CUDA only: half types are emulated, hence slower, on most CPUs, and MPS lacks some of the kernels."""
    return device.type == "cuda"


def _checked(name: str) -> str:
    import torch

    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # torch raises RuntimeError, AssertionError or its own types, by back end
        reason = (str(error).splitlines() or ["no reason given"])[0][:160]
        raise ConfigError(
            f"device {name!r} can't be used ({reason}); name one of cuda, cuda:N, mps, cpu, or none to choose the best"
        ) from error
    return name
