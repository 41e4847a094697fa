"""What an open_clip name means: MODEL/WEIGHTS, MODEL@FILE, or MODEL/WEIGHTS@FILE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from domain.errors import ConfigError
from encoders.torchvision_shim import make_torchvision_importable
from encoders.weights import explicit_file

PREFIX = "open_clip:"
_NAME = re.compile(r"(?P<model>[^/@]+)(/(?P<tag>[^@]+))?(@(?P<file>.+))?")


@dataclass(frozen=True, slots=True)
class OpenClipChoice:
    model: str
    tag: str | None  # which released weights: their licence and the pixels they expect
    file: Path | None  # the user's own copy
    name: str  # as the user gave it, with the prefix

    @property
    def released(self) -> Mapping[str, Any]:
        """open_clip's record of the released weights: where they are and how pictures are prepared for them."""
        from open_clip.pretrained import get_pretrained_cfg

        record: Mapping[str, Any] = get_pretrained_cfg(self.model, self.tag) if self.tag else {}
        return record

    @property
    def hub_repository(self) -> str | None:
        return str(self.released.get("hf_hub") or "").rpartition("/")[0] or None

    @property
    def hub_file(self) -> str | None:
        return str(self.released.get("hf_hub") or "").rpartition("/")[2] or None

    @property
    def download_address(self) -> str:
        return f"https://huggingface.co/{self.hub_repository}" if self.hub_repository else str(self.released.get("url"))


def parse_choice(name: str) -> OpenClipChoice:
    """Raises ConfigError for a model or weights that open_clip does not know, and for a path to nothing."""
    make_torchvision_importable()
    import open_clip

    parts = _NAME.fullmatch(name.removeprefix(PREFIX))
    if parts is None:
        raise ConfigError(f"pictures: {name!r} is not {PREFIX}MODEL/WEIGHTS or {PREFIX}MODEL@FILE")
    model, tag = parts["model"], parts["tag"]
    file = Path(parts["file"]) if parts["file"] else None
    if model not in open_clip.list_models():
        raise ConfigError(
            f"pictures: open_clip has no model {model!r}; {_did_you_mean(model, open_clip.list_models())}"
        )
    tags = open_clip.list_pretrained_tags_by_model(model)
    if tag is not None and tag not in tags:
        raise ConfigError(f"pictures: open_clip has no weights {tag!r} for {model}; {_did_you_mean(tag, tags)}")
    if tag is None and file is None:
        raise ConfigError(
            f"pictures: {name!r} says no weights; write {PREFIX}{model}/WEIGHTS (one of {', '.join(tags) or '-'}) "
            f"or {PREFIX}{model}@FILE"
        )
    return OpenClipChoice(model, tag, explicit_file(file, "pictures") if file else None, name)


def _did_you_mean(wrong: str, known: list[str]) -> str:
    close = get_close_matches(wrong, known, n=3, cutoff=0.3)
    return f"did you mean {', '.join(close)}?" if close else f"it has {', '.join(known[:20]) or 'none'}"
