"""What people set up, decided or were told is there after every kind of end, whichever broker runs."""

from __future__ import annotations

import http.server
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from nowseen.samples import SPEECH, fetch_samples
from nowseen.settings import load_settings
from tests.e2e.conftest import Stack

pytestmark = pytest.mark.slow


class Receiver:
    """Takes webhooks, and notes the id and the incident's state of each."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.told.append((self.headers["webhook-id"], body["type"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver()) as receiver:
        yield receiver


@pytest.fixture(params=["tansu", pytest.param("apache-kafka", marks=pytest.mark.kafka)])
def left_running(request: pytest.FixtureRequest, tmp_path: Path, receiver: Receiver) -> Iterator[Stack]:
    kafka_home = os.environ.get("NOWSEEN_KAFKA_HOME") if request.param == "apache-kafka" else None
    if request.param == "apache-kafka" and kafka_home is None:
        pytest.skip("NOWSEEN_KAFKA_HOME names no Apache Kafka")
    stack = Stack(tmp_path, kafka_home, receiver.address)
    try:
        yield stack
    finally:
        stack.stop()


def set_up(stack: Stack) -> dict[str, Any]:
    """Everything that a person made or decided, as the API shows it."""
    return {
        "rules": [
            (each["name"], each["query"], each["state"], each["marked_right"]) for each in stack.get("/rules")["rules"]
        ],
        "webhooks": [each["name"] for each in stack.get("/webhooks")["webhooks"]],
        "speakers": [each["name"] for each in stack.get("/speakers")["speakers"]],
        "incidents": {(each["id"], each["rule"], each["start_s"]) for each in stack.get("/incidents")["incidents"]},
    }


def kill_the_broker(stack: Stack, _: Path) -> None:
    broker(stack).kill()


def kill_what_the_broker_runs(stack: Stack, _: Path) -> None:
    for process in broker(stack).children() or [broker(stack)]:  # Tansu; Apache Kafka is the process itself
        process.kill()


def kill_all_but_the_broker(stack: Stack, _: Path) -> None:
    for name in ("worker", "node", "dashboard"):
        stack.part(name).kill()


def broker(stack: Stack) -> psutil.Process:
    """`nowseen broker` becomes Java where it runs Apache Kafka."""
    try:
        return stack.part("broker")
    except LookupError:
        children = psutil.Process(stack.process.pid).children(recursive=True)
        return next(child for child in children if "kafka.Kafka" in child.cmdline() and "-I" not in child.cmdline())


def stop_and_start(stack: Stack, _: Path) -> None:
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(20) == 0
    stack.start()


def switch_off_and_on(stack: Stack, folder: Path) -> None:
    """With a text in the broker that no worker has read."""
    stack.part("worker").suspend()
    tell(stack, folder, "nobody has read this", "waiting")
    stack.switch_off(folder / "after")
    stack.start()
    stack.until(lambda: found(stack, "nobody has read this"), "what was not indexed yet is indexed")


ENDS = [kill_the_broker, kill_what_the_broker_runs, kill_all_but_the_broker, stop_and_start, switch_off_and_on]


def test_everything_is_there_after_every_kind_of_end(left_running: Stack, receiver: Receiver, tmp_path: Path) -> None:
    stack = left_running
    voice = fetch_samples(load_settings().cache, [SPEECH]).files["austen-0890.wav"]
    stack.run("webhooks", "add", "ops", f"http://{receiver.address}/told")
    stack.run("rules", "add", '"burst water main"', "--name", "Burst", "--webhook", "ops")
    stack.run("rules", "add", "a pipe broke and the street is under water", "--name", "Flood")
    stack.run("speakers", "enrol", "Bea", str(voice), "--consent", "a test")
    tell(stack, tmp_path, "before everything", "news")
    stack.until(lambda: stack.get("/incidents")["incidents"], "there is an incident")
    [moment] = stack.search('"before everything"')
    answer = httpx.post(
        f"{stack.api}/rules/flood/marks",
        json={"moment_id": moment["evidence"][0]["moment_id"], "is_right": True},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    made = set_up(stack)
    assert [(name, marked_right) for name, _, _, marked_right in made["rules"]] == [("Burst", 0), ("Flood", 1)]
    assert (made["webhooks"], made["speakers"]) == (["ops"], ["Bea"])

    for number, end in enumerate(ENDS):
        end(stack, tmp_path)
        look(stack, tmp_path, f"after end number {number}", made)

    stack.until(lambda: len(receiver.told) >= len(ENDS) + 2, "all of it was told")
    assert set(Counter(receiver.told).values()) == {1}
    assert {state for _, state in receiver.told} == {"incident.opened"}


def look(stack: Stack, folder: Path, words: str, made: dict[str, Any]) -> None:
    """All that was made is there, and a new text is found and told of."""
    tell(stack, folder, words, words.replace(" ", "-"))  # another source, so another incident
    stack.until(lambda: found(stack, words), f"{words} is found", 120.0)
    assert stack.complete_until("news", "text") > 0
    now = set_up(stack)
    assert now["incidents"] >= made["incidents"]
    assert now | {"incidents": made["incidents"]} == made
    stack.until(lambda: any(words in each for each in incidents(stack)), "the rule still watches")
    made["incidents"] = set_up(stack)["incidents"]


def incidents(stack: Stack) -> list[str]:
    return [each["text"] for each in stack.get("/incidents")["incidents"]]


def tell(stack: Stack, folder: Path, words: str, source: str) -> None:
    """Publishes a text, which waits for a broker that is away."""
    path = folder / f"{source}.txt"
    path.write_text(f"A burst water main has closed the bridge, {words}.\n")
    stack.until(lambda: _is_published(stack, path, source), f"{source} is published", 60.0)


def _is_published(stack: Stack, path: Path, source: str) -> bool:
    try:
        return stack.publish(str(path), "--source", source)["ok"] is True
    except AssertionError:  # the broker is on its way
        return False


def found(stack: Stack, words: str) -> bool:
    try:
        return bool(stack.search(f'"{words}"'))
    except (httpx.TransportError, AssertionError):  # the node is on its way
        return False
