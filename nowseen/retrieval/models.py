"""The encoders that are evaluated: those of the settings, or others by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import encoders
from domain.ports import EncoderInfo, PictureEncoder, SentenceEncoder, VoiceEncoder
from domain.topology import Topology
from encoders import EncoderOptions
from streams.speech_describer import SpeechModels


@dataclass(frozen=True, slots=True)
class RetrievalModels:
    topology: Topology
    pictures: PictureEncoder
    sentences: SentenceEncoder
    voices: VoiceEncoder
    hearing: SpeechModels | None  # None: no recording is to be heard

    @property
    def infos(self) -> Mapping[str, EncoderInfo]:
        """By role, as the collections of the topology want them."""
        return {"pictures": self.pictures.info, "sentences": self.sentences.info, "voices": self.voices.info}

    @property
    def used(self) -> tuple[EncoderInfo, ...]:
        return (*self.infos.values(), *([self.hearing.speech.info] if self.hearing else []))


def load_models(
    topology: Topology, names: Mapping[str, str], options: EncoderOptions, *, hearing: bool
) -> RetrievalModels:
    """`names` by role. Raises ConfigError as `encoders.load` does."""
    pictures = encoders.load("pictures", names["pictures"], options)
    sentences = encoders.load("sentences", names["sentences"], options)
    voices = encoders.load("voices", names["voices"], options)
    models = None
    if hearing:
        models = SpeechModels(
            encoders.load("speech", names["speech"], options),
            sentences,
            voices,
            encoders.load("word_moods", names["word_moods"], options),
            encoders.load("voice_moods", names["voice_moods"], options),
        )
    return RetrievalModels(topology, pictures, sentences, voices, models)
