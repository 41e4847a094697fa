from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import av
import pytest

from domain.ports import MediaArchive
from domain.topology import Topology
from search.clip_chunks import ReadChunk
from search.clip_copy import can_copy_audio
from search.clips import BadClip, Clip, ClipOptions, Clips, NothingPlayable, plan_clip
from streams.archive import FsspecArchive
from streams.publish.media import MediaReader
from streams.publish.options import PublishOptions
from streams.publish.sources import find_sources
from tests.hostile_media import flac_of_hours

SOURCE = "cam"
FRAME_S = 0.04  # two people can't agree on lips and sound more closely
Edit: TypeAlias = Callable[[int, Any], Any]


@pytest.fixture
def archive(tmp_path: Path) -> FsspecArchive:
    return FsspecArchive(str(tmp_path / "archive"))


@pytest.fixture
def clips(archive: FsspecArchive, tmp_path: Path) -> Clips:
    return Clips(archive, ClipOptions(tmp_path / "clips"))


def make(clips: Clips, archive: MediaArchive, start_s: float, end_s: float) -> Clip:
    plan = plan_clip(archive, SOURCE, start_s, end_s)
    assert plan is not None
    return clips.make(plan)


@pytest.mark.parametrize(
    "encoded",
    [
        {},
        {"container": "matroska"},
        {"video": "libvpx-vp9", "audio": "libopus", "container": "matroska"},
        {"video": "libvpx", "audio": "flac", "container": "matroska"},
        {"video": "libx265", "audio": "libmp3lame", "container": "mpegts"},
        {"video": "mpeg4", "audio": "pcm_s16le", "container": "matroska"},
        {"size": (1920, 1080), "video": "mpeg4", "container": "matroska"},
    ],
    ids=lambda encoded: "-".join(map(str, encoded.values())) or "libx264-aac-mpegts",
)
def test_picture_and_sound_stand_at_their_event_time(
    recording: Any, clips: Clips, archive: FsspecArchive, encoded: dict[str, Any]
) -> None:
    recording.publish(archive, SOURCE, **encoded)
    clip = make(clips, archive, recording.start_s, recording.start_s + 6)
    seen = recording.look_at(clip.path.read_bytes())
    assert seen.codecs == {"video": "h264", "audio": "aac"}
    assert seen.flash_s == pytest.approx(recording.event_after_s, abs=0.001)
    assert seen.beep_s == pytest.approx(recording.event_after_s, abs=FRAME_S / 2)
    assert len(seen.picture_times_s) == 150
    assert seen.sound_end_s == pytest.approx(6, abs=0.05)


def test_a_clip_in_the_middle_says_where_the_time_asked_for_lies(
    recording: Any, clips: Clips, archive: FsspecArchive
) -> None:
    recording.publish(archive, SOURCE)
    clip = make(clips, archive, recording.start_s + 2.5, recording.start_s + 3.5)
    seen = recording.look_at(clip.path.read_bytes())
    assert clip.start_offset_s == pytest.approx(0.5)
    assert seen.picture_times_s[0] == 0
    assert seen.flash_s == pytest.approx(recording.event_after_s - 2)
    assert seen.beep_s == pytest.approx(recording.event_after_s - 2, abs=FRAME_S)


def test_h264_and_aac_are_copied_bit_by_bit(recording: Any, clips: Clips, archive: FsspecArchive) -> None:
    chunks = recording.publish(archive, SOURCE)
    clip = make(clips, archive, recording.start_s, recording.start_s + 6)
    # How a packet begins belongs to the container, so its end is compared.
    with av.open(str(clip.path), "r") as made:
        copied = [bytes(packet)[-8:] for packet in made.demux(video=0) if packet.size]
    original = []
    for chunk in chunks:
        if chunk.kind == "video":
            with av.open(io.BytesIO(chunk.media), "r") as source:
                original += [bytes(packet)[-8:] for packet in source.demux(video=0) if packet.size]
    assert copied == original


def test_sound_as_it_is_published_goes_on_across_chunks(
    clips: Clips, archive: FsspecArchive, make_film: Any, topology: Topology, tmp_path: Path
) -> None:
    """Every chunk of AAC holds the packet before it: it is decoded, and heard once."""
    path = make_film(tmp_path / "film.mp4")
    reader = MediaReader(
        find_sources([str(path)])[0], topology.chunks, PublishOptions(start_s=1000.0),
        stop=threading.Event(), report=lambda _: None, clock=lambda: 5000.0,
    )  # fmt: skip
    for chunk in reader.chunks():
        archive.put_chunk(SOURCE, chunk.kind, chunk.start_s, chunk.duration_s, chunk.content_type, chunk.media)
    with av.open(str(make(clips, archive, 1000.0, 1010.0).path), "r") as made:
        packets = [packet for packet in made.demux(audio=0) if packet.size]
        steps = {after.pts - before.pts for before, after in pairwise(packets) if after.pts and before.pts}
        assert steps == {1024}  # copied, end to end, none twice
    with av.open(str(path), "r") as original:
        count = sum(1 for packet in original.demux(audio=0) if packet.size)
    assert len(packets) == pytest.approx(count, abs=3)


