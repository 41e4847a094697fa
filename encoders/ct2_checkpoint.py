"""Whisper weights in CTranslate2's format, as openai-whisper's: the same numbers under other names.

CTranslate2 fuses the projections of one attention into one matrix (query, key and value; key and value across from the
encoder) and gives the keys the zero bias that Whisper's keys lack. The file's layout is CTranslate2's
python/ctranslate2/specs/model_spec.py (`_serialize`), binary version 6.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from domain.errors import ConfigError

if TYPE_CHECKING:
    import torch

_VERSION = 6
_SPEC = "WhisperSpec"
_FLOAT_TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 4: np.dtype("<f2")}
_INTEGER_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("i1"), 2: np.dtype("<i2"), 3: np.dtype("<i4")}
_CHANNELS_PER_HEAD = 64  # in every released Whisper (Radford et al. 2022, table 1)

_Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class WhisperCheckpoint:
    dims: dict[str, int]  # the fields of whisper.model.ModelDimensions
    state: dict[str, torch.Tensor]
    alignment_heads: tuple[tuple[int, int], ...]  # (layer, head) of the cross-attentions that follow time


def read_whisper(folder: Path, parts: Sequence[Path] = ()) -> WhisperCheckpoint:
    """`folder` holds config.json, and model.bin unless it comes in `parts`, to be read one after another.

    Raises ConfigError when they are not a whole Whisper model.
    """
    try:
        variables = _read_variables(b"".join(part.read_bytes() for part in parts or [folder / "model.bin"]))
        heads = json.loads((folder / "config.json").read_text("utf-8"))["alignment_heads"]
        dims = _dims(variables)
        state = {name: _tensor(array) for name, array in _whisper_names(variables, dims)}
        alignment_heads = tuple((int(layer), int(head)) for layer, head in heads)
    except OSError as error:
        raise ConfigError(f"speech: {error.filename} can't be read: {error.strerror}") from error
    except KeyError as error:
        raise ConfigError(f"speech: {folder} is not a whole CTranslate2 Whisper model: no {error} in it") from error
    except (ValueError, TypeError, struct.error) as error:
        raise ConfigError(f"speech: {folder} is not a CTranslate2 Whisper model, or damaged: {error}") from error
    return WhisperCheckpoint(dims, state, alignment_heads)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from("<" + form, self._data, self._at)
        self._at += struct.calcsize("<" + form)
        return int(value)

    def raw(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise ValueError(f"it ends {self._at + size - len(self._data)} bytes early")
        self._at += size
        return self._data[self._at - size : self._at]

    def text(self) -> str:
        return self.raw(self.number("H")).rstrip(b"\0").decode("ascii")


def _read_variables(data: bytes) -> dict[str, _Array]:
    reader = _Reader(data)
    version = reader.number("I")
    if version != _VERSION:
        raise ValueError(f"its binary version is {version}, and {_VERSION} is read here")
    spec = reader.text()
    if spec != _SPEC:
        raise ValueError(f"it holds a {spec[:40]}")
    reader.number("I")  # revision of the spec: every one of version 6 names its variables alike
    variables: dict[str, _Array] = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        shape = tuple(reader.number("I") for _ in range(reader.number("B")))
        kind = reader.number("B")
        raw = reader.raw(reader.number("I"))
        types = _FLOAT_TYPES | _INTEGER_TYPES
        if kind not in types:
            raise ValueError(f"{name} is stored as type {kind}; float32 and float16 are read here")
        variables[name] = np.frombuffer(raw, types[kind]).reshape(shape)
    for _ in range(reader.number("I")):
        alias = reader.text()
        variables[alias] = variables[reader.text()]
    return variables


def _dims(variables: dict[str, _Array]) -> dict[str, int]:
    audio_state, mels, _ = variables["encoder/conv1/weight"].shape
    vocabulary, text_state = variables["decoder/embeddings/weight"].shape
    return {
        "n_mels": mels,
        "n_audio_ctx": len(variables["encoder/position_encodings/encodings"]),
        "n_audio_state": audio_state,
        "n_audio_head": audio_state // _CHANNELS_PER_HEAD,
        "n_audio_layer": _layers(variables, "encoder"),
        "n_vocab": vocabulary,
        "n_text_ctx": len(variables["decoder/position_encodings/encodings"]),
        "n_text_state": text_state,
        "n_text_head": text_state // _CHANNELS_PER_HEAD,
        "n_text_layer": _layers(variables, "decoder"),
    }


def _layers(variables: dict[str, _Array], side: str) -> int:
    blocks = (re.match(rf"{side}/layer_(\d+)/", name) for name in variables)
    return len({block[1] for block in blocks if block})


def _whisper_names(variables: dict[str, _Array], dims: dict[str, int]) -> Iterator[tuple[str, _Array]]:
    for name in ("conv1", "conv2"):
        yield from _linear(variables, f"encoder/{name}", [(f"encoder.{name}", True)])
    yield "encoder.positional_embedding", variables["encoder/position_encodings/encodings"]
    yield "decoder.positional_embedding", variables["decoder/position_encodings/encodings"]
    yield "decoder.token_embedding.weight", variables["decoder/embeddings/weight"]
    yield from _norm(variables, "encoder/layer_norm", "encoder.ln_post")
    yield from _norm(variables, "decoder/layer_norm", "decoder.ln")
    for side, layers in (("encoder", dims["n_audio_layer"]), ("decoder", dims["n_text_layer"])):
        for number in range(layers):
            yield from _block(variables, f"{side}/layer_{number}", f"{side}.blocks.{number}", across=side == "decoder")


def _block(variables: dict[str, _Array], source: str, block: str, *, across: bool) -> Iterator[tuple[str, _Array]]:
    own, cross = f"{source}/self_attention", f"{source}/attention"
    yield from _norm(variables, f"{own}/layer_norm", f"{block}.attn_ln")
    fused = [(f"{block}.attn.query", True), (f"{block}.attn.key", False), (f"{block}.attn.value", True)]
    yield from _linear(variables, f"{own}/linear_0", fused)
    yield from _linear(variables, f"{own}/linear_1", [(f"{block}.attn.out", True)])
    if across:
        yield from _norm(variables, f"{cross}/layer_norm", f"{block}.cross_attn_ln")
        yield from _linear(variables, f"{cross}/linear_0", [(f"{block}.cross_attn.query", True)])
        fused = [(f"{block}.cross_attn.key", False), (f"{block}.cross_attn.value", True)]
        yield from _linear(variables, f"{cross}/linear_1", fused)
        yield from _linear(variables, f"{cross}/linear_2", [(f"{block}.cross_attn.out", True)])
    yield from _norm(variables, f"{source}/ffn/layer_norm", f"{block}.mlp_ln")
    yield from _linear(variables, f"{source}/ffn/linear_0", [(f"{block}.mlp.0", True)])
    yield from _linear(variables, f"{source}/ffn/linear_1", [(f"{block}.mlp.2", True)])


def _norm(variables: dict[str, _Array], source: str, name: str) -> Iterator[tuple[str, _Array]]:
    yield f"{name}.weight", variables[f"{source}/gamma"]
    yield f"{name}.bias", variables[f"{source}/beta"]


def _linear(variables: dict[str, _Array], source: str, parts: list[tuple[str, bool]]) -> Iterator[tuple[str, _Array]]:
    """The layers, each (name, has a bias), that CTranslate2 stacked into one."""
    weights = np.split(variables[f"{source}/weight"], len(parts))
    biases = np.split(variables[f"{source}/bias"], len(parts))
    for (name, has_bias), weight, bias in zip(parts, weights, biases, strict=True):
        yield f"{name}.weight", weight
        if has_bias:
            yield f"{name}.bias", bias


def _tensor(array: _Array) -> torch.Tensor:
    import torch

    if array.dtype not in _FLOAT_TYPES.values():
        raise ValueError(f"its weights are quantised to {array.dtype}; use a float16 or float32 model")
    return torch.from_numpy(array.astype(np.float32))
