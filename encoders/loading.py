"""From a role and a name to an encoder ready to use."""

from __future__ import annotations

import logging
from typing import Literal, overload

from domain.errors import ConfigError
from domain.ports import (
    PictureEncoder,
    PictureMoods,
    SentenceEncoder,
    SpeechEncoder,
    VoiceActivity,
    VoiceEncoder,
    VoiceMoods,
    WordMoods,
    WordReranker,
)
from encoders.options import EncoderOptions, Role

_log = logging.getLogger(__name__)


@overload
def load(role: Literal["pictures"], name: str, options: EncoderOptions) -> PictureEncoder: ...
@overload
def load(role: Literal["sentences"], name: str, options: EncoderOptions) -> SentenceEncoder: ...
@overload
def load(role: Literal["speech"], name: str, options: EncoderOptions) -> SpeechEncoder: ...
@overload
def load(role: Literal["voices"], name: str, options: EncoderOptions) -> VoiceEncoder: ...
@overload
def load(role: Literal["word_moods"], name: str, options: EncoderOptions) -> WordMoods: ...
@overload
def load(role: Literal["voice_moods"], name: str, options: EncoderOptions) -> VoiceMoods: ...
@overload
def load(role: Literal["reranker"], name: str, options: EncoderOptions) -> WordReranker: ...
def load(
    role: Role, name: str, options: EncoderOptions
) -> PictureEncoder | SentenceEncoder | SpeechEncoder | VoiceEncoder | WordMoods | VoiceMoods | WordReranker:
    """The encoder called `name`, ready to use. Takes seconds, and minutes when it must download.

    pictures:  "open_clip:MODEL/WEIGHTS", "open_clip:MODEL@FILE", "open_clip:MODEL/WEIGHTS@FILE", "concept"
    sentences: "minilm", "sentence_transformers:NAME_OR_FOLDER"
    speech:    "whisper:SIZE" (tiny.en, base, small, turbo...), "whisper:FILE.pt", "whisper:FOLDER" (CTranslate2)
    voices:    "resemblyzer"
    word_moods, voice_moods: "vader", "prosody", or for either "transformers:NAME_OR_FOLDER", a classifier
    reranker:  "cross_encoder:NAME_OR_FOLDER"

    Raises ConfigError for a name, file or device that is wrong. open_clip weights that are right but can't be had now
    are replaced by the concept encoder: its `info.stand_in_for` and `info.warning` say so, and so does the log.
    """
    match role:
        case "pictures":
            return _pictures(name, options)
        case "sentences":
            return _sentences(name, options)
        case "speech":
            return _speech(name, options)
        case "voices":
            return _voices(name, options)
        case "word_moods":
            return _word_moods(name, options)
        case "voice_moods":
            return _voice_moods(name, options)
        case "reranker":
            return _reranker(name, options)


def voice_activity() -> VoiceActivity:
    """A new stream's detector. Detectors share weights, not state; each belongs to one thread at a time."""
    from encoders.silero_voice_activity import SileroVoiceActivity

    return SileroVoiceActivity()


def picture_moods(pictures: PictureEncoder) -> PictureMoods:
    """Moods in the vectors that `pictures` makes. The stand-in `concept` knows none, so with it there are none."""
    from encoders.zero_shot_moods import ZeroShotPictureMoods

    return ZeroShotPictureMoods(pictures)


def _pictures(name: str, options: EncoderOptions) -> PictureEncoder:
    from encoders.concept_pictures import CONCEPT, ConceptPictureEncoder
    from encoders.open_clip_names import PREFIX, parse_choice
    from encoders.open_clip_pictures import OpenClipPictureEncoder
    from encoders.open_clip_probe import require_open_clip
    from encoders.weights import WeightsUnavailable

    if name == CONCEPT:
        return ConceptPictureEncoder(options)
    require_prefix("pictures", name, PREFIX, CONCEPT)
    try:
        require_open_clip(name, options)
        return OpenClipPictureEncoder(parse_choice(name), options)
    except WeightsUnavailable as error:
        if "@" in name:  # the user's own file
            raise ConfigError(f"pictures: {error}") from error
        stand_in = ConceptPictureEncoder(options, stand_in_for=name)
        _log.warning("PICTURES ARE SEARCHED BY A STAND-IN. %s. %s", error, stand_in.info.warning)
        return stand_in


def _sentences(name: str, options: EncoderOptions) -> SentenceEncoder:
    from encoders.minilm import MINILM
    from encoders.sentences import PREFIX, load_minilm, load_other

    if name == MINILM:
        return load_minilm(options)
    require_prefix("sentences", name, PREFIX, MINILM)
    return load_other(name, options)


def _speech(name: str, options: EncoderOptions) -> SpeechEncoder:
    from encoders.whisper_speech import WhisperSpeechEncoder
    from encoders.whisper_weights import PACKAGED as PACKAGED_SIZE
    from encoders.whisper_weights import PREFIX

    require_prefix("speech", name, PREFIX, PREFIX + PACKAGED_SIZE)
    return WhisperSpeechEncoder(name, options)


def _voices(name: str, options: EncoderOptions) -> VoiceEncoder:
    from encoders.resemblyzer_voices import RESEMBLYZER, ResemblyzerVoiceEncoder

    require_name("voices", name, RESEMBLYZER)
    return ResemblyzerVoiceEncoder(options)


def _word_moods(name: str, options: EncoderOptions) -> WordMoods:
    from encoders.transformers_loading import PREFIX
    from encoders.transformers_words import TransformersWordMoods
    from encoders.vader_words import VADER, VaderWordMoods

    if name == VADER:
        return VaderWordMoods()
    require_prefix("word_moods", name, PREFIX, VADER)
    return TransformersWordMoods(name, options)


def _voice_moods(name: str, options: EncoderOptions) -> VoiceMoods:
    from encoders.prosody import PROSODY, ProsodyVoiceMoods
    from encoders.transformers_loading import PREFIX
    from encoders.transformers_voices import TransformersVoiceMoods

    if name == PROSODY:
        return ProsodyVoiceMoods()
    require_prefix("voice_moods", name, PREFIX, PROSODY)
    return TransformersVoiceMoods(name, options)


def _reranker(name: str, options: EncoderOptions) -> WordReranker:
    from encoders.cross_encoder import CrossEncoderReranker, require_cross_encoder

    require_cross_encoder(name)
    return CrossEncoderReranker(name, options)


def require_name(role: str, name: str, packaged: str) -> None:
    if name != packaged:
        raise ConfigError(f"{role}: there is no encoder {name!r}; write {packaged}")


def require_prefix(role: str, name: str, prefix: str, packaged: str) -> None:
    if not name.startswith(prefix) or name == prefix:
        raise ConfigError(f"{role}: there is no encoder {name!r}; write {prefix}..., or {packaged}, which is installed")