def test_sound_that_unpacks_to_hours_is_left_out_of_a_clip(
    recording: Any, clips: Clips, archive: FsspecArchive, caplog: pytest.LogCaptureFixture
) -> None:
    """What the container says of it is honest; what its frame says is not."""
    recording.publish(archive, SOURCE, audio="libopus", container="matroska")
    hostile = flac_of_hours(said_hz=48_000)
    archive.put_chunk(SOURCE, "audio", recording.start_s + 6.0, 2.0, "audio/flac", hostile)
    clip = make(clips, archive, recording.start_s, recording.start_s + 8)
    assert recording.look_at(clip.path.read_bytes()).sound_end_s < 9
    assert "8 samples a second" in caplog.text


def test_sound_with_nothing_to_be_heard_is_not_copied() -> None:
    """A chunk of nothing but packets that are there to be decoded."""
    stream: Any = SimpleNamespace(
        codec_context=SimpleNamespace(
            name="aac", sample_rate=48_000, layout=SimpleNamespace(name="stereo"), extradata=b""
        ),
        profile="LC",
    )
    packet: Any = SimpleNamespace(is_discard=True, pts=0)
    assert not can_copy_audio([ReadChunk(stream, (packet,), "mpegts", 0.0, 2.0, whole=True)])


def test_the_index_stands_in_front_so_that_playing_starts_at_once(
    recording: Any, clips: Clips, archive: FsspecArchive
) -> None:
    recording.publish(archive, SOURCE)
    data = make(clips, archive, recording.start_s, recording.start_s + 6).path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    assert b"moof" not in data


def without(kind: str | None, *numbers: int) -> Edit:
    """Leaves out the chunks with these numbers, of one kind or of both."""
    return lambda number, chunk: None if kind in (None, chunk.kind) and number in numbers else chunk


NO_FIRST_PICTURES, NO_FIRST_SOUND = without("video", 0), without("audio", 0)
NO_LAST_SOUND, HOLE = without("audio", 3), without(None, 2)


@pytest.mark.parametrize("encoded", [{}, {"video": "libvpx-vp9", "audio": "libopus", "container": "matroska"}])
@pytest.mark.parametrize("missing", [NO_FIRST_PICTURES, NO_FIRST_SOUND, NO_LAST_SOUND, HOLE])
def test_gaps_stay_gaps_and_nothing_moves(
    recording: Any, clips: Clips, archive: FsspecArchive, encoded: dict[str, Any], missing: Edit
) -> None:
    recording.publish(archive, SOURCE, edit=missing, chunks=4, **encoded)
    plan = plan_clip(archive, SOURCE, recording.start_s, recording.start_s + 8)
    assert plan is not None
    seen = recording.look_at(clips.make(plan).path.read_bytes())
    event_s = recording.start_s + recording.event_after_s - plan.origin_s
    assert seen.flash_s == pytest.approx(event_s, abs=0.001)
    assert seen.beep_s == pytest.approx(event_s, abs=FRAME_S / 2)
    assert seen.picture_times_s[-1] == pytest.approx(event_s + 4.96)
    sound_until_s = 3 if missing is NO_LAST_SOUND else 5
    assert seen.sound_end_s == pytest.approx(event_s + sound_until_s, abs=0.05)


@pytest.mark.parametrize(("missing", "codecs"), [("video", {"audio": "aac"}), ("audio", {"video": "h264"})])
def test_sound_alone_and_pictures_alone_are_clips_too(
    recording: Any, clips: Clips, archive: FsspecArchive, missing: str, codecs: dict[str, str]
) -> None:
    recording.publish(archive, SOURCE, edit=without(missing, 0, 1, 2))
    seen = recording.look_at(make(clips, archive, recording.start_s, recording.start_s + 6).path.read_bytes())
    assert seen.codecs == codecs
    assert (seen.beep_s if missing == "video" else seen.flash_s) == pytest.approx(recording.event_after_s, abs=FRAME_S)


def punch_holes(media: bytes) -> bytes:
    damaged = bytearray(media)
    for at in range(1000, len(damaged), 1500):
        damaged[at : at + 100] = bytes(len(damaged[at : at + 100]))
    return bytes(damaged)


