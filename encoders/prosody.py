"""How a voice sounds, measured: what its speaker's usual sound gives a meaning (domain/mood.py).

    level_db            mean level of the frames with speech, dB below full scale; the microphone has its part in it
    pitch_hz            median of the voiced frames, 70 to 400 Hz
    pitch_sd_semitones  standard deviation of the voiced frames' pitch, octave errors left out
    syllables_per_s     peaks of intensity, of the time that is spoken: pauses left out (articulation rate)
    hf_to_lf_db         1 to 5 kHz over 50 Hz to 1 kHz in the voiced frames: pressed voices have more above
    pause_share         of the time from the first to the last frame with speech, 0 to 1

Pitch after Boersma, "Accurate short-term analysis of the fundamental frequency" (1993), without the path through the
candidates; syllables after de Jong and Wempe, "Praat script to detect syllable nuclei" (2009); the spectral balance is
the alpha ratio of Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set" (2016), as high over low.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.events import MoodCue
from domain.ports import PCM_RATE_HZ, EncoderInfo, Pcm

PROSODY = "prosody"

_FRAME_SAMPLES = 640  # 40 ms: nearly three periods of the lowest voice
_HOP_SAMPLES = 160
_FRAMES_PER_S = PCM_RATE_HZ // _HOP_SAMPLES
_FFT_SAMPLES = 2 * _FRAME_SAMPLES  # an autocorrelation that does not wrap around
_BLOCK_FRAMES = 500  # bounds the memory of a long utterance

_SHORTEST_LAG = PCM_RATE_HZ // 400
_LONGEST_LAG = PCM_RATE_HZ // 70
_VOICED = 0.45  # of a perfect repetition: Praat's voicing threshold
_OCTAVE_COST = 0.01  # Praat's: of two equal candidates the higher pitch
_LEAST_VOICED_FRAMES = 30
_SAME_OCTAVE_SEMITONES = 9.0  # further from the median it is an error, or no speech

_QUIETEST_DB = -70.0
_RANGE_DB = 25.0  # below the loudest a frame still counts as speech
_DIP_DB = 2.0  # between two syllables
_SMOOTHED_FRAMES = 7

_window = np.hanning(_FRAME_SAMPLES).astype(np.float32)
_bins_hz = np.fft.rfftfreq(_FFT_SAMPLES, 1 / PCM_RATE_HZ)
_low = slice(*np.searchsorted(_bins_hz, (50, 1000)))
_high = slice(*np.searchsorted(_bins_hz, (1000, 5000)))
_lags = np.arange(_SHORTEST_LAG, _LONGEST_LAG + 1)

_Numbers = npt.NDArray[np.float64]
_Floats = npt.NDArray[np.floating]


def _power(frames: _Floats) -> _Floats:
    spectra = np.fft.rfft(frames * _window, _FFT_SAMPLES)
    return spectra.real**2 + spectra.imag**2


def _autocorrelation(power: _Floats) -> _Floats:
    return np.fft.irfft(power, _FFT_SAMPLES)[..., : _LONGEST_LAG + 1]


_window_autocorrelation = _autocorrelation(_power(np.ones(_FRAME_SAMPLES, np.float32)))
_window_autocorrelation /= _window_autocorrelation[0]


@dataclass(frozen=True, slots=True)
class _Frames:
    """One number a frame, every 10 ms."""

    level_db: _Numbers
    pitch_hz: _Numbers
    periodicity: _Numbers  # 0 to 1
    low: _Numbers  # power
    high: _Numbers


class ProsodyVoiceMoods:
    """Thread-safe."""

    @property
    def info(self) -> EncoderInfo:
        return prosody_info()

    def listen(self, utterances: Sequence[Pcm]) -> list[tuple[MoodCue, ...]]:
        """None for an utterance with less than 0.3 s of voiced sound."""
        return [
            tuple(MoodCue("voice", what, measured=measured) for what, measured in measure(pcm).items())
            for pcm in utterances
        ]


def prosody_info() -> EncoderInfo:
    return EncoderInfo(
        role="voice moods",
        name=PROSODY,
        origin="measured, not a model",
        licence="Apache-2.0",
        vector_size=0,
        device="cpu",
    )


def measure(pcm: Pcm) -> dict[str, float]:
    """The traits by name; none when too little is voiced."""
    if pcm.size < _FRAME_SAMPLES:
        return {}
    frames = _analyse(np.asarray(pcm, dtype=np.float32))
    spoken = frames.level_db > max(_QUIETEST_DB, np.percentile(frames.level_db, 95) - _RANGE_DB)
    voiced = spoken & (frames.periodicity > _VOICED)
    if voiced.sum() < _LEAST_VOICED_FRAMES:
        return {}
    pitch_hz = float(np.median(frames.pitch_hz[voiced]))
    semitones = 12 * np.log2(frames.pitch_hz[voiced] / pitch_hz)
    at = np.flatnonzero(spoken)
    return {
        "level_db": float(frames.level_db[spoken].mean()),
        "pitch_hz": pitch_hz,
        "pitch_sd_semitones": float(semitones[np.abs(semitones) < _SAME_OCTAVE_SEMITONES].std()),
        "syllables_per_s": _syllables(frames.level_db, voiced) * _FRAMES_PER_S / at.size,
        "hf_to_lf_db": float(10 * np.log10((frames.high[voiced].sum() + 1e-12) / (frames.low[voiced].sum() + 1e-12))),
        "pause_share": float(1 - at.size / (at[-1] - at[0] + 1)),
    }


def _analyse(pcm: Pcm) -> _Frames:
    frames = np.lib.stride_tricks.sliding_window_view(pcm, _FRAME_SAMPLES)[::_HOP_SAMPLES]
    found = [_analyse_block(frames[first : first + _BLOCK_FRAMES]) for first in range(0, len(frames), _BLOCK_FRAMES)]
    return _Frames(*(np.concatenate(column, dtype=np.float64) for column in zip(*found, strict=True)))


def _analyse_block(frames: _Floats) -> tuple[_Floats, ...]:
    frames = frames - frames.mean(axis=1, keepdims=True)
    level_db = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-12)
    power = _power(frames)
    repetition = _autocorrelation(power)
    repetition /= np.maximum(repetition[:, :1], 1e-9) * _window_autocorrelation
    candidates = repetition[:, _SHORTEST_LAG:]
    best = (candidates - _OCTAVE_COST * np.log2(_lags)).argmax(axis=1)
    periodicity = candidates[np.arange(len(frames)), best]
    return level_db, PCM_RATE_HZ / _lags[best], periodicity, power[:, _low].sum(axis=1), power[:, _high].sum(axis=1)


def _syllables(level_db: _Numbers, voiced: npt.NDArray[np.bool_]) -> int:
    """Peaks of the smoothed level, in voiced frames, with a dip after each."""
    kernel = np.hanning(_SMOOTHED_FRAMES + 2)[1:-1]
    smooth = np.convolve(np.pad(level_db, _SMOOTHED_FRAMES // 2, mode="edge"), kernel / kernel.sum(), "valid")
    peaks = np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])) + 1
    if not peaks.size:
        return 0
    dips = np.minimum.reduceat(smooth, peaks)
    return int(((smooth[peaks] - dips > _DIP_DB) & voiced[peaks]).sum())
