"""A classifier by name: a folder, or a model of the hub, in the format of the transformers library.

A name is "KIND:NAME_OR_FOLDER", such as "transformers:/models/moods".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from domain.errors import ConfigError
from domain.ports import EncoderInfo
from encoders.devices import prepare_device
from encoders.options import EncoderOptions
from encoders.torchvision_shim import make_torchvision_importable
from encoders.weights import from_cache_or_hub, named_folder

PREFIX = "transformers:"

Loader = Callable[..., tuple[Any, Any]]


def transformers_info(role: str, name: str, options: EncoderOptions) -> EncoderInfo:
    """Without loading or downloading anything. Raises ConfigError for a path to nothing."""
    wanted = _named(name)
    folder = named_folder(wanted, role)
    return EncoderInfo(
        role=role.replace("_", " "),
        name=name,
        origin=str(folder) if folder else f"https://huggingface.co/{wanted}",
        licence="see the model's card",
        vector_size=0,
        device=str(prepare_device(options)),
    )


def load_transformers(
    role: str, name: str, options: EncoderOptions, packaged: str | None, load: Loader
) -> tuple[Any, Any]:
    """What prepares the input, and the model on its device, by `load(source, **settings of from_pretrained)`.

    Raises ConfigError when it can't be had; `packaged` is what can be chosen in its place, where there is anything.
    """
    make_torchvision_importable()
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    wanted = _named(name)
    folder = named_folder(wanted, role)

    def attempt(*, local_only: bool) -> tuple[Any, Any]:
        settings = {"cache_dir": str(options.cache_dir / "transformers"), "local_files_only": local_only}
        try:
            # fp32 whatever the file holds: half types are emulated, hence slower, on most CPUs.
            prepare, model = load(str(folder or wanted), dtype=torch.float32, **settings)
        except ConfigError:
            raise
        except Exception as error:  # the library raises OSError, ValueError, KeyError, ImportError, safetensors' own
            raise ConfigError(f"{role}: {name} can't be loaded: {str(error)[:300]}") from error
        return prepare, model.to(prepare_device(options)).eval().requires_grad_(False)

    return attempt(local_only=True) if folder else from_cache_or_hub(role, wanted, options, packaged, attempt)


def longest_tokens(tokenizer: Any, model: Any) -> int:
    """How much the model reads: some tokenizers don't say, and some models keep two positions for themselves."""
    positions = getattr(model.config, "max_position_embeddings", 512)
    return int(min(tokenizer.model_max_length, positions - 2))


def labels_of(model: Any) -> list[str]:
    return [str(model.config.id2label[i]) for i in range(model.config.num_labels)]


def complete(role: str, name: str, loaded: tuple[Any, dict[str, Any]]) -> Any:
    """The model of from_pretrained(..., output_loading_info=True). Raises ConfigError when its file lacks weights.

    The library only warns, and fills them up with random numbers.
    """
    model, info = loaded
    missing: Sequence[str] = sorted(info["missing_keys"])
    if missing:
        raise ConfigError(
            f"{role}: {name} is no trained classifier that is known here: no {', '.join(missing)[:200]} in it"
        )
    return model


def _named(name: str) -> str:
    return name.partition(":")[2]
