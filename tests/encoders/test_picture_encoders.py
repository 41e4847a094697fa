"""The contract of a picture encoder, on the packaged one and on open_clip's code with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from domain.errors import ConfigError
from domain.ports import Image, PictureEncoder
from encoders import EncoderOptions, load
from encoders.torchvision_shim import make_torchvision_importable

MODEL = "ViT-S-32-alt"  # the smallest that open_clip has
TEXTS = ["a cat", "two cups of coffee on a table", ""]


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    make_torchvision_importable()
    import open_clip

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("clip") / "random.pt"
    torch.save(open_clip.create_model(MODEL, pretrained=None).state_dict(), path)
    return path


@pytest.fixture(scope="session")
def open_clip_encoder(random_weights: Path, options: EncoderOptions) -> PictureEncoder:
    return load("pictures", f"open_clip:{MODEL}@{random_weights}", options)


@pytest.fixture(params=["concept", "open_clip_encoder"])
def encoder(request: pytest.FixtureRequest) -> PictureEncoder:
    return cast(PictureEncoder, request.getfixturevalue(request.param))


@pytest.fixture
def images(photographs: dict[str, Image]) -> list[Image]:
    """Of differing size, a grey one and a tiny one among them."""
    return [*photographs.values(), np.full((90, 160, 3), 128, np.uint8), np.zeros((1, 2, 3), np.uint8)]


def test_unit_float32_rows_of_the_promised_size(encoder: PictureEncoder, images: list[Image]) -> None:
    for vectors, rows in ((encoder.encode_images(images), len(images)), (encoder.encode_texts(TEXTS), len(TEXTS))):
        assert vectors.shape == (rows, encoder.info.vector_size)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_gives_no_rows(encoder: PictureEncoder) -> None:
    assert encoder.encode_images([]).shape == (0, encoder.info.vector_size)
    assert encoder.encode_texts([]).shape == (0, encoder.info.vector_size)


def test_a_batch_is_the_same_as_one_by_one_in_order(encoder: PictureEncoder, images: list[Image]) -> None:
    singles = np.concatenate([encoder.encode_images([image]) for image in images])
    many = encoder.encode_images(images * 6)  # more than one batch
    np.testing.assert_allclose(many, np.tile(singles, (6, 1)), atol=1e-4)


def test_rows_that_are_views_of_a_larger_frame_are_taken(encoder: PictureEncoder, images: list[Image]) -> None:
    view = images[0][::2, 10:200]
    np.testing.assert_allclose(encoder.encode_images([view]), encoder.encode_images([view.copy()]), atol=1e-5)


def test_equals_open_clip_called_directly(
    open_clip_encoder: PictureEncoder, random_weights: Path, images: list[Image]
) -> None:
    import open_clip

    model, _, prepare = cast(Any, open_clip.create_model_and_transforms(MODEL, pretrained=str(random_weights)))
    model.eval()
    with torch.inference_mode():
        pixels = torch.stack([prepare(Pillow.fromarray(image)) for image in images])
        expected_images = model.encode_image(pixels, normalize=True).numpy()
        expected_texts = model.encode_text(open_clip.get_tokenizer(MODEL)(TEXTS), normalize=True).numpy()
    np.testing.assert_allclose(open_clip_encoder.encode_images(images), expected_images, atol=1e-5)
    np.testing.assert_allclose(open_clip_encoder.encode_texts(TEXTS), expected_texts, atol=1e-5)


WANTED = "open_clip:ViT-B-32/laion2b_s34b_b79k"


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    # Port 1 of this machine refuses every connection: the hub's name is never even looked up.
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("allow_download", [False, True])
def test_weights_not_to_be_had_are_stood_in_for_and_said(
    allow_download: bool, options: EncoderOptions, caplog: pytest.LogCaptureFixture, photographs: dict[str, Image]
) -> None:
    encoder = load("pictures", WANTED, replace(options, allow_download=allow_download))
    assert encoder.info.name == "concept"
    assert encoder.info.stand_in_for == WANTED
    assert "objects" in (encoder.info.warning or "")
    [record] = [record for record in caplog.records if "STAND-IN" in record.getMessage()]
    assert record.levelname == "WARNING"
    assert ("can't be reached" if allow_download else "downloads are off") in record.getMessage()
    assert encoder.encode_images([photographs["chelsea"]]).shape == (1, encoder.info.vector_size)


def not_weights(folder: Path) -> Path:
    path = folder / "clip.pt"
    path.write_bytes(b"these are not weights" * 100)
    return path


def cut_short(folder: Path) -> Path:
    path = folder / "clip.safetensors"
    path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{}")
    return path


def of_another_model(folder: Path) -> Path:
    path = folder / "clip.pt"
    torch.save({"positional_embedding": torch.zeros(3, 3)}, path)
    return path


@pytest.mark.parametrize("make", [not_weights, cut_short, of_another_model])
def test_a_damaged_file_of_the_user_s_is_an_error(
    make: Callable[[Path], Path], tmp_path: Path, options: EncoderOptions
) -> None:
    path = make(tmp_path)
    with pytest.raises(ConfigError, match=f"{path} does not hold weights of {MODEL}"):
        load("pictures", f"open_clip:{MODEL}@{path}", options)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (f"open_clip:{MODEL}@/no/such/file.pt", "there is no file /no/such/file.pt"),
        (f"open_clip:{MODEL}@/tmp", "is a folder"),
        ("open_clip:ViT-B32/laion2b_s34b_b79k", "ViT-B-32"),
        ("open_clip:ViT-B-32/laion2b_s34b", "laion2b_s34b_b79k"),
        ("open_clip:ViT-B-32", "says no weights"),
        ("open_clip:", "concept"),
        ("clip", "concept"),
    ],
)
def test_a_wrong_name_says_what_to_do(name: str, says: str, options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match=says):
        load("pictures", name, options)
