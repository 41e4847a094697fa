"""A recording somebody hands in, such as a voice to enrol: of any kind a chunk may be, and of nobody's clock."""

from __future__ import annotations

import io
from contextlib import suppress

import av
import numpy as np
from av.audio.resampler import AudioResampler

from domain.containers import CONTAINERS
from domain.errors import BadRequest
from domain.ports import PCM_RATE_HZ, Pcm

# Guessed from the bytes, but only among these: libav would open a playlist too, and follow its addresses.
_FORMATS = ",".join(container.demuxer for container in CONTAINERS)


def decode_recording(recording: bytes, longest_s: float) -> Pcm:
    """(samples,) mono at PCM_RATE_HZ. Damaged packets are passed over.

    Raises BadRequest when it holds no sound or more than `longest_s`; no more than that is ever decoded.
    """
    parts: list[Pcm] = []
    have, most = 0, round(longest_s * PCM_RATE_HZ)
    try:
        with av.open(
            io.BytesIO(recording), "r", options={"format_whitelist": _FORMATS}, metadata_errors="ignore"
        ) as opened:
            if not opened.streams.audio:
                raise BadRequest("the recording holds no sound")
            resampler = AudioResampler(format="fltp", layout="mono", rate=PCM_RATE_HZ)
            for packet in opened.demux(opened.streams.audio[0]):
                with suppress(av.FFmpegError, ValueError):
                    for frame in packet.decode():
                        frame.pts = None  # the resampler would otherwise fill gaps by itself
                        for piece in resampler.resample(frame):
                            parts.append(piece.to_ndarray()[0])
                            have += piece.samples
                if have > most:
                    raise BadRequest(f"the recording is longer than {longest_s:.0f} s: send a shorter one")
            with suppress(av.FFmpegError, ValueError):  # raised when nothing was ever put in
                parts.extend(piece.to_ndarray()[0] for piece in resampler.resample(None))
    except av.FFmpegError as error:
        names = ", ".join(container.extension for container in CONTAINERS)
        raise BadRequest(f"the recording can't be read as sound; of these one may be sent: {names}") from error
    if not parts:
        raise BadRequest("no sound of the recording could be decoded: it is damaged or empty")
    pcm = np.concatenate(parts).astype(np.float32, copy=False)
    return np.clip(np.nan_to_num(pcm), -1.0, 1.0)
