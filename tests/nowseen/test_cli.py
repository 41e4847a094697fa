"""The command line as users meet it: in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from domain.errors import ConfigError
from nowseen.cli import main
from nowseen.network_ports import free_ports
from nowseen.parts import HttpOk, PortNeed, ReadyFile, TcpPort
from nowseen.settings import Settings
from nowseen.up_command import up_parts


def nowseen(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("NOWSEEN_")}
    return subprocess.run(
        [sys.executable, "-m", "nowseen", *arguments],
        env={**env, **settings}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['nowseen', '--help']\n"
        "from nowseen.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'faust', 'streamlit', 'av', 'qdrant_edge', 'httpx', 'numpy', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for command in (
        "up", "demo", "broker", "worker", "node", "dashboard", "publish", "search", "models", "speakers", "topology",
    ):  # fmt: skip
        assert f" {command} " in done.stdout


def test_a_folder_that_can_t_be_made_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = nowseen("demo", NOWSEEN_CACHE=str(tmp_path / "file" / "cache"), NOWSEEN_DATA=str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"nowseen: {tmp_path / 'file' / 'cache'}")
    assert "Not a directory" in done.stderr
    assert "NOWSEEN_CACHE" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--valence", "--arousal"])
def test_a_range_of_mood_that_is_none_is_told(option: str) -> None:
    done = nowseen("search", "the budget", option, "-1:-3")
    assert (done.returncode, done.stderr[:40].startswith(f"nowseen: {option} is MIN:MAX")) == (2, True)


def test_a_broker_that_does_not_answer_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ConnectionError("no Kafka broker listens at 127.0.0.1:1")

    monkeypatch.setattr("streams.broker.run_tansu", refused)
    monkeypatch.setattr(sys, "argv", ["nowseen", "broker"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capsys.readouterr().err == "nowseen: no Kafka broker listens at 127.0.0.1:1\n"


@pytest.mark.parametrize("command", ["up", "broker", "worker", "node", "dashboard", "topology"])
def test_every_mistake_is_told_without_a_traceback(command: str) -> None:
    done = nowseen(command, NOWSEEN_API_PORT="many", NOWSEEN_BROKER_PORT="0")
    assert done.returncode == 2
    assert "NOWSEEN_API_PORT" in done.stderr
    assert "NOWSEEN_BROKER_PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["up", "node", "dashboard"])
def test_a_host_that_is_none_is_told_at_the_start(command: str) -> None:
    done = nowseen(command, NOWSEEN_ALLOWED_HOSTS="node.example,https://other.example")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "NOWSEEN_ALLOWED_HOSTS: 'https://other.example'" in done.stderr


def test_topology_is_checked_and_drawn(tmp_path: Path) -> None:
    assert "is right" in nowseen("topology").stdout
    assert nowseen("topology", "--mermaid").stdout.startswith("flowchart")
    (tmp_path / "topology.yaml").write_text("version: 99\n")
    wrong = nowseen("topology", NOWSEEN_TOPOLOGY=str(tmp_path / "topology.yaml"))
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


def test_a_topology_without_what_the_program_attaches_to_is_told(tmp_path: Path) -> None:
    ours = (Path(__file__).parents[2] / "topology.yaml").read_text(encoding="utf-8")
    (tmp_path / "topology.yaml").write_text(ours.replace("dead-letters", "letters").replace("watch_letters", "watch"))
    wrong = nowseen("topology", NOWSEEN_TOPOLOGY=str(tmp_path / "topology.yaml"))
    assert wrong.returncode == 2
    assert "topics.dead-letters is missing: the program attaches to it" in wrong.stderr


def test_models_says_that_a_stand_in_is_used(tmp_path: Path) -> None:
    wanted = "open_clip:ViT-B-32/laion2b_s34b_b79k"
    out = nowseen(
        "models", NOWSEEN_DOWNLOAD="false", NOWSEEN_CACHE=str(tmp_path), NOWSEEN_SPEECH="whisper:small"
    ).stdout
    assert "pictures  concept" in out
    assert f"stands in for {wanted}" in out
    assert "NOWSEEN_DOWNLOAD allows a download" in out  # of whisper:small, which nothing stands in for


def test_the_broker_runs_and_ends_by_sigterm() -> None:
    [port] = free_ports(1)
    env = {**os.environ, "NOWSEEN_BROKER_PORT": str(port)}
    env.pop("NOWSEEN_KAFKA_HOME", None)
    env.pop("NOWSEEN_BROKER", None)
    with subprocess.Popen([sys.executable, "-m", "nowseen", "broker"], env=env, stdout=subprocess.PIPE) as broker:
        end_s = time.monotonic() + 30
        while True:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < end_s
            time.sleep(0.05)
        broker.send_signal(signal.SIGTERM)
        assert broker.wait(timeout=10) in (0, -signal.SIGTERM)


def test_broker_is_not_run_beside_an_external_one() -> None:
    done = nowseen("broker", NOWSEEN_BROKER="example.org:9092")
    assert done.returncode == 2
    assert "example.org:9092" in done.stderr


def test_up_says_who_holds_a_port_before_it_starts_anything(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = nowseen("up", NOWSEEN_DATA=str(tmp_path), NOWSEEN_API_PORT=str(port))
    assert done.returncode == 2
    assert f"port {port} is taken by pid {os.getpid()}" in done.stderr
    assert "NOWSEEN_API_PORT" in done.stderr
    assert done.stdout == ""


def test_up_says_that_an_external_broker_is_not_there(tmp_path: Path) -> None:
    broker, api, dashboard = free_ports(3)
    done = nowseen(
        "up",
        NOWSEEN_DATA=str(tmp_path),
        NOWSEEN_BROKER=f"127.0.0.1:{broker}",
        NOWSEEN_API_PORT=str(api),
        NOWSEEN_DASHBOARD_PORT=str(dashboard),
    )
    assert done.returncode == 2
    assert f"nothing takes connections at 127.0.0.1:{broker}" in done.stderr


def test_up_runs_what_the_settings_ask_for(tmp_path: Path) -> None:
    parts = {part.name: part for part in up_parts(Settings(data=tmp_path, api_host="0.0.0.0"))}
    assert list(parts) == ["broker", "worker", "node", "dashboard"]
    assert parts["broker"].ready == TcpPort("127.0.0.1", 9092)
    assert parts["node"].ready == HttpOk("http://127.0.0.1:8600/health")
    assert parts["node"].depends_on == ("broker",)
    assert parts["dashboard"].depends_on == ("worker", "node")
    assert isinstance(parts["worker"].ready, ReadyFile)
    assert parts["worker"].env["NOWSEEN_READY_FILE"] == str(parts["worker"].ready.path)


def test_up_with_an_apache_kafka_needs_two_ports(tmp_path: Path) -> None:
    parts = {part.name: part for part in up_parts(Settings(data=tmp_path, kafka_home=tmp_path))}
    assert parts["broker"].ports[1] == PortNeed("127.0.0.1", 9093, "NOWSEEN_BROKER_PORT")


def test_up_with_an_external_broker_starts_none(tmp_path: Path) -> None:
    parts = {part.name: part for part in up_parts(Settings(data=tmp_path, broker="kafka.example:9092"))}
    assert list(parts) == ["worker", "node", "dashboard"]
    assert parts["worker"].depends_on == ()


async def test_a_broker_that_is_no_address_is_a_mistake() -> None:
    from nowseen.up_command import check_broker

    with pytest.raises(ConfigError, match="'kafka' is not host:port"):
        await check_broker("kafka")
