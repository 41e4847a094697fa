"""Published texts as moments."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from domain.events import MomentDescribed, TextPublished
from domain.ports import EncoderInfo, Matrix
from streams.agents.embed_text import embedded
from streams.intake import Received


class Sentences:
    info = EncoderInfo("sentences", "fake", "here", "none", 2, "cpu")

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return np.ones((len(texts), 2), dtype=np.float32)


@pytest.mark.parametrize(
    ("published", "stored"), [("en", "en"), ("EN", "en"), ("en-GB", "en"), ("zh-Hant-TW", "zh"), (None, None)]
)
def test_a_language_is_stored_as_it_is_asked_for(published: str | None, stored: str | None) -> None:
    record: Any = SimpleNamespace(message=SimpleNamespace(timestamp=1001.0))
    text = TextPublished("s", 1000.0, "Boat trips called off.", language=published)
    moment, _ = embedded([Received(text, record)], Sentences())
    assert isinstance(moment, MomentDescribed)
    assert moment.attributes.get("language") == stored
