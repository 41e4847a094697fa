"""What tests of several packages share: real brokers, and media made on the spot."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import psutil
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from hypothesis import HealthCheck, settings

from domain.events import Event, decode
from domain.topology import Topology, parse_topology

_QUIET_S = 6.0
_MEMORY_FILES = Path("/dev/shm")
_SLOW_TIMEOUT_S = 1200  # whole products are started, and data sets evaluated
_ROOM_BYTES = 8 * 2**30  # several times what the largest test writes

# How long an example takes on a busy machine is not what a test is about.
settings.register_profile("nowseen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nowseen")

# A client says when its broker stops; at the end of a session that is no news.
logging.getLogger("nowseen.kafka").addHandler(logging.NullHandler())
logging.getLogger("nowseen.kafka").propagate = False


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files lie in memory where there is room: each shard of a store begins as 64 MB of zeros, and on a disk
    the tests of stores take three times as long."""
    if config.option.basetemp is None and _MEMORY_FILES.is_dir():
        room_bytes = min(shutil.disk_usage(_MEMORY_FILES).free, psutil.virtual_memory().available)
        if room_bytes >= _ROOM_BYTES:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY_FILES))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(_SLOW_TIMEOUT_S))


def pytest_runtest_setup(item: pytest.Item) -> None:
    threading.main_thread().name = item.nodeid  # when a test hangs, pytest-timeout shows the stacks of threads by name


