"""Alerts in a storm, a node that is killed in the middle of it, and a receiver that checks every signature."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from domain.alerts import AlertRaised
from domain.events import Event, MomentDescribed, encode
from domain.incident_facts import EvidenceLine, IncidentFacts
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings
from streams.topics import create_topics

pytestmark = pytest.mark.slow

ALERTS = 300
RECEIVER = Path(__file__).with_name("webhook_receiver.py")


class Node:
    """A search node of its own broker and folder, which may be killed and started again."""

    def __init__(self, folder: Path, broker: str, port: int, allowed: str) -> None:
        self.api = f"http://127.0.0.1:{port}"
        self.log = folder / "node.log"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("NOWSEEN_")} | {
            "NOWSEEN_DATA": str(folder / "data"),
            "NOWSEEN_BROKER": broker,
            "NOWSEEN_API_PORT": str(port),
            "NOWSEEN_DOWNLOAD": "false",
            "NOWSEEN_WEBHOOK_ALLOW": allowed,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nowseen", "node"], env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        self.until(lambda: self._is_there(), "the node answers", 120.0)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Output of `nowseen ARGUMENTS`, which must end with `code`."""
        command = [sys.executable, "-m", "nowseen", *arguments]
        done = subprocess.run(command, env=self.env | {"COLUMNS": "160"}, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr + self.log.read_text()[-4000:]
        return done.stdout + done.stderr

    def until(self, happens: Callable[[], bool], what: str, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not happens():
            if time.monotonic() > deadline or (self.process is not None and self.process.poll() is not None):
                pytest.fail(f"not within {within_s:.0f} s: {what}\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def _is_there(self) -> bool:
        try:
            return httpx.get(self.api + "/webhooks").is_success
        except httpx.TransportError:
            return False


@pytest.fixture(params=["tansu", pytest.param("apache", marks=pytest.mark.kafka)])
def broker(
    request: pytest.FixtureRequest, topology: Topology, free_port: Callable[[], int], run_broker_at: Any
) -> Iterator[str]:
    """host:port of one that survives the node, with the product's topics."""
    with contextlib.ExitStack() as running:
        if request.param == "apache":
            address: str = request.getfixturevalue("apache_kafka")
        else:
            running.enter_context(run_broker_at(port := free_port()))
            address = f"127.0.0.1:{port}"
        create_topics(KafkaSettings(address), topology)
        yield address


@pytest.fixture
def node(tmp_path: Path, broker: str, free_port: Callable[[], int]) -> Iterator[Node]:
    node = Node(tmp_path, broker, free_port(), f"127.0.0.1:{free_port()}")
    try:
        yield node
    finally:
        if node.process is not None and node.process.poll() is None:
            node.kill()


@pytest.fixture
def start_receiver(tmp_path: Path, node: Node) -> Iterator[Callable[[str, int], Path]]:
    """Starts it with a secret, and so many answers of 503 at first; gives the log."""
    processes = []

    def start(secret: str, busy: int) -> Path:
        held, log = tmp_path / "secret", tmp_path / "received"
        held.write_text(secret)
        log.touch()
        port = node.env["NOWSEEN_WEBHOOK_ALLOW"].rpartition(":")[2]
        processes.append(subprocess.Popen([sys.executable, str(RECEIVER), port, str(held), str(log), str(busy)]))
        return log

    yield start
    for process in processes:
        process.kill()
        process.wait()


def listens(node: Node) -> bool:
    host, _, port = node.env["NOWSEEN_WEBHOOK_ALLOW"].rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def alert(number: int) -> AlertRaised:
    line = EvidenceLine("words", "Feuer!", 0.9, 1_790_000_000.0 + number)
    facts = IncidentFacts(
        "fire", f"incident-{number}", 0, "opened", 1_790_000_001.0 + number, "lobby", 1_790_000_000.0 + number,
        1_790_000_001.0 + number, f"alert {number}: Feuer!", (line,),
    )  # fmt: skip
    return AlertRaised(facts, ("ops",), "rule-1")


def publish(node: Node, topic: str, events: Sequence[Event]) -> None:
    producer = Producer({"bootstrap.servers": node.env["NOWSEEN_BROKER"]})
    for message in map(encode, events):
        producer.produce(topic, message.value, message.key, headers=list(message.headers.items()))
    assert producer.flush(20) == 0


def received(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def state(node: Node, name: str) -> dict[str, Any]:
    (found,) = (one for one in json.loads(node.run("webhooks", "list", "--json"))["webhooks"] if one["name"] == name)
    return dict(found)


def taken(log: Path) -> set[str]:
    """Incidents that the receiver has taken."""
    return {json.loads(one["body"])["data"]["incident"] for one in received(log) if one["status"] == 204}


def test_what_a_rule_finds_reaches_the_webhook_that_it_names(
    node: Node, start_receiver: Callable[[str, int], Path]
) -> None:
    node.start()
    shown = node.run("webhooks", "add", "pier", f"http://{node.env['NOWSEEN_WEBHOOK_ALLOW']}/hook")
    (secret,) = (line.strip() for line in shown.splitlines() if line.startswith("whsec_"))
    log = start_receiver(secret, 0)
    node.until(lambda: listens(node), "the receiver listens", 30.0)
    node.run("rules", "add", '"lifeboat drill"', "--name", "Lifeboats", "--webhook", "pier")
    node.run("rules", "add", '"lifeboat"', "--name", "Untold")
    vector = (1.0, *[0.0] * 383)  # as long as those of the packaged sentence encoder
    now_s = time.time() // 1
    publish(
        node,
        "moments",
        [
            MomentDescribed("pier", "text", now_s, now_s, "minilm", {"text": vector}, text)
            for text in ("a lifeboat drill at noon", "the sea is calm")
        ],
    )
    node.until(lambda: bool(received(log)), "the webhook arrives", 60.0)
    assert node.stop() == 0

    (told,) = received(log)
    body = json.loads(told["body"])
    assert told["genuine"] and body["type"] == "incident.opened"
    assert (body["data"]["rule"], body["data"]["what"], body["data"]["where"]) == (
        "Lifeboats", "a lifeboat drill at noon", "pier",
    )  # fmt: skip


def test_a_node_killed_in_a_storm_loses_no_alert_and_invents_none(
    node: Node, start_receiver: Callable[[str, int], Path]
) -> None:
    node.start()
    shown = node.run("webhooks", "add", "ops", f"http://{node.env['NOWSEEN_WEBHOOK_ALLOW']}/hook")
    (secret,) = (line.strip() for line in shown.splitlines() if line.startswith("whsec_"))
    assert "did not arrive" in node.run("webhooks", "test", "ops", code=2)
    log = start_receiver(secret, 3)
    node.until(lambda: listens(node), "the receiver listens", 30.0)
    assert "answered 503" in node.run("webhooks", "test", "ops", code=2)

    publish(node, "alerts", [alert(number) for number in range(ALERTS // 2)])
    node.until(lambda: len(taken(log)) >= 20, "deliveries are under way", 60.0)
    node.kill()
    before = taken(log)
    publish(node, "alerts", [alert(number) for number in range(ALERTS // 2, ALERTS)])
    node.start()
    node.until(lambda: len(taken(log)) >= len(before) + 20, "they go on", 60.0)
    node.kill()
    between = taken(log)
    node.start()
    node.until(lambda: len({one for one in taken(log) if one.startswith("incident-")}) >= ALERTS, "all arrive", 120.0)
    node.until(lambda: state(node, "ops")["pending"] == 0, "all are settled", 60.0)
    at_last = state(node, "ops")
    assert node.stop() == 0

    told = [one for one in received(log) if json.loads(one["body"])["data"]["rule"] == "fire"]
    assert all(one["genuine"] for one in received(log))
    assert len(before) < ALERTS // 2 and len(between) < ALERTS  # it was killed in the middle, both times
    ids: dict[str, set[tuple[str, str]]] = {}
    for one in told:
        ids.setdefault(json.loads(one["body"])["data"]["incident"], set()).add((one["id"], one["body"]))
    assert set(ids) == {f"incident-{number}" for number in range(ALERTS)}
    assert all(len(each) == 1 for each in ids.values())
    assert len({id for each in ids.values() for id, _ in each}) == ALERTS
    assert (at_last["failures"], at_last["disabled_because"]) == (0, None)
    assert secret not in node.log.read_text() and "/hook" not in node.log.read_text()
