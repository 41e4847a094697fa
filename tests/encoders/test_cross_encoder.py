"""Re-rankers by name, on a small cross-encoder with random weights: the library's scores, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from domain.errors import ConfigError
from domain.ports import WordReranker
from encoders import EncoderOptions, listing, load

QUERY = "a red bus"
TEXTS = ["the red bus stops", "a dog barks", "", "the bus", "a red dog stops " * 40, "bus bus bus bus bus"]


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory, make_cross_encoder: Callable[..., str]) -> str:
    return make_cross_encoder(tmp_path_factory.mktemp("cross-encoder"))


@pytest.fixture(scope="module")
def reranker(name: str, options: EncoderOptions) -> WordReranker:
    return load("reranker", name, options)


def test_the_library_gives_the_same_scores(reranker: WordReranker, name: str) -> None:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    library = CrossEncoder(name.partition(":")[2], device="cpu", activation_fn=Identity(), local_files_only=True)
    expected = library.predict([(QUERY, text) for text in TEXTS], show_progress_bar=False)
    scores = reranker.rerank(QUERY, TEXTS)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert len(set(scores.round(4))) == len(TEXTS)


def test_a_score_is_known(tmp_path: Path, make_cross_encoder: Callable[..., str], options: EncoderOptions) -> None:
    import torch
    from transformers import BertForSequenceClassification

    name = make_cross_encoder(tmp_path)
    model = BertForSequenceClassification.from_pretrained(tmp_path)
    model.classifier.weight.data.zero_()
    model.classifier.bias.data = torch.tensor([-2.5])
    model.save_pretrained(tmp_path)
    assert load("reranker", name, options).rerank(QUERY, TEXTS[:2]).tolist() == [-2.5, -2.5]


def test_damaged_weights_are_noticed(
    tmp_path: Path, make_cross_encoder: Callable[..., str], options: EncoderOptions
) -> None:
    import torch
    from transformers import BertForSequenceClassification

    name = make_cross_encoder(tmp_path)
    model = BertForSequenceClassification.from_pretrained(tmp_path)
    model.classifier.bias.data = torch.tensor([float("nan")])
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="no number"):
        load("reranker", name, options).rerank(QUERY, TEXTS)


def test_threads_may_ask_at_once(reranker: WordReranker) -> None:
    expected = reranker.rerank(QUERY, TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(lambda _: reranker.rerank(QUERY, TEXTS), range(8)):
            np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_a_query_longer_than_the_model_reads_is_cut(reranker: WordReranker) -> None:
    assert np.isfinite(reranker.rerank("a red bus stops " * 100, TEXTS)).all()


def test_it_is_listed_as_it_is_loaded(reranker: WordReranker, name: str, options: EncoderOptions) -> None:
    [info, _] = listing(options, {"reranker": name})
    assert info == reranker.info
    assert (info.role, info.origin, info.vector_size) == ("reranker", name.partition(":")[2], 0)


def test_a_classifier_is_no_reranker(
    tmp_path: Path, make_cross_encoder: Callable[..., str], options: EncoderOptions
) -> None:
    with pytest.raises(ConfigError, match="gives 3 scores for a pair"):
        load("reranker", make_cross_encoder(tmp_path, scores=3), options)


def test_a_model_without_the_last_layer_is_refused_and_not_made_up(
    tmp_path: Path, make_cross_encoder: Callable[..., str], options: EncoderOptions
) -> None:
    from transformers import BertModel

    name = make_cross_encoder(tmp_path)
    BertModel.from_pretrained(tmp_path).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "id2label": {"0": "LABEL_0"}}))
    with pytest.raises(ConfigError, match="classifier"):
        load("reranker", name, options)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cross_encoder:/no/such/folder", "/no/such/folder"),
        ("cross_encoder:example-org/none", "downloads are off; allow them, name a folder, or leave it out"),
        ("cross_encoder:", "write cross_encoder: and"),
        ("bm25", "there is no re-ranker 'bm25'"),
    ],
)
def test_a_wrong_name_says_what_to_do(name: str, says: str, options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match=says):
        load("reranker", name, options)
    if "example-org" not in name:
        with pytest.raises(ConfigError, match=says):
            listing(options, {"reranker": name})
