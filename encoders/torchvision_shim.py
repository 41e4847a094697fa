"""Lets `import torchvision` succeed beside a torch that its compiled operators were not built for.

A CPU build of torch beside the package registry's torchvision (a CUDA build) is what a plain install gives on many
machines. torchvision's compiled library then fails to load, quietly, and the import dies later, where
torchvision/_meta_registrations.py attaches a meta kernel to `nms` and finds no such operator. open_clip, timm and
transformers import torchvision but call none of its compiled operators (they use its Python transforms), so that
declaring the two operators the import asks for is enough. On a matching install nothing is changed.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from threading import Lock
from typing import Any

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

_lock = Lock()
_declared: list[Any] = []  # torch drops a library's operators with the object


def make_torchvision_importable() -> None:
    """Must run before anything imports torchvision. Again is harmless."""
    with _lock:
        if "torchvision" in sys.modules or _declared:
            return
        spec = importlib.util.find_spec("torchvision")
        if spec is None or spec.submodule_search_locations is None:
            return
        folders = [Path(folder) for folder in spec.submodule_search_locations]
        if not any(_loads(library) for folder in folders for library in sorted(folder.glob("_C*"))):
            _declared.append(_declare_operators())


def _loads(library: Path) -> bool:
    import torch

    try:
        torch.ops.load_library(library)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return True


def _declare_operators() -> Any:
    import torch

    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in _OPERATORS:
        library.define(name + _SIGNATURE)  # type: ignore[no-untyped-call]
    return library
