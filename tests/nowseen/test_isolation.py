"""What `demo --check` and the measurements take over from the user's settings, and what not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nowseen.connections import kafka_settings
from nowseen.isolation import isolated
from nowseen.settings import Settings
from streams.kafka_clients import KafkaSettings

MODELS = {"pictures", "speech", "sentences", "voices", "word_moods", "voice_moods", "reranker", "finer_pictures"}
KEPT = {"cache", "topology", "kafka_home", "device", "download"} | MODELS
OWN = {"data", "broker_port", "api_port", "dashboard_port"}


def test_only_models_and_programs_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOWSEEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NOWSEEN_KAFKA_HOME", str(tmp_path / "kafka"))
    for name in Settings.model_fields.keys() - KEPT - OWN:
        monkeypatch.setenv(f"NOWSEEN_{name.upper()}", "4" if name == "kafka_replication" else "theirs")
    monkeypatch.setenv("NOWSEEN_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")

    with isolated(tmp_path / "own") as (settings, _):
        assert settings.model_dump(exclude=OWN) == Settings.model_construct(
            cache=tmp_path / "cache", kafka_home=tmp_path / "kafka"
        ).model_dump(exclude=OWN)
        assert kafka_settings(settings) == KafkaSettings(f"127.0.0.1:{settings.broker_port}")
    assert os.environ["NOWSEEN_BROKER"] == "theirs"


def test_webhooks_go_where_the_caller_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOWSEEN_WEBHOOK_ALLOW", "theirs")
    monkeypatch.setenv("NOWSEEN_CACHE", str(tmp_path / "cache"))
    with isolated(tmp_path / "own", "127.0.0.1") as (settings, _):
        assert settings.webhook_allow == "127.0.0.1"
    assert os.environ["NOWSEEN_WEBHOOK_ALLOW"] == "theirs"
