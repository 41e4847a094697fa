"""A picture encoder that has read the queries beforehand, many at once: one at a time takes several times as long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from domain.ports import EncoderInfo, Image, Matrix, PictureEncoder

_AT_ONCE = 128


class RememberedTexts:
    """A PictureEncoder. What it was not given beforehand it asks the encoder for."""

    def __init__(self, encoder: PictureEncoder, texts: Sequence[str]) -> None:
        self._encoder = encoder
        self._rows: dict[str, Matrix] = {}
        unique = list(dict.fromkeys(texts))
        for first in range(0, len(unique), _AT_ONCE):
            some = unique[first : first + _AT_ONCE]
            self._rows.update(zip(some, encoder.encode_texts(some), strict=True))

    @property
    def info(self) -> EncoderInfo:
        return self._encoder.info

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        if texts and all(text in self._rows for text in texts):
            return np.stack([self._rows[text] for text in texts])
        return self._encoder.encode_texts(texts)

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        return self._encoder.encode_images(images)
