"""Rules in a search node of its own: at work within seconds; killed in a storm, nothing is lost and none invented."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from PIL import Image as Pillow
from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]  # ships no types

from domain.alerts import AlertRaised
from domain.events import MomentDescribed, decode, encode
from domain.ports import PictureEncoder
from encoders import EncoderOptions, load
from nowseen.samples import SPEECH, fetch_samples
from nowseen.settings import load_settings

pytestmark = pytest.mark.slow

SOURCES, TEXTS, APART_S = 4, 100, 700.0
SIZE = 384  # of the packaged sentence encoder's vectors


class Node:
    """May be killed and started again; the broker lives on."""

    def __init__(self, folder: Path, broker: str, port: int) -> None:
        self.broker, self.api, self.log = broker, f"http://127.0.0.1:{port}", folder / "node.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("NOWSEEN_")} | {
            "NOWSEEN_DATA": str(folder / "data"),
            "NOWSEEN_BROKER": broker,
            "NOWSEEN_API_PORT": str(port),
            "NOWSEEN_DOWNLOAD": "false",
            "COLUMNS": "160",
        }

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "nowseen", "node"]
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        self.until(lambda: self.get("/health"), "the node is ready", 180.0)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "nowseen", "rules", *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr + self.log.read_text()[-4000:]
        return done.stdout

    def get(self, path: str) -> Any:
        try:
            answer = httpx.get(self.api + path, timeout=30.0)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def until(self, happens: Callable[[], Any], what: str, within_s: float) -> Any:
        deadline = time.monotonic() + within_s
        while not (result := happens()):
            if time.monotonic() > deadline or (self.process is not None and self.process.poll() is not None):
                pytest.fail(f"not within {within_s:.0f} s: {what}\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)
        return result

    def publish(self, moments: list[MomentDescribed]) -> None:
        producer = Producer({"bootstrap.servers": self.broker})
        for moment in moments:
            message = encode(moment)
            producer.produce("moments", message.value, message.key, headers=list(message.headers.items()))
        assert producer.flush(20) == 0

    def alerts(
        self, rule: str, enough: Callable[[list[AlertRaised]], bool], within_s: float = 120.0
    ) -> list[AlertRaised]:
        """All that were raised by a rule, once they are enough. Other tests' may stand on the same topic."""
        consumer = Consumer({"bootstrap.servers": self.broker, "group.id": "tests", "enable.auto.commit": False})
        found: list[AlertRaised] = []
        try:
            parts = consumer.list_topics("alerts", 10).topics["alerts"].partitions
            consumer.assign([TopicPartition("alerts", number, OFFSET_BEGINNING) for number in parts])

            def read() -> bool:
                while (record := consumer.poll(0.5)) is not None and record.error() is None:
                    headers: Any = record.headers() or []
                    event = decode(record.key(), record.value(), dict(headers))
                    assert isinstance(event, AlertRaised)
                    if event.facts.rule == rule:
                        found.append(event)
                return enough(found)

            self.until(read, "the alerts are raised", within_s)
        finally:
            consumer.close()
        return found


@pytest.fixture(params=[pytest.param("tansu"), pytest.param("apache", marks=pytest.mark.kafka)])
def node(
    request: pytest.FixtureRequest, tmp_path: Path, free_port: Callable[[], int], run_broker_at: Any
) -> Iterator[Node]:
    if request.param == "apache":
        node = Node(tmp_path, request.getfixturevalue("apache_kafka"), free_port())
        yield from _lived(node)
        return
    port = free_port()
    with run_broker_at(port):
        yield from _lived(Node(tmp_path, f"127.0.0.1:{port}", free_port()))


def _lived(node: Node) -> Iterator[Node]:
    try:
        node.start()
        yield node
    finally:
        if node.process is not None and node.process.poll() is None:
            node.kill()


def said(source: str, number: int, text: str) -> MomentDescribed:
    start_s = time.time() // 1 - 86_400 + number * APART_S
    vector = (1.0, *[0.0] * (SIZE - 1))
    return MomentDescribed(source, "text", start_s, start_s, "minilm", {"text": vector}, text)


def seen(start_s: float, picture: np.ndarray[Any, Any], pictures: PictureEncoder) -> MomentDescribed:
    [vector] = pictures.encode_images([np.ascontiguousarray(picture)])
    name = pictures.info.name
    return MomentDescribed("hall", "scene", start_s, start_s + 4.0, name, {"image": tuple(vector.tolist())})


