"""What shows for a moment between the frames that were indexed is found by the second look, in real chunks."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]  # ships no types

from domain.events import Vector
from domain.ports import ArchivedChunk, Image, Labels, Matrix, PictureEncoder
from domain.ranking import Evidence, RankedMoment
from encoders.concept_pictures import ConceptPictureEncoder
from encoders.options import EncoderOptions
from nowseen.finer_frames import frames_of
from search.finer_pictures import FinerOptions, FinerPictures
from search.query_bank import QueryBank
from search.reranking import Reranking, RerankOptions
from streams.archive import FsspecArchive

START_S = 1_790_000_000.0
CHUNK_S = 2.0
FPS = 25
PALACE_S = (0.4, 0.7)  # within the second chunk: frames at 0 and 1 s miss it


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureEncoder:
    return ConceptPictureEncoder(EncoderOptions(tmp_path_factory.mktemp("cache"), device="cpu", allow_download=False))


@pytest.fixture(scope="module")
def bank(pictures: PictureEncoder) -> QueryBank:
    return QueryBank(pictures)


@pytest.fixture(scope="module")
def query(pictures: PictureEncoder) -> Vector:
    return tuple(pictures.encode_texts(["a palace or temple"])[0].tolist())


@pytest.fixture
def archive(tmp_path: Path) -> FsspecArchive:
    """Three chunks of a flower; a palace shows for 0.3 s in the second."""
    made = FsspecArchive(str(tmp_path))
    palace, flower = (np.ascontiguousarray(image[:426, :640]) for image in load_sample_images().images)
    for number in range(3):
        shown = [palace if number == 1 and PALACE_S[0] <= at / FPS < PALACE_S[1] else flower for at in range(50)]
        made.put_chunk("lobby", "video", START_S + number * CHUNK_S, CHUNK_S, "video/mp2t", film(shown))
    return made


def film(frames: Sequence[Image]) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        for number, image in enumerate(frames):
            frame = VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def scene(number: int, score: float, source: str = "lobby") -> RankedMoment:
    start_s = START_S + number * CHUNK_S
    evidence = Evidence(
        f"m{number}", "scene", "picture", score, 0.1, start_s, start_s + CHUNK_S, "", (), "concept", None, source
    )
    return RankedMoment(source, start_s, start_s + CHUNK_S, score, (evidence,), "", None, Labels(), "", True)


def test_the_scene_in_which_it_shows_for_a_moment_scores_far_above_the_others(
    archive: FsspecArchive, pictures: PictureEncoder, bank: QueryBank, query: Vector
) -> None:
    finer = FinerPictures(archive, pictures, bank, frames_of, FinerOptions(frames_per_s=2.0, around_s=0.0))
    scores = dict(finer.look(query, [scene(number, 0.2) for number in range(3)]))
    assert scores[1] > 0.3 > 0.1 > max(scores[0], scores[2])
    assert finer.info == pictures.info


def test_it_comes_first_once_the_pictures_were_looked_at_again(
    archive: FsspecArchive, pictures: PictureEncoder, bank: QueryBank, query: Vector
) -> None:
    finer = FinerPictures(archive, pictures, bank, frames_of, FinerOptions(frames_per_s=2.0, around_s=0.0))
    ranked = [scene(0, 0.3), scene(2, 0.25), scene(1, 0.2)]
    ordered, (_, report) = Reranking(finer=finer, options=RerankOptions(budget_ms=120_000.0)).apply(
        "a palace or temple", query, ranked
    )
    assert ordered[0].start_s == START_S + CHUNK_S
    assert (report.state, report.model, report.considered) == ("done", "concept", 3)


class Counted:
    """A picture is the mean of its red, green and blue; pictures looked at are counted."""

    def __init__(self, pictures: PictureEncoder) -> None:
        self.info = pictures.info
        self.looked_at = 0

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return np.tile(np.array([0.6, 0.8, 0.0], np.float32), (len(texts), 1))

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        self.looked_at += len(images)
        rows = np.stack([image.reshape(-1, 3).mean(axis=0) for image in images])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_frames_are_encoded_once_until_they_are_forgotten(archive: FsspecArchive, pictures: PictureEncoder) -> None:
    counted = Counted(pictures)
    options = FinerOptions(frames_per_s=4.0, around_s=0.0, remembered_chunks=2)
    finer = FinerPictures(archive, counted, QueryBank(counted), frames_of, options)
    for _ in range(3):
        assert len(list(finer.look((1.0, 0.0, 0.0), [scene(0, 0.2), scene(1, 0.2)]))) == 2
    assert counted.looked_at == 16
    list(finer.look((1.0, 0.0, 0.0), [scene(2, 0.2), scene(0, 0.2)]))
    assert counted.looked_at == 32


def test_only_frames_around_the_scene_speak_for_it(archive: FsspecArchive, pictures: PictureEncoder) -> None:
    counted = Counted(pictures)
    seen: list[float] = []

    def frames(chunk: ArchivedChunk, media: bytes, frames_per_s: float) -> list[tuple[float, Image]]:
        seen.append(chunk.start_s)
        return [(chunk.start_s + 1.0, np.full((4, 4, 3), (255, 0, 0) if chunk.start_s > START_S else 9, np.uint8))]

    finer = FinerPictures(archive, counted, QueryBank(counted), frames, FinerOptions(around_s=0.5))
    [(_, alone)] = finer.look((1.0, 0.0, 0.0), [scene(0, 0.2)])
    assert seen == [START_S, START_S + CHUNK_S]  # the next chunk is within half a second, its frame is not
    [(_, other)] = finer.look((1.0, 0.0, 0.0), [scene(1, 0.2)])
    assert other > alone


def test_media_that_is_gone_damaged_or_too_long_is_passed_over(
    archive: FsspecArchive, pictures: PictureEncoder, bank: QueryBank, query: Vector
) -> None:
    archive.put_chunk("damaged", "video", START_S, CHUNK_S, "video/mp2t", b"\x47" * 5000)
    archive.put_chunk("long", "video", START_S, 3000.0, "video/mp2t", b"never read")
    moments = [scene(0, 0.4, "gone"), scene(0, 0.4, "damaged"), scene(0, 0.4, "long"), scene(1, 0.4)]
    finer = FinerPictures(archive, pictures, bank, frames_of, FinerOptions(frames_per_s=2.0))
    assert [at for at, _ in finer.look(query, moments)] == [3]


def test_pictures_looked_at_in_time_count_and_late_work_ends_at_its_next(
    archive: FsspecArchive, pictures: PictureEncoder
) -> None:
    looked: list[float] = []
    may_go_on = Event()

    def frames(chunk: ArchivedChunk, media: bytes, frames_per_s: float) -> list[tuple[float, Image]]:
        looked.append(chunk.start_s)
        if len(looked) == 2:
            may_go_on.wait(60)
        return [(chunk.start_s + 1.0, np.full((4, 4, 3), (255, 0, 0), np.uint8))]

    counted = Counted(pictures)
    options = FinerOptions(around_s=0.0, remembered_chunks=1)
    finer = FinerPictures(archive, counted, QueryBank(counted), frames, options)
    reranking = Reranking(finer=finer, options=RerankOptions(budget_ms=1500.0))
    ranked = [scene(0, 0.6), scene(1, 0.5), scene(2, 0.4)]
    ordered, (_, report) = reranking.apply("red", (1.0, 0.0, 0.0), ranked)
    assert (report.state, report.considered) == ("in part", 1)
    assert [each.score for each in ordered] == pytest.approx([0.8, 0.5, 0.4])
    assert report.sentence.startswith("pictures: only 1 looked at again")
    may_go_on.set()
    while reranking.apply("red", (1.0, 0.0, 0.0), ranked)[1][1].state == "busy":
        time.sleep(0.001)
    assert len(looked) == 2 + 3


def test_without_a_picture_query_no_picture_is_looked_at(archive: FsspecArchive, pictures: PictureEncoder) -> None:
    counted = Counted(pictures)
    finer = FinerPictures(archive, counted, QueryBank(counted), frames_of)
    _, (_, report) = Reranking(finer=finer).apply("red", None, [scene(0, 0.6)])
    assert (report.considered, counted.looked_at) == (0, 0)
