"""An hour in which nobody speaks: noises, tones and beats made here, and real music.

What a microphone hears of rain or applause is many short bursts at random times (a shot noise), so that is how they are
made. Each kind comes quiet and loud, for a threshold on loudness would hide what is to be measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from domain.ports import PCM_RATE_HZ, Pcm
from nowseen.sound_files import read_sound

PIECE_S = 60
LEVELS_DB = (-45.0, -30.0, -20.0, -10.0, -3.0)  # of the loudest sample, below full scale


def hour(music: Mapping[str, Path]) -> Iterator[tuple[str, Pcm]]:
    """Kind and sound, a minute or a piece of music at a time; together an hour, the last piece cut to fit."""
    left = 3600 * PCM_RATE_HZ
    for kind, sound in _pieces(music):
        yield kind, sound[:left]
        left -= len(sound)
        if left <= 0:
            return


def _pieces(music: Mapping[str, Path]) -> Iterator[tuple[str, Pcm]]:
    for path in music.values():
        yield "music", read_sound(path)
    random = np.random.default_rng(0)
    while True:
        for level_db in LEVELS_DB:
            for kind in KINDS:
                sound = _made(kind, random)
                yield kind, (sound / np.abs(sound).max() * 10 ** (level_db / 20)).astype(np.float32)


KINDS = ("white noise", "pink noise", "brown noise", "hum", "tones", "beeps", "applause", "rain", "drum")


def _made(kind: str, random: np.random.Generator) -> Pcm:
    samples = PIECE_S * PCM_RATE_HZ
    time_s = np.arange(samples) / PCM_RATE_HZ
    match kind:
        case "white noise":
            return np.asarray(random.normal(size=samples), np.float32)
        case "pink noise":
            return _coloured(random, samples, 0.5)
        case "brown noise":
            return _coloured(random, samples, 1.0)
        case "hum":
            hum = sum(np.sin(2 * np.pi * 50 * n * time_s) / n for n in (1, 2, 3, 5, 7))
            return np.asarray(hum, np.float32) + _coloured(random, samples, 0.5) * np.float32(0.1)
        case "tones":  # a slow sweep through the range of voices
            return np.asarray(np.sin(2 * np.pi * (80 * time_s + 15 * time_s**2)), np.float32)
        case "beeps":
            pairs = random.choice([697, 770, 852, 941, 1209, 1336, 1477], size=(PIECE_S * 2, 2))
            pitch = np.repeat(pairs, PCM_RATE_HZ // 2, axis=0)
            sound = np.sin(2 * np.pi * pitch[:, 0] * time_s) + np.sin(2 * np.pi * pitch[:, 1] * time_s)
            return np.asarray(sound * (time_s % 0.5 < 0.3), np.float32)
        case "applause":
            return _bursts(random, samples, per_s=120, decay_s=0.012, pitch_hz=1400)
        case "rain":
            return _bursts(random, samples, per_s=400, decay_s=0.003, pitch_hz=4000) + _coloured(
                random, samples, 0.5
            ) * np.float32(0.3)
        case _:
            return _bursts(random, samples, per_s=4, decay_s=0.12, pitch_hz=110)


def _coloured(random: np.random.Generator, samples: int, exponent: float) -> Pcm:
    """Power falls with the frequency to twice this exponent."""
    spectrum = np.fft.rfft(random.normal(size=samples))
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / PCM_RATE_HZ), 20.0)
    noise = np.fft.irfft(spectrum / frequency**exponent, samples)
    return np.asarray(noise / noise.std(), np.float32)


def _bursts(random: np.random.Generator, samples: int, *, per_s: float, decay_s: float, pitch_hz: float) -> Pcm:
    length = round(6 * decay_s * PCM_RATE_HZ)
    time_s = np.arange(length) / PCM_RATE_HZ
    ring = np.exp(-time_s / decay_s) * np.sin(2 * np.pi * pitch_hz * time_s) * random.normal(1.0, 0.5, length)
    starts = np.zeros(samples)
    places = random.integers(0, samples, round(per_s * samples / PCM_RATE_HZ))
    np.add.at(starts, places, random.normal(size=len(places)))
    size = samples + length
    sound = np.fft.irfft(np.fft.rfft(starts, size) * np.fft.rfft(ring, size), size)[:samples]
    return np.asarray(sound / sound.std(), np.float32)
