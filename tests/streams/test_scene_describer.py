"""A scene carries its vector, its picture, and what in it speaks of a mood."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from domain.events import CoverageAdvanced, MomentDescribed, MoodCue
from domain.ports import EncoderInfo, Image, Matrix
from domain.topology import Topology
from streams.archive import FsspecArchive
from streams.scene_describer import SceneDescriber, VideoChunk


class Colours:
    """A picture's vector is its mean colour."""

    info = EncoderInfo("pictures", "fake", "here", "none", 3, "cpu")

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        raise NotImplementedError

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        means = np.array([image.mean(axis=(0, 1)) for image in images], dtype=np.float32).reshape(-1, 3)
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


class Moods:
    """Every picture is pleasant, as much as it is red."""

    def look(self, vectors: Matrix) -> list[tuple[MoodCue, ...]]:
        return [(MoodCue("picture", "red", valence=round(float(red), 3), arousal=0.0),) for red, _, _ in vectors]


def test_each_scene_has_the_cues_of_its_own_vector(
    tmp_path: Path, make_film: Any, film_type: Any, chunk_file: Any, topology: Topology
) -> None:
    chunks = chunk_file(make_film(tmp_path / "film.mp4", film_type(seconds=4, audio=None))).of("video")
    describer = SceneDescriber(Colours(), Moods(), FsspecArchive(str(tmp_path / "archive")), topology.scenes)
    described = describer.describe([VideoChunk(chunk, 0.0, 3) for chunk in chunks])
    assert len(described) == len(chunks) == 2
    for chunk, facts in zip(chunks, described, strict=True):
        assert isinstance(facts, tuple)
        *scenes, coverage = facts
        assert isinstance(coverage, CoverageAdvanced)
        assert (coverage.start_s, coverage.until_s) == (chunk.start_s, chunk.end_s)
        assert scenes
        for scene in scenes:
            assert isinstance(scene, MomentDescribed)
            assert scene.cues == (MoodCue("picture", "red", valence=round(scene.vectors["image"][0], 3), arousal=0.0),)
            assert scene.vectors["image"][0] > 0.3
