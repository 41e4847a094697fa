"""Video chunks in, scenes out: frames at the declared rate, cut where the picture changes, one moment for each run.

A scene's vector is the mean of its frames' vectors, so that it stands for the stretch and not for one lucky frame.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt
from PIL import Image as Pictures

from domain.errors import BadEvent
from domain.events import ChunkPublished, CoverageAdvanced, MomentDescribed
from domain.moments import moment_id
from domain.ports import Image, Matrix, MediaArchive, PictureEncoder, PictureMoods
from domain.sampling import runs
from domain.topology import SceneRules
from streams.decode import Frame, decode_frames
from streams.memory import is_out_of_memory, no_memory

THUMBNAIL_WIDTH = 320
THUMBNAIL_QUALITY = 80


@dataclass(frozen=True, slots=True)
class VideoChunk:
    chunk: ChunkPublished
    published_s: float
    partition: int


class SceneDescriber:
    """Stateless between calls: a chunk gives the same scenes whenever it comes."""

    def __init__(self, pictures: PictureEncoder, moods: PictureMoods, archive: MediaArchive, rules: SceneRules) -> None:
        self._pictures, self._moods, self._archive, self._rules = pictures, moods, archive, rules
        self._decoders = ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="decode")

    def describe(self, chunks: Sequence[VideoChunk]) -> list[tuple[MomentDescribed | CoverageAdvanced, ...] | BadEvent]:
        """For each chunk its scenes and its coverage, in order, or what is wrong with it.

        The frames of all chunks go to the encoder in one call.
        """
        started = perf_counter()
        decoded = list(self._decoders.map(self._decode, [video.chunk for video in chunks]))
        decode_s = (perf_counter() - started) / max(1, len(chunks))
        images = [frame.image for frames in decoded if isinstance(frames, list) for frame in frames]
        started = perf_counter()
        vectors = self._pictures.encode_images(images)
        encode_s = (perf_counter() - started) / max(1, len(chunks))
        described: list[tuple[MomentDescribed | CoverageAdvanced, ...] | BadEvent] = []
        at = 0
        for video, frames in zip(chunks, decoded, strict=True):
            if isinstance(frames, BadEvent):
                described.append(frames)
                continue
            chunk = video.chunk
            own = vectors[at : at + len(frames)]
            at += len(frames)
            try:
                scenes = self._scenes(chunk, frames, own)
            except BadEvent as bad:  # a time that the archive has no place for
                described.append(bad)
                continue
            coverage = CoverageAdvanced(
                chunk.source, "scene", chunk.start_s, chunk.end_s, video.published_s, decode_s, encode_s, len(images),
                tuple(map(moment_id, scenes)), video.partition,
            )  # fmt: skip
            described.append((*scenes, coverage))
        return described

    def _decode(self, chunk: ChunkPublished) -> list[Frame] | BadEvent:
        try:
            return decode_frames(chunk, self._rules.frames_per_s)
        except BadEvent as bad:
            return bad
        except Exception as error:
            if is_out_of_memory(error):
                return BadEvent(no_memory("decoding the chunk's pictures"))
            raise

    def _scenes(self, chunk: ChunkPublished, frames: list[Frame], vectors: Matrix) -> list[MomentDescribed]:
        scenes = []
        found = runs([frame.image for frame in frames], self._rules.same_picture)
        means = np.stack([unit_mean(vectors[run.start : run.stop]) for run in found])
        for run, mean, cues in zip(found, means, self._moods.look(means), strict=True):
            start_s = frames[run.start].time_s
            middle = frames[(run.start + run.stop - 1) // 2].image
            scenes.append(
                MomentDescribed(
                    source=chunk.source,
                    modality="scene",
                    start_s=start_s,
                    end_s=frames[run.stop].time_s if run.stop < len(frames) else max(chunk.end_s, start_s),
                    encoder=self._pictures.info.name,
                    vectors={"image": tuple(mean.tolist())},
                    thumbnail_key=self._archive.put_thumbnail(chunk.source, start_s, _jpeg(middle)),
                    cues=cues,
                )
            )
        return scenes


def unit_mean(rows: Matrix) -> npt.NDArray[np.float32]:
    """The mean direction of (n, d) rows, (d,), of unit length."""
    mean = rows.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def _jpeg(image: Image) -> bytes:
    picture = Pictures.fromarray(image)
    picture.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=THUMBNAIL_QUALITY)
    return out.getvalue()
