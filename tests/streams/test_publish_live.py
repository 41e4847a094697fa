"""Addresses: streams that never end, end too early, or are files after all. Their servers are really killed."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.events import ChunkPublished
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings
from streams.publish import Delivery, Publication, PublishOptions, find_sources
from streams.topics import create_topics

_LONG_S = 60.0  # a machine may be busy; nothing here waits that long unless it fails

# Sends the stream and keeps the connection open, as a camera does; nothing tells how long it is.
_CAMERA = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
media = open(sys.argv[2], "rb").read()
class Camera(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/live":
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", "video/mp2t")
        self.end_headers()
        for start in range(0, len(media), 20 * 188):
            self.wfile.write(media[start:start + 20 * 188])
            time.sleep(0.001)
        time.sleep(3600)
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Camera).serve_forever()
"""


def test_a_camera_that_goes_and_comes_back(
    tansu_broker: str,
    free_port: Callable[[], int],
    topology: Topology,
    tmp_path: Path,
    make_film: Any,
    read_events: Any,
) -> None:
    create_topics(KafkaSettings(tansu_broker), topology)
    film = make_film(tmp_path / "film.ts")
    port, name = free_port(), f"s{secrets.token_hex(6)}"
    told: list[str] = []
    delivery = Delivery(KafkaSettings(tansu_broker), topology, None)
    publication = Publication(
        find_sources([f"http://127.0.0.1:{port}/live"], name),
        topology,
        delivery,
        PublishOptions(timeout_s=5.0),
        report=lambda _, what: told.append(what),
    )
    began_s = time.time()
    with _serving(_CAMERA, port, film):
        publication.start()
        _until(publication, lambda: publication.progress[0].events >= 4)
    _until(publication, lambda: any("lost" in what and "trying again" in what for what in told))
    before = publication.progress[0].events
    with _serving(_CAMERA, port, film):
        _until(publication, lambda: publication.progress[0].events >= before + 4)
        publication.stop()
        report = publication.finish(20)
    assert report.ok, (told, report)
    for topic in ("media.video", "media.audio"):
        events = [record.event for record in read_events(tansu_broker, topic, name, 100)]
        assert len(events) >= 4
        assert not any(event.is_last for event in events)
        assert events[0].start_s >= began_s - 1
        assert all(one.end_s <= two.start_s + 0.15 for one, two in pairwise(events))


def test_a_wrong_address_is_told_at_once(free_port: Callable[[], int], topology: Topology, tmp_path: Path) -> None:
    (tmp_path / "film.ts").touch()
    port = free_port()
    with _serving(_CAMERA, port, tmp_path / "film.ts"):
        publication = _publication([f"http://127.0.0.1:{port}/elsewhere"], topology, PublishOptions())
        publication.start()
        _until(publication, lambda: not publication.is_running)
    assert "the server refuses" in (publication.progress[0].failure or "")


def test_retries_end(free_port: Callable[[], int], topology: Topology) -> None:
    publication = _publication([f"http://127.0.0.1:{free_port()}/x"], topology, PublishOptions(retries=1))
    publication.start()
    _until(publication, lambda: not publication.is_running)
    assert "given up after 1 tries" in (publication.progress[0].failure or "")


def test_a_film_on_a_server_is_a_file(
    tansu_broker: str,
    free_port: Callable[[], int],
    topology: Topology,
    tmp_path: Path,
    make_film: Any,
    film_type: Any,
    read_events: Any,
) -> None:
    create_topics(KafkaSettings(tansu_broker), topology)
    # With its index in front: Python's server can't skip to the end of a file.
    make_film(tmp_path / "film.mp4", film_type(container_options={"movflags": "faststart"}))
    port, name = free_port(), f"s{secrets.token_hex(6)}"
    server = f"import runpy, sys; sys.argv[1:] = ['--bind', '127.0.0.1', '--directory', {str(tmp_path)!r}, '{port}']; "
    server += "runpy.run_module('http.server', run_name='__main__')"
    delivery = Delivery(KafkaSettings(tansu_broker), topology, None)
    publication = Publication(
        find_sources([f"http://127.0.0.1:{port}/film.mp4"], name),
        topology,
        delivery,
        PublishOptions(start_s=1000.0),
        report=lambda _, what: None,
    )
    with _serving(server, port, tmp_path):
        publication.start()
        _until(publication, lambda: not publication.is_running)
        report = publication.finish(20)
    assert report.ok
    events: list[ChunkPublished] = [r.event for r in read_events(tansu_broker, "media.video", name, 5)]
    assert [event.start_s for event in events] == [1000.0, 1002.0, 1004.0, 1006.0, 1008.0]
    assert events[-1].is_last


def test_ctrl_c_sends_what_was_read_and_says_so(
    tansu_broker: str, tmp_path: Path, make_film: Any, film_type: Any, read_events: Any
) -> None:
    film = make_film(tmp_path / "film.mp4", film_type(seconds=4, audio=None))
    name = f"s{secrets.token_hex(6)}"
    command = [
        sys.executable,
        "-m",
        "nowseen",
        "publish",
        str(film),
        "--loop",
        "--realtime",
        "--source",
        name,
        "--json",
    ]
    environment = os.environ | {"NOWSEEN_BROKER": tansu_broker, "NOWSEEN_DATA": str(tmp_path / "data")}
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        deadline = time.monotonic() + _LONG_S
        while not _any_event(read_events, tansu_broker, name) and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=_LONG_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 0, errors
    assert '"ok": true' in output
    assert '"undelivered": 0' in output


def _any_event(read_events: Any, bootstrap: str, name: str) -> bool:
    try:
        return bool(read_events(bootstrap, "media.video", name, 1))
    except KeyError:  # the topic is not there yet
        return False


def _publication(arguments: list[str], topology: Topology, options: PublishOptions) -> Publication:
    delivery = Delivery(KafkaSettings("127.0.0.1:1"), topology, None, on_trouble=lambda _: None)
    return Publication(find_sources(arguments), topology, delivery, options, report=lambda _, what: None)


def _until(publication: Publication, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONG_S
    while not condition():
        publication.step(0.05)
        if time.monotonic() > deadline:
            pytest.fail(f"it did not happen: {publication.progress}")


@contextmanager
def _serving(code: str, port: int, what: Path) -> Iterator[None]:
    import socket

    process = subprocess.Popen(
        [sys.executable, "-c", code, str(port), str(what)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + _LONG_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()
