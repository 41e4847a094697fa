"""Pictures and sounds of a data set as vectors. What can't be read is told by name, all of a batch at once: figures of
a data set of which some was left out would be those of another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from domain.errors import BadEvent
from domain.events import Vector
from domain.ports import PCM_RATE_HZ, Pcm, PictureEncoder, VoiceEncoder
from domain.voice_changes import mean_voice
from nowseen.retrieval.dataset import Media, raise_mistakes
from nowseen.retrieval.pictures import read_pictures
from nowseen.sound_files import read_sound
from nowseen.voice_clips import voice_windows
from streams.scene_describer import unit_mean

T = TypeVar("T")
Named = Sequence[tuple[str, Media]]  # what is called so in a message, and what it is


def picture_vectors(named: Named, pictures: PictureEncoder) -> list[Vector]:
    """Of a film the mean of its frames. Raises ConfigError."""
    seen = _read_all(named, read_pictures)
    rows = pictures.encode_images([picture for pictures_of_one in seen for picture in pictures_of_one])
    vectors, at = [], 0
    for pictures_of_one in seen:
        own = rows[at : at + len(pictures_of_one)]
        at += len(pictures_of_one)
        vectors.append(tuple(unit_mean(own).tolist()))
    return vectors


def read_sounds(named: Named) -> list[Pcm]:
    """Raises ConfigError."""
    return _read_all(named, _sound)


def voice_vectors(named: Named, voices: VoiceEncoder) -> list[Vector]:
    """Raises ConfigError, also for a sound without a voice."""

    def voice(media: Media) -> Vector:
        try:
            return mean_voice(voice_windows(_sound(media), voices))
        except ValueError as error:
            raise BadEvent(f"{media.path.name} has no voice: {error}") from error

    return _read_all(named, voice)


def _sound(media: Media) -> Pcm:
    sound = read_sound(media.path)
    if media.part_s is not None:
        start_s, end_s = media.part_s
        sound = sound[round(start_s * PCM_RATE_HZ) : round(end_s * PCM_RATE_HZ)]
        if not len(sound):
            raise BadEvent(f"{media.path.name} ends before {start_s:g} s")
    return sound


def _read_all(named: Named, read: Callable[[Media], T]) -> list[T]:
    found: list[T] = []
    mistakes: list[str] = []
    for name, media in named:
        try:
            found.append(read(media))
        except BadEvent as bad:
            mistakes.append(f"{name}: {bad}")
    if mistakes:
        raise_mistakes("the data set can't be measured", mistakes)
    return found
