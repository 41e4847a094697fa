"""A second look at scenes: more of their frames than the index has seen, against the same query.

A scene's vector is the mean of about one frame a second, so what shows for a moment is faint in it or was never looked
at. Here the archived chunks around the scene are decoded at a finer rate, and the frame nearest to the query speaks for
the scene. The frames' vectors don't depend on the query, so they are kept: the next question finds them made.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from domain.calibration import CalibrationOptions, calibrate
from domain.errors import BadEvent
from domain.events import Vector
from domain.ports import ArchivedChunk, EncoderInfo, Image, Matrix, MediaArchive, PictureEncoder
from domain.ranking import Evidence, RankedMoment
from domain.reranking import picture_of
from search.query_bank import QueryBank

# Of a chunk and its bytes: the frames at about so many a second, each with its event time. Raises BadEvent for media
# that can't be decoded.
FramesOf: TypeAlias = Callable[[ArchivedChunk, bytes, float], Sequence[tuple[float, Image]]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FinerOptions:
    frames_per_s: float = 4.0
    around_s: float = 0.5  # before and after the scene: it was cut between frames a second apart
    most_chunks: int = 3  # of one scene
    longest_chunk_s: float = 30.0  # a longer one is left alone: its frames would fill the memory
    remembered_chunks: int = 256  # 8 MB at 16 frames of 512 numbers
    calibration: CalibrationOptions = field(default_factory=CalibrationOptions)


@dataclass(frozen=True, slots=True)
class _Frames:
    times_s: npt.NDArray[np.float64]  # (n,)
    vectors: Matrix  # (n, d)


class FinerPictures:
    """Not thread-safe: whoever uses it asks one thing at a time (search/one_at_a_time.py)."""

    def __init__(
        self,
        archive: MediaArchive,
        pictures: PictureEncoder,
        bank: QueryBank,
        frames_of: FramesOf,
        options: FinerOptions | None = None,
    ) -> None:
        self._archive, self._pictures, self._bank, self._frames_of = archive, pictures, bank, frames_of
        self._options = options or FinerOptions()
        self._kept: OrderedDict[str, _Frames | None] = OrderedDict()

    @property
    def info(self) -> EncoderInfo:
        return self._pictures.info

    def look(self, query: Vector, moments: Sequence[RankedMoment]) -> Iterator[tuple[int, float]]:
        """Position and calibrated score, 0 to 1, of each moment's best frame, in the order given, each when it's known.

        `query` is the encoder's, unit length. A moment without a scene, or whose media is gone or damaged, is passed
        over. Raises what the archive and the encoder raise.
        """
        for at, moment in enumerate(moments):
            scene = picture_of(moment)
            if scene is not None and (score := self._score(np.asarray(query, np.float32), scene)) is not None:
                yield at, score

    def _score(self, query: npt.NDArray[np.float32], scene: Evidence) -> float | None:
        start_s, end_s = scene.start_s - self._options.around_s, scene.end_s + self._options.around_s
        chunks = [
            chunk
            for chunk in self._archive.overlapping(scene.source, "video", start_s, end_s)
            if chunk.duration_s <= self._options.longest_chunk_s
        ]
        rows = [
            frames.vectors[(frames.times_s >= start_s) & (frames.times_s < end_s)]
            for chunk in chunks[: self._options.most_chunks]
            if (frames := self._frames(chunk)) is not None
        ]
        vectors = np.concatenate(rows) if rows else np.zeros((0, query.size), np.float32)
        if not len(vectors):
            return None
        cosines = np.asarray(vectors @ query, np.float64)
        best = int(cosines.argmax())
        bank = vectors[[best]] @ self._bank.vectors().T
        return float(calibrate(cosines[[best]], bank, self._options.calibration)[0])

    def _frames(self, chunk: ArchivedChunk) -> _Frames | None:
        """None for media that is gone or damaged."""
        if chunk.key in self._kept:
            self._kept.move_to_end(chunk.key)
            return self._kept[chunk.key]
        frames: _Frames | None = None
        try:
            found = self._frames_of(chunk, self._archive.get(chunk.key), self._options.frames_per_s)
            times_s = np.array([time_s for time_s, _ in found], np.float64)
            frames = _Frames(times_s, self._pictures.encode_images([image for _, image in found]))
        except BadEvent as error:
            _log.warning("finer pictures: chunk %s is left out: %s", chunk.key, error)
        self._kept[chunk.key] = frames
        while len(self._kept) > self._options.remembered_chunks:
            self._kept.popitem(last=False)
        return frames
