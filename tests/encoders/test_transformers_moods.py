"""Classifiers by name, on small models with random weights: what they say, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from domain.errors import ConfigError
from domain.ports import Pcm
from encoders import EncoderOptions, load
from encoders.emotion_names import MEANING, mood_cue
from encoders.torchvision_shim import make_torchvision_importable

SENTIMENTS = ("negative", "neutral", "positive")
EMOTIONS = ("angry", "happy", "sad", "neutral")
DIMENSIONS = ("arousal", "dominance", "valence")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "day", "a"]


def save(model: Any, last: str, bias: list[float], folder: Path) -> None:
    """With a last layer that answers `bias`, whatever comes in."""
    layer = model.get_submodule(last)
    layer.weight.data.zero_()
    layer.bias.data = torch.tensor(bias)
    model.save_pretrained(folder)


def save_text_model(folder: Path, labels: tuple[str, ...], bias: list[float]) -> str:
    make_torchvision_importable()
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    save(BertForSequenceClassification(config), "classifier", bias, folder)  # type: ignore[no-untyped-call]
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return f"transformers:{folder}"


def save_audio_model(folder: Path, labels: tuple[str, ...], bias: list[float], *, regressor: bool) -> str:
    make_torchvision_importable()
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

    from encoders.mood_regressor import MoodRegressor

    config = Wav2Vec2Config(
        vocab_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8, 8), conv_stride=(20, 16), conv_kernel=(20, 16),
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, classifier_proj_size=8,
        id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    kind: Any = MoodRegressor if regressor else Wav2Vec2ForSequenceClassification
    save(kind(config), "classifier.out_proj" if regressor else "classifier", bias, folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)  # type: ignore[no-untyped-call]
    return f"transformers:{folder}"


def test_a_text_s_cue_is_what_the_model_says(tmp_path: Path, options: EncoderOptions) -> None:
    moods = load("word_moods", save_text_model(tmp_path, SENTIMENTS, [0.0, 1.0, 5.0]), options)
    blank, [cue], [italian] = moods.read(["  ", "a good day", "buona giornata " * 100], ["en", "en", "it"])
    assert blank == ()
    assert (cue.kind, cue.what, cue.arousal) == ("words", "positive", None)
    assert cue.valence == pytest.approx(0.7 * (np.exp(5) - 1) / (np.exp(5) + np.e + 1), abs=1e-3)
    assert italian.what == "positive"
    assert moods.read([], []) == []
    assert (moods.info.role, moods.info.origin) == ("word moods", str(tmp_path))


def test_a_voice_s_cue_is_what_the_classifier_says(
    tmp_path: Path, options: EncoderOptions, utterance: Callable[[str], Pcm]
) -> None:
    name = save_audio_model(tmp_path, EMOTIONS, [4.0, 0.0, 0.0, 0.0], regressor=False)
    silence = np.zeros(16_000, np.float32)
    quiet, [cue] = load("voice_moods", name, options).listen([silence, utterance("0930")])
    assert quiet == ()
    assert (cue.kind, cue.what) == ("voice", "angry")
    assert cue.valence is not None and cue.valence < -0.3
    assert cue.arousal is not None and cue.arousal > 0.3


def test_a_regressor_s_numbers_are_placed_between_minus_one_and_one(
    tmp_path: Path, options: EncoderOptions, utterance: Callable[[str], Pcm]
) -> None:
    name = save_audio_model(tmp_path, DIMENSIONS, [0.75, 0.5, -0.2], regressor=True)
    [[cue]] = load("voice_moods", name, options).listen([utterance("0930")])
    assert cue.arousal == pytest.approx(0.5, abs=1e-5)
    assert cue.valence == -1.0


def test_another_head_s_weights_are_refused_and_not_made_up(tmp_path: Path, options: EncoderOptions) -> None:
    name = save_audio_model(tmp_path, DIMENSIONS, [0.5, 0.5, 0.5], regressor=False)
    with pytest.raises(ConfigError, match=r"classifier\.dense"):
        load("voice_moods", name, options)


def test_labels_without_a_meaning_are_refused(tmp_path: Path, options: EncoderOptions) -> None:
    name = save_text_model(tmp_path, ("LABEL_0", "LABEL_1"), [0.0, 0.0])
    with pytest.raises(ConfigError, match="LABEL_0, LABEL_1; a model of moods has some of positive"):
        load("word_moods", name, options)


def test_a_damaged_model_is_an_error(tmp_path: Path, options: EncoderOptions) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ConfigError, match="can't be loaded"):
        load("word_moods", f"transformers:{tmp_path}", options)


@pytest.mark.parametrize("role", ["word_moods", "voice_moods"])
@pytest.mark.parametrize(
    ("name", "says"),
    [("transformers:/no/such/folder", "/no/such/folder"), ("transformers:example-org/none", "downloads are off")],
)
def test_a_wrong_name_says_what_to_do(role: str, name: str, says: str, options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match=says):
        load(role, name, options)  # type: ignore[call-overload]


def test_a_doubtful_answer_is_faint_and_a_label_without_meaning_none() -> None:
    [sure], [torn] = (mood_cue("voice", ["happy", "sad"], shares) for shares in ([0.95, 0.05], [0.55, 0.45]))
    assert sure.what == torn.what == "happy"
    assert (sure.valence or 0) > 0.7 > 0.3 > (torn.valence or 0) > 0
    assert mood_cue("voice", ["happy", "coughing"], [0.4, 0.6]) == ()


def test_every_meaning_lies_between_minus_one_and_one() -> None:
    assert all(-1 <= number <= 1 for meaning in MEANING.values() for number in meaning if number is not None)
