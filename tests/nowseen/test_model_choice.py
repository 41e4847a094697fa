"""Which re-ranker and which language model the settings choose, and what is said of settings that don't fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from domain.errors import ConfigError
from domain.topology import Topology
from nowseen.answer_choice import chat_model
from nowseen.encoder_choice import wanted_encoders
from nowseen.models_command import models_command
from nowseen.settings import Settings

URL = "http://127.0.0.1:11434/v1"


def test_there_is_a_reranker_only_where_one_is_set(topology: Topology) -> None:
    assert "reranker" not in wanted_encoders(Settings(), topology)
    wanted = wanted_encoders(Settings(reranker="cross_encoder:/models/small"), topology)
    assert wanted["reranker"] == "cross_encoder:/models/small"


def test_models_lists_the_reranker(
    tmp_path: Path, make_cross_encoder: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = make_cross_encoder(tmp_path)
    models_command(Settings(reranker=name, pictures="concept", cache=tmp_path, download=False, device="cpu"))
    assert f"reranker  {name}" in capsys.readouterr().out


def test_there_is_no_language_model_unless_one_is_set() -> None:
    assert chat_model(Settings()) is None
    chat = chat_model(Settings(answer_url=URL, answer_model="tiny", answer_key=SecretStr("k")))
    assert chat is not None and chat.name == "tiny"


def test_an_address_and_a_model_belong_together() -> None:
    with pytest.raises(ConfigError, match="NOWSEEN_ANSWER_MODEL: name a model"):
        chat_model(Settings(answer_url=URL))
    with pytest.raises(ConfigError, match="without NOWSEEN_ANSWER_URL"):
        chat_model(Settings(answer_model="tiny"))


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOWSEEN_ANSWER_KEY", "sk-very-secret-4711")
    assert "4711" not in repr(Settings())
