"""The concept encoder finds photographs by sentences, and keeps the contract of a picture encoder."""

from __future__ import annotations

import numpy as np
import pytest

from domain.ports import Image, PictureEncoder, SentenceEncoder
from encoders import EncoderOptions, load


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("a cat", "chelsea"),
        ("a small cat, close up", "chelsea"),
        ("a cup of coffee", "coffee"),
        ("hot drink", "coffee"),
        ("a rocket launch", "rocket"),
        ("a rocket on the launch pad", "rocket"),
    ],
)
def test_a_sentence_finds_its_photograph(
    sentence: str, name: str, concept: PictureEncoder, photographs: dict[str, Image]
) -> None:
    names = list(photographs)
    scores = concept.encode_images(list(photographs.values())) @ concept.encode_texts([sentence])[0]
    assert names[int(scores.argmax())] == name


def test_sentences_are_minilm_s(concept: PictureEncoder, minilm: SentenceEncoder) -> None:
    np.testing.assert_array_equal(concept.encode_texts(["a cat"]), minilm.encode_texts(["a cat"]))


def test_a_resized_photograph_is_the_same_picture(concept: PictureEncoder, photographs: dict[str, Image]) -> None:
    cat = photographs["chelsea"]
    large = cat.repeat(4, axis=0).repeat(4, axis=1)
    first, second = concept.encode_images([cat, large])
    assert first @ second > 0.97


def test_it_says_what_it_cannot_do(concept: PictureEncoder) -> None:
    assert concept.info.stand_in_for is None
    assert "people" in (concept.info.warning or "")


def test_another_cache_does_not_load_minilm_again(options: EncoderOptions, minilm: SentenceEncoder) -> None:
    from dataclasses import replace
    from pathlib import Path

    assert load("sentences", "minilm", replace(options, cache_dir=Path("other"))) is minilm
