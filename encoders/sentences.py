"""Sentence vectors: the packaged MiniLM, or any model of sentence-transformers (Reimers and Gurevych 2019) by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from domain.errors import ConfigError
from domain.ports import EncoderInfo, Matrix
from encoders.devices import prepare_device, uses_half_precision
from encoders.minilm import MINILM, MiniLm, minilm_info
from encoders.options import EncoderOptions
from encoders.torchvision_shim import make_torchvision_importable
from encoders.vectors import no_rows, unit_rows
from encoders.weights import from_cache_or_hub, named_folder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PREFIX = "sentence_transformers:"
_BATCH_SIZE = 32

_minilm_lock = Lock()
_minilm: dict[EncoderOptions, PiecedSentenceEncoder] = {}


class SentenceReader(Protocol):
    """A model that reads texts up to a length."""

    @property
    def piece_tokens(self) -> int:
        """How many tokens it reads, special ones apart."""
        ...

    @property
    def vector_size(self) -> int: ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token of all of the text begins and ends; none when the tokenizer can't tell."""
        ...

    def read(self, texts: Sequence[str]) -> Matrix:
        """(n, d), rows of unit length."""
        ...


def load_minilm(options: EncoderOptions) -> PiecedSentenceEncoder:
    """The packaged MiniLM, loaded once per options: sentences and the concept encoder share it. Needs no network."""
    key = EncoderOptions(Path(), device=options.device)  # the cache doesn't change what MiniLM is
    with _minilm_lock:
        if key not in _minilm:
            _minilm[key] = PiecedSentenceEncoder(MiniLm(options), minilm_info(options))
        return _minilm[key]


def load_other(name: str, options: EncoderOptions) -> PiecedSentenceEncoder:
    """`name` is a folder, or a model of the hub, with or without PREFIX.

    Raises ConfigError when it can't be had: there is no stand-in, since vectors of another model are not comparable.
    """
    wanted = name.removeprefix(PREFIX)
    folder = named_folder(wanted, "sentences")
    load = partial(_load, str(folder or wanted), options)
    model = load(local_only=True) if folder else from_cache_or_hub("sentences", wanted, options, MINILM, load)
    reader = _LibraryReader(model)
    return PiecedSentenceEncoder(
        reader, replace(other_info(name, options), vector_size=reader.vector_size, warning=None)
    )


def other_info(name: str, options: EncoderOptions) -> EncoderInfo:
    """Without loading or downloading anything. Raises ConfigError for a path to nothing."""
    wanted = name.removeprefix(PREFIX)
    folder = named_folder(wanted, "sentences")
    return EncoderInfo(
        role="sentences",
        name=name,
        origin=str(folder) if folder else f"https://huggingface.co/{wanted}",
        licence="see the model's card",
        vector_size=0,
        device=str(prepare_device(options)),
        warning="The vector size is known once the model is loaded.",
    )


class PiecedSentenceEncoder:
    """Sentence vectors; texts longer than the model reads are encoded in pieces and averaged by their length.

    Thread-safe: calls wait for each other, as not every tokenizer can be shared (some raise "Already borrowed").
    """

    def __init__(self, reader: SentenceReader, info: EncoderInfo) -> None:
        self._reader = reader
        self._info = info
        self._lock = Lock()
        self._latest: tuple[str, Matrix] | None = None  # a query: the stand-in for pictures asks the same again

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        if not texts:
            return no_rows(self._info.vector_size)
        with self._lock:
            if len(texts) == 1 and self._latest is not None and self._latest[0] == texts[0]:
                return self._latest[1].copy()
            cut = [self._pieces(text) for text in texts]
            vectors = self._reader.read([piece for pieces in cut for piece, _ in pieces])
        rows, start = [], 0
        for pieces in cut:
            lengths = [tokens for _, tokens in pieces]
            rows.append(np.average(vectors[start : start + len(pieces)], axis=0, weights=lengths))
            start += len(pieces)
        made = unit_rows(np.stack(rows))
        if len(texts) == 1:
            self._latest = texts[0], made.copy()
        return made

    def _pieces(self, text: str) -> list[tuple[str, int]]:
        """`text` cut between tokens so that the model reads all of it, with each piece's number of tokens."""
        longest = self._reader.piece_tokens
        # A token is at least a character long, or a byte of one.
        if len(text.encode("utf-8", "replace")) <= longest:
            return [(text, 1)]
        spans = self._reader.spans(text)
        pieces = []
        for first in range(0, len(spans), longest):
            piece = spans[first : first + longest]
            pieces.append((text[piece[0][0] : piece[-1][1]], len(piece)))
        return pieces or [(text, 1)]


class _LibraryReader:
    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model
        special = model.tokenizer.num_special_tokens_to_add(pair=False)
        # Some models don't say what they read; 512 is what BERT and its kin were trained on.
        self.piece_tokens = (model.max_seq_length or 512) - special

    @property
    def vector_size(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    def spans(self, text: str) -> list[tuple[int, int]]:
        tokenizer: Any = self._model.tokenizer
        if not tokenizer.is_fast:
            return []
        spans: list[tuple[int, int]] = tokenizer(
            text, add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]
        return spans

    def read(self, texts: Sequence[str]) -> Matrix:
        return self._model.encode(
            list(texts),
            batch_size=_BATCH_SIZE,
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )


def _load(source: str, options: EncoderOptions, *, local_only: bool) -> SentenceTransformer:
    make_torchvision_importable()
    device = prepare_device(options)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(
            source,
            device=str(device),
            cache_folder=str(options.cache_dir / "sentence_transformers"),
            local_files_only=local_only,
            trust_remote_code=False,
        )
    except Exception as error:  # the libraries underneath raise OSError, ValueError, KeyError, safetensors' own
        raise ConfigError(f"sentences: {source} can't be loaded: {str(error)[:300]}") from error
    if uses_half_precision(device):
        model.half()
    return model.eval()
