"""The vector sizes in topology.yaml are those of the models it names."""

from __future__ import annotations

from pathlib import Path

import pytest

import encoders
from domain.topology import parse_topology
from encoders import Role
from encoders.torchvision_shim import make_torchvision_importable

TOPOLOGY = parse_topology((Path(__file__).parents[2] / "topology.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def offline(tmp_path: Path) -> encoders.EncoderOptions:
    return encoders.EncoderOptions(cache_dir=tmp_path, device="cpu", allow_download=False)


def test_the_picture_encoder_s_architecture_has_the_size() -> None:
    make_torchvision_importable()
    import open_clip

    choice = TOPOLOGY.encoders["pictures"]
    family, _, model = choice.name.partition(":")
    config = open_clip.get_model_config(model.partition("/")[0])

    assert family == "open_clip"
    assert config["embed_dim"] == choice.vector_size


def test_the_sentence_encoder_has_the_size(offline: encoders.EncoderOptions) -> None:
    choice = TOPOLOGY.encoders["sentences"]

    assert encoders.load("sentences", choice.name, offline).info.vector_size == choice.vector_size


def test_the_voice_encoder_has_the_size(offline: encoders.EncoderOptions) -> None:
    choice = TOPOLOGY.encoders["voices"]

    assert encoders.load("voices", choice.name, offline).info.vector_size == choice.vector_size


@pytest.mark.parametrize("role", ["word_moods", "voice_moods"])
def test_what_hears_moods_makes_no_vectors(role: Role, offline: encoders.EncoderOptions) -> None:
    choice = TOPOLOGY.encoders[role]

    [info, _] = encoders.listing(offline, {role: choice.name})
    assert info.vector_size == choice.vector_size == 0


def test_the_speech_encoder_makes_no_vectors(offline: encoders.EncoderOptions) -> None:
    choice = TOPOLOGY.encoders["speech"]

    assert encoders.load("speech", choice.name, offline).info.vector_size == choice.vector_size == 0
