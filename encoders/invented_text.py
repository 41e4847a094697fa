"""Text that a speech model makes up where nobody spoke.

Whisper writes "you" on silence and noise, and falls into loops. The compression ratio is that of Whisper's own
transcribe() (Radford et al. 2022, section 4.5). That also asks for a probability of no speech above 0.6 and a mean log
probability below -1, which lets "you" through: on twelve noises and tones tiny.en gave no speech 0.50 to 0.95 and log
probabilities down from -0.45, on 24 stretches of music that voice activity took for speech 0.57 to 0.93; on 46 spoken
utterances, single words on the telephone among them, 0.01 to 0.38. So no speech is likely from 0.5 on, and the text must
be nearly certain to be kept then. Nothing here can tell a plausible invented sentence from a spoken one: that is what voice activity
before it and the transcript's confidence after it are for.
"""

from __future__ import annotations

from typing import Protocol

NO_SPEECH_PROBABILITY = 0.5
SURE_MEAN_LOG_PROBABILITY = -0.4
LOWEST_MEAN_LOG_PROBABILITY = -2.0
HIGHEST_COMPRESSION = 2.4

_PHRASE_WORDS = 8
_LOOP_REPEATS = 4
_LOOP_WORDS = 12  # "no, no, no, no" is speech


class Decoded(Protocol):
    """What is looked at of whisper's DecodingResult."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


def nobody_spoke(decoded: Decoded) -> bool:
    quiet = decoded.no_speech_prob > NO_SPEECH_PROBABILITY
    floor = SURE_MEAN_LOG_PROBABILITY if quiet else LOWEST_MEAN_LOG_PROBABILITY
    return not decoded.text or decoded.avg_logprob < floor


def loops(decoded: Decoded) -> bool:
    return decoded.compression_ratio > HIGHEST_COMPRESSION or repeats_a_phrase(decoded.text)


def repeats_a_phrase(text: str) -> bool:
    """True when up to eight words come again and again, four times or more and twelve words or more in a row."""
    words = text.lower().split()
    for length in range(1, _PHRASE_WORDS + 1):
        same = 0
        for word, earlier in zip(words[length:], words, strict=False):
            same = same + 1 if word == earlier else 0
            if same + length >= max(_LOOP_WORDS, _LOOP_REPEATS * length):
                return True
    return False
