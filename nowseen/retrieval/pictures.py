"""A scene's pictures: one of a photograph, some of a film, as small as the product looks at them."""

from __future__ import annotations

import warnings
from pathlib import Path

import av
import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from domain.decoding_budget import check_size
from domain.errors import BadEvent
from domain.ports import Image
from nowseen.retrieval.dataset import Media
from nowseen.sound_files import LOCAL_ONLY
from streams.decode import KEPT_SIDE, check_claims

FRAMES_A_FILM = 12  # evenly taken, as is usual for MSR-VTT (Luo et al., "CLIP4Clip", 2021)
_ROUNDING_S = 0.001  # of a container's clock
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # of Pillow's others one runs another program


def read_pictures(media: Media) -> list[Image]:
    """At least one, at most FRAMES_A_FILM, in order. Raises BadEvent when there is none to be had."""
    try:
        photograph = _photograph(media.path)
    except UnidentifiedImageError:  # no photograph, so a film
        return _frames(media)
    if media.part_s is not None:
        raise BadEvent(f"{media.path.name} is a photograph: it has no part between two times")
    return [photograph]


def _photograph(path: Path) -> Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)  # we have a limit of our own
            with Pillow.open(path, formats=_FORMATS) as opened:
                check_size(opened.width, opened.height)
                upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (BadEvent, UnidentifiedImageError):
        raise
    except Exception as error:  # whatever Pillow makes of a damaged file
        raise BadEvent(f"{path.name} can't be read as a picture: {error}") from error
    return _small(upright)


def _frames(media: Media) -> list[Image]:
    """The first frame at or after each of FRAMES_A_FILM times, in the middles of as many equal stretches."""
    frames: list[Image] = []
    try:
        with av.open(str(media.path), metadata_errors="ignore", options=LOCAL_ONLY) as container:
            if not container.streams.video or container.streams.video[0].codec_context is None:
                raise BadEvent(f"{media.path.name} is neither a photograph nor a film")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            check_claims(stream)
            length_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
            start_s, end_s = media.part_s or (0.0, length_s or (container.duration or 0) / av.time_base)
            wanted_s = [start_s + (end_s - start_s) * (n + 0.5) / FRAMES_A_FILM for n in range(FRAMES_A_FILM)]
            first_s: float | None = None
            for frame in container.decode(stream):
                check_size(frame.width, frame.height)
                if frame.pts is None:
                    continue
                first_s = frame.time if first_s is None else first_s
                at_s = frame.time - first_s + _ROUNDING_S
                if at_s >= wanted_s[0]:
                    frames.append(_small(Pillow.fromarray(frame.to_ndarray(format="rgb24"))))
                    wanted_s = [each for each in wanted_s if each > at_s]
                if not wanted_s:
                    break
    except BadEvent:
        raise
    except Exception as error:  # besides libav's own: IndexError, ValueError, AttributeError from its binding
        raise BadEvent(f"{media.path.name} can't be read as a photograph or a film: {error}") from error
    if not frames:
        raise BadEvent(f"{media.path.name} holds no frame there that can be decoded")
    return frames


def _small(picture: Pillow.Image) -> Image:
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Pillow.Resampling.BOX)
    return np.asarray(picture)
