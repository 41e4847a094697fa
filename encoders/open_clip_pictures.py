"""Pictures and sentences in one space by CLIP (Radford et al. 2021), as open_clip builds, loads and feeds it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from domain.errors import ConfigError
from domain.ports import EncoderInfo, Image, Matrix
from encoders.devices import prepare_device, uses_half_precision
from encoders.open_clip_names import OpenClipChoice
from encoders.options import EncoderOptions
from encoders.vectors import no_rows, unit_rows
from encoders.weights import WeightsUnavailable, require_answer

if TYPE_CHECKING:
    import torch

_BATCH_SIZE = 32
_PREPARERS = 4  # GPUs outrun one thread's decoding and resizing many times (open_clip issue 744)


class OpenClipPictureEncoder:
    """Raises WeightsUnavailable when the weights, or the tokenizer, can't be had now; ConfigError for a bad file."""

    def __init__(self, choice: OpenClipChoice, options: EncoderOptions) -> None:
        import open_clip

        self._device = prepare_device(options)
        path = find_weights(choice, options) or _download(choice, options)
        model, self._prepare = _build(choice, path, options, self._device)
        self._model = model.eval().requires_grad_(False)
        try:
            self._tokenizer = open_clip.get_tokenizer(choice.model, cache_dir=str(cache_folder(options)))
        except Exception as error:  # the hub's, transformers' and sentencepiece's own
            raise WeightsUnavailable(f"the tokenizer of {choice.model}: {str(error)[:200]}") from error
        self._dtype = open_clip.get_input_dtype(_precision(self._device))
        self._preparers = ThreadPoolExecutor(min(_PREPARERS, os.cpu_count() or 1), thread_name_prefix="prepare")
        self._info = open_clip_info(choice, str(path), options)

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        import torch

        rows = [no_rows(self._info.vector_size)]
        for first in range(0, len(images), _BATCH_SIZE):
            prepared = list(self._preparers.map(self._tensor, images[first : first + _BATCH_SIZE]))
            with torch.inference_mode():
                batch = torch.stack(prepared).to(self._device, self._dtype)
                rows.append(unit_rows(self._model.encode_image(batch).float().cpu().numpy()))
        return np.concatenate(rows)

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        import torch

        rows = [no_rows(self._info.vector_size)]
        for first in range(0, len(texts), _BATCH_SIZE):
            with torch.inference_mode():
                tokens = self._tokenizer(list(texts[first : first + _BATCH_SIZE])).to(self._device)
                rows.append(unit_rows(self._model.encode_text(tokens).float().cpu().numpy()))
        return np.concatenate(rows)

    def _tensor(self, image: Image) -> torch.Tensor:
        from PIL import Image as Pillow

        prepared: torch.Tensor = self._prepare(Pillow.fromarray(image))
        return prepared


def open_clip_info(choice: OpenClipChoice, origin: str, options: EncoderOptions) -> EncoderInfo:
    """Without loading anything."""
    import open_clip

    return EncoderInfo(
        role="pictures",
        name=choice.name,
        origin=origin,
        licence="see the model's card" + (f" at {choice.hub_repository}" if choice.hub_repository else ""),
        vector_size=int(open_clip.get_model_config(choice.model)["embed_dim"]),
        device=str(prepare_device(options)),
    )


def cache_folder(options: EncoderOptions) -> Path:
    return options.cache_dir / "open_clip"


def find_weights(choice: OpenClipChoice, options: EncoderOptions) -> Path | None:
    """The weights file if it is on this machine: the user's own, or one downloaded before."""
    if choice.file is not None:
        return choice.file
    from huggingface_hub import try_to_load_from_cache

    if choice.hub_repository is not None:
        for file in _hub_files(choice):
            found = try_to_load_from_cache(choice.hub_repository, file, cache_dir=str(cache_folder(options)))
            if isinstance(found, str):
                return Path(found)
        return None
    plain = cache_folder(options) / Path(str(choice.released.get("url"))).name
    return plain if plain.is_file() else None


def _hub_files(choice: OpenClipChoice) -> tuple[str, ...]:
    """In the order open_clip looks for them."""
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

    if choice.hub_file is None:
        return (HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)
    return (str(Path(choice.hub_file).with_suffix(".safetensors")), choice.hub_file)


def require_download(choice: OpenClipChoice, options: EncoderOptions) -> None:
    """Raises WeightsUnavailable unless downloads are allowed and the hub answers for the weights."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.constants import is_offline_mode

    if not options.allow_download:
        raise WeightsUnavailable(f"{choice.name} is not in {cache_folder(options)}, and downloads are off")
    if choice.hub_repository is not None:
        if is_offline_mode():
            raise WeightsUnavailable(f"{choice.name} is not in {cache_folder(options)}, and HF_HUB_OFFLINE is set")
        require_answer(hf_hub_url(choice.hub_repository, "README.md"))
    else:
        require_answer(str(choice.released.get("url")))


def _download(choice: OpenClipChoice, options: EncoderOptions) -> Path:
    from open_clip.pretrained import download_pretrained

    require_download(choice, options)
    try:
        return Path(download_pretrained(dict(choice.released), cache_dir=str(cache_folder(options))))
    except Exception as error:  # the hub's, urllib's, and RuntimeError for a checksum
        raise WeightsUnavailable(f"{choice.name} can't be downloaded: {str(error)[:200]}") from error


def _precision(device: torch.device) -> str:
    return "fp16" if uses_half_precision(device) else "fp32"


def _build(choice: OpenClipChoice, path: Path, options: EncoderOptions, device: torch.device) -> tuple[Any, Any]:
    import open_clip

    # A path instead of the tag, so that open_clip asks no hub; what else the tag says goes along.
    tags = open_clip.list_pretrained_tags_by_model(choice.model)
    pixels = choice.released or (open_clip.pretrained.get_pretrained_cfg(choice.model, tags[0]) if tags else {})
    try:
        model, _, prepare = open_clip.create_model_and_transforms(
            choice.model,
            pretrained=str(path),
            precision=_precision(device),
            device=device,
            force_quick_gelu=bool(choice.released.get("quick_gelu", False)),
            pretrained_text=False,
            image_mean=pixels.get("mean"),
            image_std=pixels.get("std"),
            image_interpolation=pixels.get("interpolation"),
            image_resize_mode=pixels.get("resize_mode"),
            cache_dir=str(cache_folder(options)),
        )
    except OSError as error:  # a text tower's configuration that only the hub has
        if choice.file is not None and error.filename is not None and Path(error.filename) == path:
            raise ConfigError(f"pictures: {path} can't be read: {error.strerror}") from error
        raise WeightsUnavailable(f"{choice.model} needs files of the hub: {str(error)[:200]}") from error
    except Exception as error:  # pickle's, zip's, safetensors', RuntimeError for other shapes, by what is wrong
        raise ConfigError(
            f"pictures: {path} does not hold weights of {choice.model}, or is damaged: {str(error)[:200]}"
        ) from error
    return model, prepare