def test_a_rule_by_a_picture_tells_of_what_is_like_it(node: Node, tmp_path: Path) -> None:
    options = EncoderOptions(tmp_path, device="cpu", allow_download=False)
    pictures = load("pictures", "concept", options)
    palace, flower = load_sample_images().images
    began_s = time.time() // 1 - 3 * 86_400
    first = seen(began_s, palace, pictures)
    history = [replace(first, start_s=began_s + n * 300.0, end_s=began_s + n * 300.0 + 4.0) for n in range(600)]
    node.publish(history)
    node.until(lambda: (node.get("/sources") or {}).get("sources") and _stored(node) == 600, "they are stored", 120.0)
    shown = tmp_path / "flower.png"
    Pillow.fromarray(flower).save(shown)
    assert "is watched for" in node.run("add", "source:hall", "--picture", str(shown), "--name", "Flower")
    later_s = began_s + 610 * 300.0
    node.publish([seen(later_s, palace, pictures), seen(later_s + 900, flower[20:-20, 20:-20], pictures)])
    (alert,) = node.alerts("Flower", lambda found: len(found) >= 1, 60.0)
    assert (alert.facts.rule, alert.facts.state, alert.facts.source) == ("Flower", "opened", "hall")
    assert [line.what for line in alert.facts.evidence] == ["picture"]
    assert alert.facts.start_s == later_s + 900  # not the palace
    assert "like a picture, source:hall" in " ".join(node.run().split())
    read = fetch_samples(load_settings().cache, [SPEECH])
    assert "is watched for" in node.run("add", "--voice", str(read.files["austen-0870.wav"]), "--name", "Her voice")
    assert {rule["name"]: rule["like"] for rule in node.get("/rules")["rules"]} == {
        "Flower": "a picture", "Her voice": "a voice",
    }  # fmt: skip
    told = json.loads(node.run("test", "source:hall", "--picture", str(shown), "--days", "4", "--json"))
    assert len(told["incidents"]) == 1
    for name in ("Flower", "Her voice"):  # another test may begin with what this one leaves
        node.run("rm", name)
    assert node.get("/rules")["rules"] == []


def _stored(node: Node) -> int:
    return int(node.get("/sources")["sources"][0]["moments"].get("scene", 0))


def test_a_rule_is_told_of_what_is_said_and_kept_across_a_kill_in_a_storm(node: Node) -> None:
    assert "is watched for" in node.run("add", '"drill"', "--name", "Drill")
    node.publish([said("desk", 0, "a fire drill at noon")])
    (first,) = node.alerts("Drill", lambda found: len(found) >= 1, 20.0)
    assert (first.facts.rule, first.facts.state, first.facts.text) == ("Drill", "opened", "a fire drill at noon")

    storm = [
        [said(f"gate-{source}", number, f"drill {number} at gate {source}") for source in range(SOURCES)]
        for number in range(TEXTS)
    ]
    for number, texts in enumerate(storm):
        node.publish(texts)
        if number == TEXTS // 2:
            node.alerts("Drill", lambda found: len(found) > TEXTS // 4)
            node.kill()
    node.start()
    expected = {moment.text for texts in storm for moment in texts} | {"a fire drill at noon"}

    def opened(found: list[AlertRaised]) -> list[AlertRaised]:
        return [alert for alert in found if alert.facts.state == "opened"]

    found = node.alerts("Drill", lambda found: {alert.facts.text for alert in opened(found)} >= expected)
    ids = {alert.facts.incident: alert.facts.text for alert in opened(found)}
    assert sorted(ids.values()) == sorted(expected)  # each told, and no incident twice under another name
    assert {alert.facts.incident for alert in found} == ids.keys()
    for alert in opened(found):
        assert ids[alert.facts.incident] == alert.facts.text
    (rule,) = json.loads(node.run("--json"))["rules"]
    assert (rule["name"], rule["query"]) == ("Drill", '"drill"')
    for over in ("stored", "replay"):
        options = ["--replay"] if over == "replay" else []
        tried = json.loads(node.run("test", "--rule", "Drill", "--days", "3", "--json", *options))
        assert tried["over"] == over
        assert {each["id"] for each in tried["incidents"]} == set(ids)
