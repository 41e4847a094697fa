"""From files to the broker and back: all of it, in order, or an honest count of what is missing."""

from __future__ import annotations

import errno
import io
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ConfigError
from domain.events import ChunkPublished, Kind, TextPublished
from domain.topology import Topology
from nowseen.publish_command import publish_command
from streams.archive import FsspecArchive
from streams.kafka_clients import KafkaSettings
from streams.publish import Delivery, DeliveryOptions, Publication, PublishOptions, Report, find_sources
from streams.publish.media import MediaReader
from streams.topics import create_topics


@pytest.fixture(params=["tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def name() -> str:
    """A source nobody else publishes."""
    return f"s{secrets.token_hex(6)}"


def _publish(
    paths: list[Path],
    name: str,
    bootstrap: str,
    topology: Topology,
    *,
    archive: FsspecArchive | None = None,
    delivery_options: DeliveryOptions | None = None,
    patience_s: float = 20.0,
) -> tuple[Report, list[str]]:
    """As the command does, without the terminal."""
    told: list[str] = []
    delivery = Delivery(
        KafkaSettings(bootstrap), topology, archive, delivery_options or DeliveryOptions(), on_trouble=told.append
    )
    publication = Publication(
        find_sources([str(path) for path in paths], name),
        topology,
        delivery,
        PublishOptions(start_s=1000.0),
        report=lambda who, what: told.append(f"{who}: {what}"),
    )
    publication.start()
    while publication.is_running:
        publication.step(0.1)
    return publication.finish(patience_s), told


def test_all_of_a_folder_arrives_in_order(
    broker: str,
    name: str,
    topology: Topology,
    tmp_path: Path,
    make_film: Any,
    decode_alone: Any,
    read_events: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_film(tmp_path / "1.mp4")
    (tmp_path / "2.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:03,000 --> 00:00:04,500\nyou\n"
    )
    (tmp_path / "3.jsonl").write_text("".join(f'{{"text": "line {n}", "time": {n}}}\n' for n in range(200)))

    code = publish_command(
        [str(tmp_path)],
        kafka=KafkaSettings(broker),
        topology=topology,
        archive=None,
        by_reference=False,
        name=name,
        start_time="1970-01-01T00:16:40Z",
        as_json=True,
    )

    summary = json.loads(capsys.readouterr().out)
    assert code == 0
    assert summary["ok"]
    assert summary["undelivered"] == 0
    assert [one["name"] for one in summary["sources"]] == [name, f"{name}-2", f"{name}-3"]
    assert [one["media_s"] for one in summary["sources"]] == [pytest.approx(10, abs=0.1), pytest.approx(2, abs=3), 0.0]
    video = read_events(broker, "media.video", name, 5)
    audio = read_events(broker, "media.audio", name, 5)
    cues = read_events(broker, "media.text", f"{name}-2", 2)
    lines = read_events(broker, "media.text", f"{name}-3", 200)
    assert summary["delivered"] == len(video) + len(audio) + len(cues) + len(lines)
    for records in (video, audio, cues, lines):
        assert len({record.partition for record in records}) == 1
        starts = [record.event.start_s for record in records]
        assert starts == sorted(starts)
    assert sum(len(decode_alone(record.event).frames) for record in video) == 250
    assert [record.event.is_last for record in video] == [False] * (len(video) - 1) + [True]
    assert [record.event for record in cues] == [
        TextPublished(f"{name}-2", 1001.0, "Hello", 1002.0),
        TextPublished(f"{name}-2", 1003.0, "you", 1004.5),
    ]
    assert [record.event.text for record in lines] == [f"line {n}" for n in range(200)]


def test_a_full_queue_slows_down_and_drops_nothing(
    broker: str, name: str, topology: Topology, tmp_path: Path, make_film: Any, read_events: Any
) -> None:
    create_topics(KafkaSettings(broker), topology)
    make_film(tmp_path / "film.mp4")
    (tmp_path / "lines.jsonl").write_text("".join(f'{{"text": "line {n}", "time": {n}}}\n' for n in range(500)))
    report, told = _publish(
        [tmp_path / "lines.jsonl", tmp_path / "film.mp4"],
        name,
        broker,
        topology,
        delivery_options=DeliveryOptions(queue_messages=2, queue_kbytes=300),
    )
    assert report.ok, told
    lines = read_events(broker, "media.text", name, 500)
    assert [record.event.text for record in lines] == [f"line {n}" for n in range(500)]


def test_with_a_broker_in_memory_media_goes_to_the_archive(
    tansu_broker: str, name: str, topology: Topology, tmp_path: Path, make_film: Any, film_type: Any, read_events: Any
) -> None:
    create_topics(KafkaSettings(tansu_broker), topology)
    archive = FsspecArchive(str(tmp_path / "archive"))
    path = make_film(tmp_path / "film.mp4", film_type(audio=None))
    report, _ = _publish(
        [path], name, tansu_broker, topology, archive=archive, delivery_options=DeliveryOptions(by_reference=True)
    )
    assert report.ok
    records = read_events(tansu_broker, "media.video", name, 5)
    assert len(records) == 5
    kept = archive.overlapping(name, "video", 0, 2000)
    assert [record.event.archive_key for record in records] == [chunk.key for chunk in kept]
    assert all(record.event.media == b"" and archive.size(record.event.archive_key) > 0 for record in records)


def test_limits(
    tansu_broker: str, name: str, topology: Topology, tmp_path: Path, make_film: Any, film_type: Any, read_events: Any
) -> None:
    create_topics(KafkaSettings(tansu_broker), topology)
    archive = FsspecArchive(str(tmp_path / "archive"))
    path = make_film(tmp_path / "film.mp4", film_type(audio=None))
    small_inline = replace(topology, limits=replace(topology.limits, max_inline_bytes=100))
    report, _ = _publish([path], name, tansu_broker, small_inline, archive=archive)
    assert report.ok
    assert read_events(tansu_broker, "media.video", name, 1)[0].event.archive_key is not None

    report, _ = _publish([path], name, tansu_broker, small_inline)
    assert not report.ok
    assert "media archive" in report.sources[0].left_out[0]

    tiny = replace(topology, limits=replace(topology.limits, max_chunk_bytes=100))
    report, told = _publish([path], name, tansu_broker, tiny, archive=archive)
    assert not report.ok
    assert report.delivered == 0
    assert "limits.max_chunk_bytes" in told[0]


def test_one_bad_file_does_not_stop_the_others(
    tansu_broker: str,
    name: str,
    topology: Topology,
    tmp_path: Path,
    make_film: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_film(tmp_path / "1.mp4")
    (tmp_path / "2.mp4").write_bytes(b"garbage" * 1000)
    (tmp_path / "3.mp4").touch()
    (tmp_path / "4.jsonl").write_text('{"text": "good"}\nbad\n{"text": "' + "x" * 20_001 + '"}\n')
    code = publish_command(
        [str(tmp_path)],
        kafka=KafkaSettings(tansu_broker),
        topology=topology,
        archive=None,
        by_reference=False,
        name=name,
        as_json=True,
    )
    assert code == 1
    output = capsys.readouterr()
    sources = json.loads(output.out)["sources"]
    assert [one["done"] for one in sources] == [True, False, False, True]
    assert "can't be opened as media" in sources[1]["failure"]
    assert "empty" in sources[2]["failure"]
    assert sources[3]["left_out"] == ["2 lines"]
    assert "line 2 left out: not JSON" in output.err.replace("\n", " ")
    assert sources[0]["events"] >= 10


def test_standard_input(
    tansu_broker: str, name: str, topology: Topology, monkeypatch: pytest.MonkeyPatch, read_events: Any
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('plain\n{"text": "json", "time": 7}\n'))
    arguments: dict[str, Any] = {"topology": topology, "archive": None, "by_reference": False, "name": name}
    assert publish_command(["-"], kafka=KafkaSettings(tansu_broker), **arguments) == 0
    events = [record.event for record in read_events(tansu_broker, "media.text", name, 2)]
    assert [(event.text, event.start_s > 1e9) for event in events] == [("plain", True), ("json", False)]


def test_without_a_broker_the_command_says_where_it_looked(
    free_port: Callable[[], int], topology: Topology, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    address = f"127.0.0.1:{free_port()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nowseen.publish_command._REACHABLE_S", 0.2)
        code = publish_command(
            [str(tmp_path)], kafka=KafkaSettings(address), topology=topology, archive=None, by_reference=False
        )
    assert code == 1
    assert address in capsys.readouterr().err


def test_a_start_in_the_far_future_is_refused(topology: Topology, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    with pytest.raises(ConfigError, match="max_clock_skew_s"):
        publish_command(
            [str(tmp_path)],
            kafka=KafkaSettings("127.0.0.1:1"),
            topology=topology,
            archive=None,
            by_reference=False,
            start_time="2999-01-01",
        )


def test_a_broker_that_never_answers_leaves_an_honest_count(
    free_port: Callable[[], int], name: str, topology: Topology, tmp_path: Path
) -> None:
    (tmp_path / "lines.txt").write_text("one\ntwo\nthree\n")
    report, told = _publish([tmp_path / "lines.txt"], name, f"127.0.0.1:{free_port()}", topology, patience_s=1.0)
    assert (report.delivered, report.undelivered, report.ok) == (0, 3, False)
    assert "is away" in told[0]


def test_a_broker_that_comes_late_gets_everything(
    run_broker_at: Any, free_port: Callable[[], int], name: str, topology: Topology, tmp_path: Path, read_events: Any
) -> None:
    port = free_port()
    settings = KafkaSettings(f"127.0.0.1:{port}")
    (tmp_path / "lines.txt").write_text("one\ntwo\nthree\n")
    told: list[str] = []
    delivery = Delivery(settings, topology, None, on_trouble=told.append)
    publication = Publication(
        find_sources([str(tmp_path / "lines.txt")], name),
        topology,
        delivery,
        PublishOptions(),
        report=lambda who, what: told.append(what),
    )
    publication.start()
    while not told:
        publication.step(0.1)
    assert "is away" in told[0]
    with run_broker_at(port):
        create_topics(settings, topology)
        while delivery.waiting:
            publication.step(0.1)
        report = publication.finish(10)
        assert report.ok, told
        assert [r.event.text for r in read_events(settings.bootstrap, "media.text", name, 3)] == ["one", "two", "three"]
    assert any("is back" in what for what in told)


class _FullDisk(FsspecArchive):
    """Takes a chunk at the third attempt."""

    attempts = 0

    def put_chunk(
        self, source: str, kind: Kind, start_s: float, duration_s: float, content_type: str, media: bytes
    ) -> str:
        self.attempts += 1
        if self.attempts < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().put_chunk(source, kind, start_s, duration_s, content_type, media)


def test_a_full_disk_is_waited_for(
    tansu_broker: str, name: str, topology: Topology, tmp_path: Path, make_film: Any, film_type: Any
) -> None:
    create_topics(KafkaSettings(tansu_broker), topology)
    archive = _FullDisk(str(tmp_path / "archive"))
    path = make_film(tmp_path / "film.mp4", film_type(audio=None, seconds=2))
    report, told = _publish(
        [path], name, tansu_broker, topology, archive=archive, delivery_options=DeliveryOptions(by_reference=True)
    )
    assert report.ok
    assert [what for what in told if "No space left" in what] == told[:2]


class _Waits(threading.Event):
    """Notes how long somebody wanted to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return False


def test_in_real_time_a_chunk_is_sent_when_its_last_picture_was_shown(
    topology: Topology, tmp_path: Path, make_film: Any, film_type: Any
) -> None:
    path = make_film(tmp_path / "film.mp4", film_type(audio=None))
    stop = _Waits()
    reader = MediaReader(
        find_sources([str(path)])[0], topology.chunks, PublishOptions(realtime=True),
        stop=stop, report=lambda _: None, clock=lambda: 5000.0,
    )  # fmt: skip
    chunks: list[ChunkPublished] = list(reader.chunks())
    assert stop.waits == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert [chunk.start_s for chunk in chunks] == [5000.0, 5002.0, 5004.0, 5006.0, 5008.0]


def test_sound_that_comes_at_the_speed_of_life_is_cut_shorter_than_pictures(
    topology: Topology, tmp_path: Path, make_film: Any, film_type: Any
) -> None:
    path = make_film(tmp_path / "film.mp4", film_type())

    def lengths(*, realtime: bool) -> dict[str, set[int]]:
        reader = MediaReader(
            find_sources([str(path)])[0], topology.chunks, PublishOptions(realtime=realtime),
            stop=_Waits(), report=lambda _: None, clock=lambda: 5000.0,
        )  # fmt: skip
        found: dict[str, set[int]] = {}
        for chunk in reader.chunks():
            if not chunk.is_last:
                found.setdefault(chunk.kind, set()).add(round(chunk.duration_s))
        return found

    assert lengths(realtime=True) == {"video": {2}, "audio": {1}}
    assert lengths(realtime=False) == {"video": {2}, "audio": {2}}
