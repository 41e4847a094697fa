"""Apache Kafka run by `nowseen broker`: the process becomes the broker, and says first where it is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from domain.errors import ConfigError
from domain.topology import Topology
from streams.broker import apache_kafka_command, run_apache_kafka
from streams.kafka_clients import KafkaSettings, wait_until_reachable
from streams.topics import create_topics

_RUN = "from pathlib import Path; from streams.broker import run_apache_kafka; run_apache_kafka"


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
            run_apache_kafka(port, tmp_path, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.kafka
def test_apache_kafka_keeps_its_data_over_a_restart(
    apache_kafka: str, free_port: Callable[[], int], tmp_path: Path, topology: Topology
) -> None:
    home, port = os.environ["NOWSEEN_KAFKA_HOME"], free_port()
    settings = KafkaSettings(f"127.0.0.1:{port}")
    code = f"{_RUN}({port}, Path({home!r}), Path({str(tmp_path / 'data')!r}))"
    with _started(code) as (process, first_line):
        assert f"127.0.0.1:{port} (Apache Kafka)" in first_line
        assert first_line.endswith(f"data kept in {tmp_path / 'data'}")
        wait_until_reachable(settings, 60)
        create_topics(settings, topology)
        producer = Producer(settings.confluent())
        producer.produce("media.text", b"kept")
        assert producer.flush(20) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (143, -signal.SIGTERM)
    with _started(code) as (process, _):
        wait_until_reachable(settings, 60)
        assert create_topics(settings, topology) == ()


def test_java_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fake_distribution(tmp_path)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"needs Java.*apt install"):
        apache_kafka_command(tmp_path, tmp_path / "data", 9092)


@pytest.mark.parametrize("version", ['java version "1.8.0_392"', 'openjdk version "11.0.22" 2024-01-16', "no idea"])
def test_java_too_old(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fake_distribution(tmp_path)
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="needs Java 17"):
        apache_kafka_command(tmp_path, tmp_path / "data", 9092)


def test_a_folder_that_is_no_kafka(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="NOWSEEN_KAFKA_HOME"):
        apache_kafka_command(tmp_path, tmp_path / "data", 9092)


def _fake_distribution(home: Path) -> None:
    (home / "libs").mkdir()
    (home / "libs" / "kafka_2.13-4.0.0.jar").touch()


@contextmanager
def _started(code: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
