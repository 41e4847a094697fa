"""What `nowseen models` shows: true before anything is loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import ConfigError
from domain.ports import PictureEncoder, SentenceEncoder, SpeechEncoder
from encoders import EncoderOptions, listing


def test_it_says_what_loading_gives(
    options: EncoderOptions, concept: PictureEncoder, minilm: SentenceEncoder, whisper_tiny: SpeechEncoder
) -> None:
    assert listing(options)[:3] == [concept.info, minilm.info, whisper_tiny.info]


def test_voice_activity_is_always_there(options: EncoderOptions) -> None:
    [only] = listing(options, {})
    assert (only.role, only.licence) == ("voice activity", "MIT")


def test_what_must_be_downloaded_has_an_address(options: EncoderOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("encoders.open_clip_pictures.require_answer", lambda _: None)  # the hub has it
    names = {
        "pictures": "open_clip:ViT-B-32/laion2b_s34b_b79k",
        "sentences": "sentence_transformers:sentence-transformers/all-mpnet-base-v2",
        "speech": "whisper:small",
    }
    found = listing(replace(options, allow_download=True), names)
    assert [info.name for info in found[:3]] == list(names.values())
    assert [info.origin.split("/")[0] for info in found[:3]] == ["https:"] * 3
    assert found[0].vector_size == 512


@pytest.mark.parametrize("allow_download", [False, True])
def test_pictures_not_to_be_had_are_listed_with_their_stand_in(
    allow_download: bool, options: EncoderOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):  # port 1 of this machine refuses every connection
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    wanted = "open_clip:ViT-B-32/laion2b_s34b_b79k"
    [info, _] = listing(replace(options, allow_download=allow_download), {"pictures": wanted})
    assert (info.name, info.stand_in_for, info.vector_size) == ("concept", wanted, 384)


def test_the_user_s_own_files_are_named(options: EncoderOptions, tmp_path: Path) -> None:
    path = tmp_path / "clip.pt"
    path.touch()
    [info, _] = listing(options, {"pictures": f"open_clip:ViT-B-32@{path}"})
    assert info.origin == str(path)


def test_every_mistake_is_told_at_once(options: EncoderOptions) -> None:
    with pytest.raises(ConfigError) as error:
        listing(options, {"pictures": "klip", "speech": "whisper:huge", "smells": "nose"})
    assert len(error.value.mistakes) == 3
    assert all(word in str(error.value) for word in ("klip", "huge", "smells"))
