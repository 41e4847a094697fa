"""Somebody speaks while the broker restarts or hangs, or the worker is stopped: nothing is split, lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from domain.events import CoverageAdvanced, MomentDescribed
from domain.moments import moment_id
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings, wait_until_reachable
from streams.publish.delivery import Delivery
from streams.topics import create_topics
from tests.streams.spoken_numbers import START_S, chunked, new_transcriber, sound

pytestmark = pytest.mark.slow

ReadEvents = Any  # a fixture
SAID = ([1, 2, 3, 4], list(range(10, 34)), [40, 41, 42])
STRUCK_AFTER = 6  # chunks of a second: in the middle of the long utterance
LONGER_THAN_IDLE_S = 9.0


class RunBrokerAt(Protocol):
    def __call__(self, port: int) -> AbstractContextManager[subprocess.Popen[bytes]]: ...


@dataclass
class Setting:
    """A broker and a worker that is started again when it ends, as the supervisor does."""

    bootstrap: str
    broker: subprocess.Popen[bytes]
    start_broker: Callable[[], subprocess.Popen[bytes]]
    worker: subprocess.Popen[bytes]

    def restart_at_once(self) -> None:
        self.restart(0.0)

    def restart_later(self) -> None:
        self.restart(LONGER_THAN_IDLE_S)

    def restart(self, away_s: float) -> None:
        self.broker.kill()
        self.broker.wait()
        time.sleep(away_s)
        self.broker = self.start_broker()

    def freeze_broker(self) -> None:
        freeze(self.broker)

    def freeze_worker(self) -> None:
        freeze(self.worker)


def freeze(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGSTOP)
    time.sleep(LONGER_THAN_IDLE_S)
    process.send_signal(signal.SIGCONT)


@pytest.fixture
def tansu(
    run_broker_at: RunBrokerAt, free_port: Callable[[], int], tmp_path: Path, topology: Topology
) -> Iterator[Setting]:
    port = free_port()
    with run_broker_at(port) as broker, working(f"127.0.0.1:{port}", broker, lambda: broker, tmp_path, topology) as one:
        yield one


@pytest.fixture
def kafka(free_port: Callable[[], int], tmp_path: Path, topology: Topology) -> Iterator[Setting]:
    from streams.broker import prepare_apache_kafka

    home = os.environ.get("NOWSEEN_KAFKA_HOME")
    if not home:
        pytest.skip("NOWSEEN_KAFKA_HOME names no Apache Kafka")
    port, started = free_port(), list[subprocess.Popen[bytes]]()
    command = prepare_apache_kafka(Path(home), tmp_path / "kafka", port)

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return started[-1]

    try:
        with working(f"127.0.0.1:{port}", start(), start, tmp_path, topology) as one:
            yield one
    finally:
        for broker in started:
            broker.kill()
            broker.wait()
        shutil.rmtree(tmp_path / "kafka", ignore_errors=True)


@contextmanager
def working(
    bootstrap: str,
    broker: subprocess.Popen[bytes],
    start_broker: Callable[[], subprocess.Popen[bytes]],
    folder: Path,
    topology: Topology,
) -> Iterator[Setting]:
    settings = KafkaSettings(bootstrap)
    wait_until_reachable(settings, 60.0)
    create_topics(settings, topology)
    command = [sys.executable, "-m", "tests.streams.speech_worker", bootstrap, (folder / "archive").as_uri()]
    done = threading.Event()
    with ExitStack() as closing, (folder / "worker.log").open("wb") as log:

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, stdout=log, stderr=log)

        setting = Setting(bootstrap, broker, start_broker, start())

        def supervise() -> None:
            while not done.wait(0.2):
                if setting.worker.poll() is not None:
                    setting.worker = start()

        supervisor = threading.Thread(target=supervise)
        supervisor.start()
        closing.callback(lambda: setting.worker.wait())
        closing.callback(lambda: setting.worker.kill())
        closing.callback(supervisor.join)
        closing.callback(done.set)
        yield setting


@pytest.mark.parametrize(
    ("broker", "strike"),
    [
        ("tansu", Setting.freeze_broker),
        ("tansu", Setting.freeze_worker),
        pytest.param("kafka", Setting.restart_at_once, marks=pytest.mark.kafka),
        pytest.param("kafka", Setting.restart_later, marks=pytest.mark.kafka),
        pytest.param("kafka", Setting.freeze_broker, marks=pytest.mark.kafka),
        pytest.param("kafka", Setting.freeze_worker, marks=pytest.mark.kafka),
    ],
)
def test_utterances_are_those_of_a_quiet_run(
    broker: str,
    strike: Callable[[Setting], None],
    request: pytest.FixtureRequest,
    topology: Topology,
    read_events: ReadEvents,
    tmp_path: Path,
) -> None:
    setting: Setting = request.getfixturevalue(broker)
    chunks = [each.chunk for each in chunked(sound(*SAID))]
    delivery = Delivery(KafkaSettings(setting.bootstrap), topology, None, on_trouble=lambda _: None)
    delivery.send(replace(chunks[0], source="warm-up", is_last=True))  # the worker has its partitions when this is done
    assert delivery.flush(60.0) == 0
    until(lambda: read_events(setting.bootstrap, "moments", "warm-up", 1), tmp_path)

    striking = threading.Thread(target=strike, args=(setting,))
    for number, chunk in enumerate(chunks):
        if number == STRUCK_AFTER:
            striking.start()
        delivery.send(chunk)
        delivery.poll(0.0)
        time.sleep(1.0)  # as it is said
    striking.join()
    assert delivery.flush(120.0) == 0

    def done() -> bool:
        return any(event.until_s >= chunks[-1].end_s - 0.01 for event in found() if isinstance(event, CoverageAdvanced))

    def found() -> list[object]:
        return [record.event for record in read_events(setting.bootstrap, "moments", "s", 1000)]

    until(done, tmp_path)
    transcriber = new_transcriber()
    expected = transcriber.describe(transcriber.cut(chunked(sound(*SAID)), START_S)).facts
    assert moments(found()) == moments(expected)


def moments(facts: Any) -> dict[str, tuple[float, float, str]]:
    found = [fact for fact in facts if isinstance(fact, MomentDescribed) and fact.is_final]
    return {moment_id(fact): (round(fact.start_s, 3), round(fact.end_s, 3), fact.text) for fact in found}


def until(happens: Callable[[], Any], folder: Path) -> None:
    deadline_s = time.monotonic() + 120.0
    while not happens():
        if time.monotonic() > deadline_s:
            pytest.fail((folder / "worker.log").read_text()[-4000:])
