"""From a recording somebody gives to enrol a voice to that voice's vector, or to the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from domain.errors import BadRequest
from domain.events import Vector
from domain.ports import PCM_RATE_HZ, Matrix, Pcm, VoiceActivity, VoiceEncoder
from domain.voice_changes import mean_voice, one_voice, window_starts
from streams.recordings import decode_recording

LONGEST_S = 60.0
LEAST_SPEECH_S = 3.0
_SPEECH_FROM = 0.5  # probability: the voice activity model's own threshold


def voice_reader(voices: VoiceEncoder, voice_activity: Callable[[], VoiceActivity]) -> Callable[[bytes], Vector]:
    """Maps a recording's bytes to the vector of the one person who speaks in it, unit length.

    What it returns raises BadRequest when it is no sound, too long, silence, music or noise, or more than one person.
    """

    def read(recording: bytes) -> Vector:
        speech = _speech_of(decode_recording(recording, LONGEST_S), voice_activity())
        speech_s = speech.size / PCM_RATE_HZ
        if speech_s < LEAST_SPEECH_S:
            raise BadRequest(
                f"the recording holds {math.floor(10 * speech_s) / 10} s of speech, and {LEAST_SPEECH_S:.0f} s are "
                "needed: silence, music and noise do not count. Record one person who talks for about 10 s"
            )
        rows = voice_windows(speech, voices)
        if not one_voice(rows):
            raise BadRequest("more than one voice is heard in the recording: record the one person alone")
        return mean_voice(rows)

    return read


def voice_windows(speech: Pcm, voices: VoiceEncoder) -> Matrix:
    """(windows, d), the vectors of all windows of an utterance."""
    starts = window_starts(len(speech), voices.window_samples)
    return voices.encode_voices([speech[start : start + voices.window_samples] for start in starts])


def _speech_of(sound: Pcm, activity: VoiceActivity) -> Pcm:
    """The windows that hold speech, put together."""
    window = activity.window_samples
    whole = np.pad(sound, (0, -sound.size % window))
    return whole.reshape(-1, window)[activity.push_many(whole) >= _SPEECH_FROM].reshape(-1)
