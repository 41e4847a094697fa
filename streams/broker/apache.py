"""Apache Kafka on this machine, from a distribution that is at hand: one KRaft node that keeps its data.

The process becomes the broker (exec), so that a signal sent to `nowseen broker` reaches the broker itself and no
wrapper can leave it behind.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import NoReturn

from domain.errors import ConfigError
from streams.broker.ports import HOST, check_port_is_free

_OLDEST_JAVA = 17  # Apache Kafka 4: https://kafka.apache.org/documentation/#java


def run_apache_kafka(port: int, home: Path, data_dir: Path) -> NoReturn:
    """Turns this process into a broker at 127.0.0.1:`port`, after one line that says where it is.

    `home` is an Apache Kafka 4 distribution and `data_dir` where it keeps its data. Raises ConfigError, before anything
    is started, when a port is taken or something is missing.
    """
    check_port_is_free(port)
    check_port_is_free(_controller_port(port))
    command = prepare_apache_kafka(home, data_dir, port)
    print(f"Kafka broker at {HOST}:{port} (Apache Kafka), data kept in {data_dir.resolve()}", flush=True)
    os.execvp(command[0], command)  # noqa: S606  (a list of our own making)


def prepare_apache_kafka(home: Path, data_dir: Path, port: int) -> list[str]:
    """Writes the settings, formats `data_dir` the first time, and returns the command that starts the broker."""
    command = apache_kafka_command(home, data_dir, port)
    log_dir = data_dir.resolve() / "log"
    if "," in str(log_dir):
        raise ConfigError(f"the data folder {str(data_dir)!r} holds a comma, which Kafka reads as two folders")
    log_dir.mkdir(parents=True, exist_ok=True)
    settings = _settings_file(data_dir)
    settings.write_text(_properties(log_dir, port), encoding="utf-8")
    if not (log_dir / "meta.properties").exists():
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        tool = [*command[:-2], "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        result = subprocess.run(
            [*tool, "--cluster-id", cluster_id, "--config", str(settings)], capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            last = (result.stderr or result.stdout).strip().splitlines()[-1:] or ["no message"]
            raise ConfigError(f"Kafka could not prepare the data folder {str(data_dir)!r}: {last[0]}")
    return command


def apache_kafka_command(home: Path, data_dir: Path, port: int) -> list[str]:
    """The Java command line of one KRaft node. Raises ConfigError without Kafka 4's jars or a Java that runs them."""
    if not any((home / "libs").glob("kafka*.jar")):
        raise ConfigError(f"{str(home)!r} holds no libs/kafka*.jar: set NOWSEEN_KAFKA_HOME to an Apache Kafka 4 folder")
    if not 0 < port < 65535:
        raise ConfigError(f"port {port} can't be used: Kafka needs it and the next one, up to 65535")
    return [
        _java(), "-Xms256m", "-Xmx1g", "-XX:+UseG1GC", "-XX:TieredStopAtLevel=1",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{home.resolve()}/libs/*",
        "kafka.Kafka", str(_settings_file(data_dir)),
    ]  # fmt: skip


def _properties(log_dir: Path, port: int) -> str:
    controller = _controller_port(port)
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(log_dir).replace("\\", "\\\\"),
        # A mistyped topic must fail, not appear with one partition.
        "auto.create.topics.enable": "false",
        # Kafka's own topics are kept three times by default, which one node can't do.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        # Nobody else has a copy: an acknowledged record is on the disk, also when the machine is switched off.
        "log.flush.interval.messages": 1,
        # With no other node to hand over to, stop and start again at once.
        "controlled.shutdown.enable": "false",
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    hint = f"install Java {_OLDEST_JAVA} or newer (Debian and Ubuntu: apt install default-jre-headless)"
    if java is None or not Path(java).exists():
        raise ConfigError(f"Apache Kafka needs Java, and there is none at {java or 'PATH'}: {hint}")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise ConfigError(f"Apache Kafka 4 needs Java {_OLDEST_JAVA}; {java} is {told.splitlines()[:1]}: {hint}")
    return java


def _settings_file(data_dir: Path) -> Path:
    return data_dir.resolve() / "server.properties"


def _controller_port(port: int) -> int:
    return port + 1
