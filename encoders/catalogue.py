"""What would be loaded, for people to read before anything heavy is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from domain.errors import ConfigError
from domain.ports import EncoderInfo
from encoders.loading import require_name, require_prefix
from encoders.options import EncoderOptions, Role
from encoders.weights import WeightsUnavailable

# What needs no download: the choice of a machine without a network.
PACKAGED: Mapping[str, str] = {
    "pictures": "concept",
    "sentences": "minilm",
    "speech": "whisper:tiny.en",
    "voices": "resemblyzer",
    "word_moods": "vader",
    "voice_moods": "prosody",
}


def listing(options: EncoderOptions, names: Mapping[Role, str] | Mapping[str, str] = PACKAGED) -> list[EncoderInfo]:
    """What `load` would use for `names` now, and voice activity, without loading or downloading anything.

    An origin that begins with https:// is still to be downloaded; for pictures the hub is asked whether it can be, and
    when not, the stand-in is what is listed. Raises ConfigError with every name that is wrong.
    """
    from encoders.silero_voice_activity import voice_activity_info

    found, mistakes = [], list[str]()
    for role, name in names.items():
        try:
            found.append(_describe(role, name, options))
        except ConfigError as error:
            mistakes.extend(error.mistakes)
    if mistakes:
        raise ConfigError(mistakes)
    return [*found, voice_activity_info()]


def _describe(role: str, name: str, options: EncoderOptions) -> EncoderInfo:
    match role:
        case "pictures":
            from encoders import concept_pictures, open_clip_names, open_clip_pictures

            if name == concept_pictures.CONCEPT:
                return concept_pictures.concept_info(options)
            require_prefix(role, name, open_clip_names.PREFIX, concept_pictures.CONCEPT)
            choice = open_clip_names.parse_choice(name)
            path = open_clip_pictures.find_weights(choice, options)
            if path is None:
                try:
                    open_clip_pictures.require_download(choice, options)
                except WeightsUnavailable:
                    return concept_pictures.concept_info(options, stand_in_for=name)
            return open_clip_pictures.open_clip_info(choice, str(path or choice.download_address), options)
        case "sentences":
            from encoders import minilm, sentences

            if name == minilm.MINILM:
                return minilm.minilm_info(options)
            require_prefix(role, name, sentences.PREFIX, minilm.MINILM)
            return sentences.other_info(name, options)
        case "speech":
            from encoders import whisper_speech, whisper_weights

            require_prefix(role, name, whisper_weights.PREFIX, whisper_weights.PREFIX + whisper_weights.PACKAGED)
            return whisper_speech.whisper_info(name, options)
        case "voices":
            from encoders import resemblyzer_voices

            require_name(role, name, resemblyzer_voices.RESEMBLYZER)
            return resemblyzer_voices.resemblyzer_info(options)
        case "word_moods":
            from encoders import transformers_loading, vader_words

            if name == vader_words.VADER:
                return vader_words.vader_info()
            require_prefix(role, name, transformers_loading.PREFIX, vader_words.VADER)
            return transformers_loading.transformers_info(role, name, options)
        case "voice_moods":
            from encoders import prosody, transformers_loading

            if name == prosody.PROSODY:
                return prosody.prosody_info()
            require_prefix(role, name, transformers_loading.PREFIX, prosody.PROSODY)
            return transformers_loading.transformers_info(role, name, options)
        case "reranker":
            from encoders import cross_encoder, transformers_loading

            cross_encoder.require_cross_encoder(name)
            return transformers_loading.transformers_info(role, name, options)
        case _:
            raise ConfigError(f"there is no role {role!r}; the roles are {', '.join(get_args(Role))}")
