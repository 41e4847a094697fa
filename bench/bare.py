"""The same work without the product: one process decodes, encodes and transcribes. `python -m bench.bare`.

It is what the pipeline is compared with, so it uses the same picture encoder, at the same rate of frames, and
openai-whisper's own `transcribe` over the whole sound, with word times, as the product gives them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import encoders
from domain.events import ChunkPublished, Kind
from encoders.devices import prepare_device
from encoders.whisper_weights import find_whisper, load_whisper
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.settings import load_settings, load_topology
from streams.decode import decode_frames, decode_sound


def measure(path: Path, duration_s: float, times: int) -> dict[str, float]:
    """Seconds of each step for `times` runs over the file, models loaded before."""
    from whisper.timing import dtw_cpu

    settings = load_settings()
    topology = load_topology(settings)
    names, options = wanted_encoders(settings, topology), encoder_options(settings)
    pictures = encoders.load("pictures", names["pictures"], options)
    # Straight from the weights: what the product adds to make whisper faster must not help its rival.
    model: Any = load_whisper(find_whisper(names["speech"], options), options, prepare_device(options))
    dtw_cpu(np.zeros((2, 2)))  # numba compiles it at the first call, which takes seconds: that is no transcribing
    media = path.read_bytes()

    def chunk(kind: Kind) -> ChunkPublished:
        return ChunkPublished("bench", kind, 0.0, duration_s, "video/mp4", media)

    took = {"decode_s": 0.0, "encode_s": 0.0, "transcribe_s": 0.0}
    for _ in range(times):
        started = time.perf_counter()
        frames = decode_frames(chunk("video"), topology.scenes.frames_per_s)
        sound = decode_sound(chunk("audio"))
        took["decode_s"] += time.perf_counter() - started
        started = time.perf_counter()
        pictures.encode_images([frame.image for frame in frames])
        took["encode_s"] += time.perf_counter() - started
        started = time.perf_counter()
        model.transcribe(sound, word_timestamps=True, language="en", fp16=False)
        took["transcribe_s"] += time.perf_counter() - started
    return took


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
