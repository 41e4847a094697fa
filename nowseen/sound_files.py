"""A file of sound, whole, as models take it: for recordings on this machine, never for chunks of a stream."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler

from domain.decoding_budget import check_rate
from domain.errors import BadEvent
from domain.ports import PCM_RATE_HZ, Pcm

LOCAL_ONLY = {"protocol_whitelist": "file"}  # a playlist in disguise opens no address


def read_sound(path: Path) -> Pcm:
    """(samples,) mono at PCM_RATE_HZ, of anything FFmpeg reads. Raises BadEvent when no sound can be had."""
    pieces: list[Pcm] = []
    try:
        with av.open(str(path), metadata_errors="ignore", options=LOCAL_ONLY) as container:
            if not container.streams.audio:
                raise BadEvent(f"{path.name} holds no sound")
            resampler = AudioResampler(format="fltp", layout="mono", rate=PCM_RATE_HZ)
            for frame in container.decode(audio=0):
                check_rate(frame.sample_rate, frame.layout.nb_channels)
                frame.pts = None  # a file's sound is taken as one piece
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            if pieces:
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except (OSError, ValueError, av.FFmpegError) as error:
        raise BadEvent(f"{path.name} can't be read as sound: {error}") from error
    if not sum(map(len, pieces)):
        raise BadEvent(f"{path.name} holds no sound that can be decoded")
    return np.clip(np.nan_to_num(np.concatenate(pieces)), -1.0, 1.0).astype(np.float32, copy=False)


def write_wav(to: Path | BinaryIO, pcm: Pcm) -> None:
    """16 bit, mono."""
    with wave.open(str(to) if isinstance(to, Path) else to, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(PCM_RATE_HZ)
        out.writeframes(to_int16(pcm).tobytes())


def to_int16(pcm: Pcm) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.clip(np.round(pcm * 32768), -32768, 32767).astype(np.int16)
