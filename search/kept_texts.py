"""An encoder that need not read again what it has read before a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from domain.ports import EncoderInfo, Matrix, SentenceEncoder
from search.kept_vectors import KeptVectors

# Of several lengths and scripts. Who makes the same of these, to the bit, is the same encoder.
PROBES = ("a", "someone at the door", "die Fähre fährt nicht, 東京, кот, 42%", "the old bridge was closed " * 12)


class KeptTexts:
    """A SentenceEncoder. The vector of a text it has read before is the one it made then, to the bit."""

    def __init__(self, encoder: SentenceEncoder, kept: KeptVectors) -> None:
        self._encoder, self._kept = encoder, kept
        self._identity = ""
        self.encoded = 0  # texts that were not kept

    @property
    def info(self) -> EncoderInfo:
        return self._encoder.info

    @property
    def identity(self) -> str:
        """Its name alone may lie: other weights may lie in the same folder. So what it makes of some texts counts too,
        which are encoded when this is asked first."""
        if not self._identity:
            made = np.ascontiguousarray(self._encoder.encode_texts(PROBES), np.float32)
            self._identity = f"{self.info.name} {hashlib.sha256(made.tobytes()).hexdigest()[:32]}"
        return self._identity

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        if not texts:
            return self._encoder.encode_texts(texts)
        rows = self._kept.get(self.identity, set(texts))
        if unknown := [text for text in dict.fromkeys(texts) if text not in rows]:
            made = dict(zip(unknown, self._encoder.encode_texts(unknown), strict=True))
            self._kept.put(self.identity, made)
            self.encoded += len(made)
            rows |= made
        return np.stack([rows[text] for text in texts])
