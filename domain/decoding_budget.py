"""How much may come out of media that somebody sends. A few bytes can unpack to hours of sound or fill the memory.

Two looks: at what the container says, before a decoder is opened, and at what comes, frame by frame, before it is
resampled or shrunk. Sizes and rates may change in mid-stream. All of it is wide enough for any honest camera or
telephone; how long a chunk may be is for topology.yaml to say.
"""

from __future__ import annotations

from domain.errors import BadEvent

MAX_FRAME_PIXELS = 8192 * 4320  # 8K
MAX_FRAMES_PER_S = 240
MAX_PIXELS_PER_S = 60 * MAX_FRAME_PIXELS  # 8K at 60 frames a second
MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 384_000  # FLAC allows 1 Hz: resampled, one frame of it is a day
MAX_CHANNELS = 64
LONGER_S = 5.0  # a chunk may last so much longer than it says
_PADDING_S = 0.1  # encoders fill their last frame


def check_size(width: int, height: int) -> None:
    """Raises BadEvent for pictures that would fill the memory."""
    if width * height > MAX_FRAME_PIXELS:
        raise BadEvent(
            f"a picture has {width} x {height} = {width * height} pixels; at most {MAX_FRAME_PIXELS} are decoded "
            "(8192 x 4320): send smaller pictures"
        )


def check_rate(rate_hz: int, channels: int) -> None:
    """Raises BadEvent for sound that would grow without measure when it is resampled."""
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise BadEvent(
            f"the sound has {rate_hz} samples a second; {MIN_RATE_HZ} to {MAX_RATE_HZ} are decoded: send it at a rate "
            "that players know, such as 48000"
        )
    if channels > MAX_CHANNELS:
        raise BadEvent(f"the sound has {channels} channels; at most {MAX_CHANNELS} are decoded: send it in stereo")


class DecodingBudget:
    """Counts what is decoded of one chunk or one upload. Every method raises BadEvent for what is too much."""

    def __init__(self, longest_s: float, longer: str) -> None:
        """`longer` begins what is said of media that last longer: "the clip is longer than 60 s"."""
        self._longest_s, self._longer = longest_s, longer
        self._pictures = self._pixels = 0
        self._sound_s = 0.0

    def add_picture(self, width: int, height: int) -> None:
        check_size(width, height)
        self._pictures, self._pixels = self._pictures + 1, self._pixels + width * height
        if self._pictures > max(1.0, self._longest_s * MAX_FRAMES_PER_S):
            raise self._too_many(f"{self._pictures} pictures", f"{MAX_FRAMES_PER_S} pictures", "fewer pictures")
        if self._pixels > max(1.0, self._longest_s) * MAX_PIXELS_PER_S:
            raise self._too_many(f"{self._pixels} pixels", f"{MAX_PIXELS_PER_S} pixels", "fewer or smaller pictures")

    def add_sound(self, samples: int, rate_hz: int, channels: int) -> None:
        check_rate(rate_hz, channels)
        self._sound_s += samples / rate_hz
        self.check_length(self._sound_s)

    def check_length(self, seconds: float) -> None:
        if seconds > self._longest_s:
            raise BadEvent(
                f"{self._longer}: {seconds:.1f} s came of it, and at most {self._longest_s:.1f} s are decoded. Send it "
                "shorter, or as long as it says"
            )

    def _too_many(self, came: str, most: str, instead: str) -> BadEvent:
        return BadEvent(
            f"{came} and more came of at most {self._longest_s:.1f} s; at most {most} a second are decoded: send "
            f"{instead}"
        )


def chunk_budget(duration_s: float) -> DecodingBudget:
    """For a chunk that says it lasts `duration_s`."""
    return DecodingBudget(
        duration_s + LONGER_S, f"the chunk lasts longer than its ce_durationms ({duration_s:.1f} s) says"
    )


def upload_budget(what: str, longest_s: float) -> DecodingBudget:
    """For a `what`, such as "clip", that somebody hands in."""
    return DecodingBudget(longest_s + _PADDING_S, f"the {what} is longer than {longest_s:.0f} s")