@pytest.mark.parametrize(
    "damage",
    [
        lambda media: b"nothing of the sort" * 500,
        lambda media: b"",
        lambda media: media[: len(media) // 2],
        punch_holes,
    ],
    ids=["garbage", "empty", "half", "holes"],
)
@pytest.mark.parametrize("number", [0, 2])
def test_a_damaged_chunk_is_passed_over(
    recording: Any, clips: Clips, archive: FsspecArchive, damage: Callable[[bytes], bytes], number: int
) -> None:
    recording.publish(
        archive, SOURCE, edit=lambda at, chunk: replace(chunk, media=damage(chunk.media)) if at == number else chunk
    )
    seen = recording.look_at(make(clips, archive, recording.start_s, recording.start_s + 6).path.read_bytes())
    assert seen.flash_s == pytest.approx(recording.event_after_s, abs=0.001)
    assert seen.beep_s == pytest.approx(recording.event_after_s, abs=FRAME_S)
    assert len(seen.picture_times_s) >= 100


def test_nothing_but_damage_is_said(recording: Any, clips: Clips, archive: FsspecArchive, tmp_path: Path) -> None:
    recording.publish(archive, SOURCE, edit=lambda _, chunk: replace(chunk, media=b"\x47" * 4000))
    with pytest.raises(NothingPlayable):
        make(clips, archive, recording.start_s, recording.start_s + 6)
    assert not list((tmp_path / "clips").iterdir())


@pytest.mark.parametrize(("codec", "left"), [(b"V_VP8", "audio"), (b"A_FLAC", "video")])
def test_a_codec_that_nobody_knows_is_passed_over(
    recording: Any, clips: Clips, archive: FsspecArchive, codec: bytes, left: str
) -> None:
    unknown = codec[:-1] + b"?"
    recording.publish(
        archive, SOURCE, video="libvpx", audio="flac", container="matroska",
        edit=lambda _, chunk: replace(chunk, media=chunk.media.replace(codec, unknown)),
    )  # fmt: skip
    seen = recording.look_at(make(clips, archive, recording.start_s, recording.start_s + 6).path.read_bytes())
    assert set(seen.codecs) == {left}


def test_a_playlist_in_a_chunk_opens_nothing(
    recording: Any, clips: Clips, archive: FsspecArchive, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(next(iter(recording.chunks())).media)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()
    recording.publish(archive, SOURCE, edit=lambda _, chunk: replace(chunk, media=playlist))
    with pytest.raises(NothingPlayable):
        make(clips, archive, recording.start_s, recording.start_s + 6)


def test_many_at_once_make_it_once(
    recording: Any, clips: Clips, archive: FsspecArchive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recording.publish(archive, SOURCE, video="libvpx-vp9", audio="libopus", container="matroska")
    reads: list[str] = []
    get = archive.get

    def counted(key: str) -> bytes:
        reads.append(key)
        return get(key)

    monkeypatch.setattr(archive, "get", counted)
    with ThreadPoolExecutor(6) as threads:
        start_s = recording.start_s
        made = list(threads.map(lambda _: make(clips, archive, start_s, start_s + 6), range(6)))
    assert len({clip.path for clip in made}) == 1
    assert len(reads) == 6  # three chunks of pictures and three of sound
    assert [path.suffix for path in (tmp_path / "clips").iterdir()] == [".mp4"]


def test_another_chunk_makes_another_clip(recording: Any, clips: Clips, archive: FsspecArchive) -> None:
    recording.publish(archive, SOURCE, edit=without(None, 2))
    early = make(clips, archive, recording.start_s, recording.start_s + 6)
    recording.publish(archive, SOURCE)
    late = make(clips, archive, recording.start_s, recording.start_s + 6)
    assert early.path != late.path
    assert recording.look_at(late.path.read_bytes()).picture_times_s[-1] == pytest.approx(5.96)


def test_the_folder_stays_within_its_size(recording: Any, archive: FsspecArchive, tmp_path: Path) -> None:
    recording.publish(archive, SOURCE)
    start_s = recording.start_s
    clips = Clips(archive, ClipOptions(tmp_path / "clips", max_bytes=1))
    unwatched = make(clips, archive, start_s, start_s + 1)
    os.utime(unwatched.path, (0, 0))
    watched = make(clips, archive, start_s, start_s + 3)
    assert not unwatched.path.exists()
    assert watched.path.exists()  # over the size, but it may be playing


def test_watching_a_clip_keeps_it_without_changing_it(recording: Any, clips: Clips, archive: FsspecArchive) -> None:
    recording.publish(archive, SOURCE)
    first = make(clips, archive, recording.start_s, recording.start_s + 6).path
    os.utime(first, (0, 1000))
    again = make(clips, archive, recording.start_s, recording.start_s + 6).path
    assert (again, again.stat().st_mtime) == (first, 1000)
    assert again.stat().st_atime > 1000


def test_leftovers_of_an_interrupted_run_are_cleared(archive: FsspecArchive, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "abc.part").write_bytes(b"half")
    Clips(archive, ClipOptions(tmp_path / "clips"))
    assert not list((tmp_path / "clips").iterdir())


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(5, 5), (5, 4), (0, 121), (-1, 1), (float("nan"), 1), (0, float("inf")), (1e18, 1e18 + 200)]
)
def test_times_that_are_no_clip(archive: FsspecArchive, start_s: float, end_s: float) -> None:
    with pytest.raises(BadClip):
        plan_clip(archive, SOURCE, start_s, end_s)


def test_no_plan_where_nothing_is_archived(recording: Any, archive: FsspecArchive) -> None:
    recording.publish(archive, SOURCE)
    assert plan_clip(archive, SOURCE, recording.start_s + 60, recording.start_s + 61) is None
    assert plan_clip(archive, "other", recording.start_s, recording.start_s + 1) is None