@pytest.fixture(scope="session")
def topology() -> Topology:
    """The product's own."""
    return parse_topology((Path(__file__).parents[1] / "topology.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A port of 127.0.0.1 that was free, with its successor, a moment ago."""

    def find() -> int:
        while True:
            with closing(socket.socket()) as probe, closing(socket.socket()) as next_probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
                try:
                    next_probe.bind(("127.0.0.1", port + 1))
                except (OSError, OverflowError):
                    continue
                return port

    return find


@pytest.fixture(scope="session")
def run_broker_at(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[int], AbstractContextManager[subprocess.Popen[bytes]]]:
    """Runs the default broker at a port, without data, for as long as a with block, which is given its process."""

    def run(port: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
        data = tmp_path_factory.mktemp("broker")
        return _running([sys.executable, "-m", "tests.default_broker", str(port), str(data)], port)

    return run


@pytest.fixture(scope="session")
def run_bare_tansu_at() -> Callable[[int], AbstractContextManager[subprocess.Popen[bytes]]]:
    """Runs Tansu at a port as it is, without what the default broker puts before it: it lets in nearly everything."""
    from streams.broker import tansu_command

    return lambda port: _running(tansu_command(port), port)


@pytest.fixture(scope="session")
def tansu_broker(
    free_port: Callable[[], int], run_broker_at: Callable[[int], AbstractContextManager[object]]
) -> Iterator[str]:
    """host:port of the default broker. Tests share it: use source names of your own."""
    port = free_port()
    with run_broker_at(port):
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def apache_kafka(free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a real Apache Kafka. For tests marked `kafka`."""
    from streams.broker import prepare_apache_kafka

    home = os.environ.get("NOWSEEN_KAFKA_HOME")
    if not home:
        pytest.skip("NOWSEEN_KAFKA_HOME names no Apache Kafka")
    port, data = free_port(), tmp_path_factory.mktemp("kafka")
    with _running(prepare_apache_kafka(Path(home), data, port), port):
        yield f"127.0.0.1:{port}"
    shutil.rmtree(data, ignore_errors=True)


class _running(AbstractContextManager[subprocess.Popen[bytes]]):  # noqa: N801  (a context manager)
    def __init__(self, command: list[str], port: int) -> None:
        self._command = command
        self._port = port

    def __enter__(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                pytest.fail(f"the broker ended with exit code {self._process.returncode}: {self._command}")
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return self._process
            time.sleep(0.05)
        self.__exit__()
        pytest.fail("the broker did not listen within 60 s")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True)
class Received:
    """A record as a consumer sees it."""

    partition: int
    offset: int
    event: Event
    headers: dict[str, bytes]


class ReadEvents(Protocol):
    def __call__(self, bootstrap: str, topic: str, source: str, count: int) -> list[Received]: ...


@pytest.fixture(scope="session")
def read_events() -> ReadEvents:
    """The first `count` events of one source, in the broker's order; fewer when no more come for _QUIET_S."""

    def read(bootstrap: str, topic: str, source: str, count: int) -> list[Received]:
        logger = logging.getLogger("nowseen.kafka")
        settings = {
            "bootstrap.servers": bootstrap,
            "group.id": "tests",
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 20_000_000,
            "logger": logger,
        }
        consumer = Consumer(settings)
        try:
            partitions = consumer.list_topics(topic, 10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
            found: list[Received] = []
            quiet_since = time.monotonic()
            while len(found) < count and time.monotonic() < quiet_since + _QUIET_S:
                message = consumer.poll(0.5)
                if message is None or message.error() is not None:
                    continue
                quiet_since = time.monotonic()
                if message.key() != source.encode():
                    continue
                pairs: Any = message.headers() or []
                headers = {str(name): bytes(value) for name, value in pairs}
                event = decode(message.key(), message.value(), headers)
                found.append(Received(message.partition() or 0, message.offset() or 0, event, headers))
            return sorted(found, key=lambda one: (one.partition, one.offset))
        finally:
            consumer.close()

    return read


@dataclass(frozen=True, slots=True)
class Film:
    """What to make: moving bars and a tone."""

    video: str | None = "libx264"
    audio: str | None = "aac"
    seconds: float = 10.0
    fps: int = 25
    keyframe_every: int = 50  # frames; encoders add none of their own
    width: int = 160
    height: int = 120
    rate_hz: int = 48_000
    video_options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)


class MakeFilm(Protocol):
    def __call__(self, path: Path, film: Film = ...) -> Path: ...


_QUIET = {
    "libx264": {"sc_threshold": "0", "preset": "ultrafast", "bf": "2", "threads": "1"},
    "mpeg2video": {"bf": "2", "sc_threshold": "1000000000"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:scenecut=0:bframes=3:b-adapt=0:open-gop=1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


@pytest.fixture(scope="session")
def film_type() -> type[Film]:
    return Film


@pytest.fixture(scope="session")
def make_film() -> MakeFilm:
    """Writes a film; the container follows the path's ending."""

    def make(path: Path, film: Film = Film()) -> Path:
        with av.open(str(path), "w", container_options=film.container_options) as output:
            video: Any = None  # libav's types don't tell what a codec's name makes of a stream
            audio: Any = None
            if film.video is not None:
                options = {**_QUIET.get(film.video, {}), **film.video_options}
                video = output.add_stream(film.video, rate=film.fps, options=options)
                video.width, video.height = film.width, film.height
                video.pix_fmt = "yuvj420p" if film.video == "mjpeg" else "yuv420p"
                video.gop_size = film.keyframe_every
            if film.audio is not None:
                audio = output.add_stream(film.audio, rate=film.rate_hz)
                audio.layout = "stereo"
            for number in range(round(film.seconds * film.fps)):
                if video is not None:
                    picture = av.VideoFrame.from_ndarray(_picture(film, number), format="rgb24")
                    picture.pts, picture.time_base = number, Fraction(1, film.fps)
                    output.mux(video.encode(picture))
            if video is not None:
                output.mux(video.encode(None))
            if audio is not None:
                resampler = av.AudioResampler(
                    audio.format.name, "stereo", film.rate_hz, frame_size=audio.codec_context.frame_size or 1024
                )
                tone = _tone(film)
                for start in range(0, tone.shape[1], 1024):
                    part = np.ascontiguousarray(tone[:, start : start + 1024])
                    sound = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
                    sound.sample_rate, sound.pts, sound.time_base = film.rate_hz, start, Fraction(1, film.rate_hz)
                    for piece in resampler.resample(sound):
                        output.mux(audio.encode(piece))
                for piece in resampler.resample(None):
                    output.mux(audio.encode(piece))
                output.mux(audio.encode(None))
        return path

    return make


def _picture(film: Film, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = np.full((film.height, film.width, 3), 60, dtype=np.uint8)
    at = number * 3 % (film.width - 8)
    picture[:, at : at + 8] = (230, 180, 40)
    return picture


def _tone(film: Film) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    times = np.arange(round(film.seconds * film.rate_hz)) / film.rate_hz
    return np.stack([0.3 * np.sin(2 * np.pi * 440 * times)] * 2).astype(np.float32)


class MakeCrossEncoder(Protocol):
    def __call__(self, folder: Path, scores: int = 1) -> str: ...


@pytest.fixture(scope="session")
def make_cross_encoder() -> MakeCrossEncoder:
    """Saves a small cross-encoder with random weights, the same in every run; gives its name for `encoders.load`."""

    def make(folder: Path, scores: int = 1) -> str:
        from encoders.torchvision_shim import make_torchvision_importable

        make_torchvision_importable()
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "bus", "stops", "the", "dog", "barks"]
        config = BertConfig(
            vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=32, initializer_range=1.0, id2label={at: f"score {at}" for at in range(scores)},
            label2id={f"score {at}": at for at in range(scores)},
        )  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(7)
            BertForSequenceClassification(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
        (folder / "vocab.txt").write_text("\n".join(words))
        BertTokenizer(str(folder / "vocab.txt"), model_max_length=30).save_pretrained(folder)
        return f"cross_encoder:{folder}"

    return make
