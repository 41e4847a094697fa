"""A recording somebody hands in, a voice to enrol or a clip to find: of any kind a chunk may be, of nobody's clock."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from domain.containers import CONTAINERS
from domain.decoding_budget import MAX_FRAME_PIXELS, upload_budget
from domain.errors import BadEvent, BadRequest
from domain.ports import PCM_RATE_HZ, Image, Pcm
from domain.sampling import FrameSampler
from streams.decode import SMALL_ENOUGH, check_claims, shrunk

# Guessed from the bytes, but only among these: libav would open a playlist too, and follow its addresses.
_FORMATS = ",".join(container.demuxer for container in CONTAINERS)
LONGEST_DECODING_S = 30.0
TOO_MANY_PIXELS = f"the picture has more than {MAX_FRAME_PIXELS / 1e6:.0f} million pixels: send a smaller one"


def decode_recording(recording: bytes, longest_s: float) -> Pcm:
    """(samples,) mono at PCM_RATE_HZ. Damaged packets are passed over.

    Raises BadRequest when it holds no sound or more than `longest_s`; no more than that is ever decoded.
    """
    parts, budget = list[Pcm](), upload_budget("recording", longest_s)
    with _opened(recording) as opened:
        if not opened.streams.audio:
            raise BadRequest("the recording holds no sound")
        check_claims(opened.streams.audio[0])
        resampler = AudioResampler(format="fltp", layout="mono", rate=PCM_RATE_HZ)
        for packet in opened.demux(opened.streams.audio[0]):
            with suppress(av.FFmpegError, ValueError):
                for frame in packet.decode():
                    budget.add_sound(frame.samples, frame.sample_rate, frame.layout.nb_channels)
                    frame.pts = None  # the resampler would otherwise fill gaps by itself
                    parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
        with suppress(av.FFmpegError, ValueError):  # raised when nothing was ever put in
            parts.extend(piece.to_ndarray()[0] for piece in resampler.resample(None))
    if not parts:
        raise BadRequest("no sound of the recording could be decoded: it is damaged or empty")
    pcm = np.concatenate(parts).astype(np.float32, copy=False)
    return np.clip(np.nan_to_num(pcm), -1.0, 1.0)


def decode_clip(recording: bytes, frames_per_s: float, longest_s: float) -> list[Image]:
    """The clip's pictures at about `frames_per_s`, each made smaller as the frames of a chunk are.

    Raises BadRequest when it holds none or more than `longest_s`.
    """
    sampler, budget = FrameSampler(frames_per_s), upload_budget("clip", longest_s)
    images: list[Image] = []
    first_s: float | None = None
    until_s = time.monotonic() + LONGEST_DECODING_S
    with _opened(recording) as opened:
        if not opened.streams.video:
            raise BadRequest("the clip holds no pictures")
        stream: Any = opened.streams.video[0]
        if stream.codec_context is None:  # whatever its stub says
            raise BadRequest("the clip is in a codec that FFmpeg does not know: send H.264, say")
        check_claims(stream)
        for packet in opened.demux(stream):
            with suppress(av.FFmpegError):
                for frame in packet.decode():
                    budget.add_picture(frame.width, frame.height)
                    if time.monotonic() > until_s:
                        raise BadRequest("the clip takes too long to decode: send fewer or smaller frames")
                    if frame.time is None:
                        continue
                    first_s = frame.time if first_s is None else first_s
                    budget.check_length(frame.time - first_s)
                    if sampler.keep(frame.time - first_s):
                        images.append(shrunk(frame))
    if not images:
        raise BadRequest("no picture of the clip could be decoded: it is damaged or empty")
    return images


def check_pixels(width: int, height: int) -> None:
    """Raises BadRequest for pictures that would fill the memory."""
    if width * height > MAX_FRAME_PIXELS:
        raise BadRequest(TOO_MANY_PIXELS)


@contextmanager
def _opened(recording: bytes) -> Iterator[InputContainer]:
    try:
        with av.open(
            io.BytesIO(recording), "r", options={"format_whitelist": _FORMATS, **SMALL_ENOUGH}, metadata_errors="ignore"
        ) as opened:
            yield opened
    except BadEvent as bad:  # more came of it than is decoded
        raise BadRequest(str(bad)) from bad
    except (av.FFmpegError, IndexError) as error:  # the binding's own, on damaged MPEG-TS
        names = ", ".join(container.extension for container in CONTAINERS)
        raise BadRequest(f"the recording can't be read; of these one may be sent: {names}") from error
