"""A condition as JSON and back: one key an object, which says what kind of part it is."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
    Meaning,
    MoodIs,
    Not,
    OfKind,
    Picture,
    SceneText,
    Speaker,
    Voice,
    While,
    Words,
)
from domain.events import MODALITIES, Modality, Vector
from domain.mood import MOOD_LABELS, MoodLabel

Json: TypeAlias = Any


def condition_to_json(condition: Condition) -> str:
    """The same text for the same condition."""
    return json.dumps(condition_to_data(condition), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def condition_to_data(condition: Condition) -> dict[str, Json]:
    match condition:
        case Words(text, phrases):
            return {"words": {"text": text, "phrases": list(phrases)}}
        case Meaning(text):
            return {"meaning": text}
        case SceneText(text):
            return {"scene": text}
        case Picture(key, vector, encoder):
            return {"picture": _example(vector, encoder) if vector else {"key": key}}
        case Voice(speaker, vector, encoder):
            return {"voice": _example(vector, encoder) if vector else {"speaker": speaker}}
        case Speaker(ids):
            return {"speaker": list(ids)}
        case MoodIs(labels, valence, arousal, speakers):
            asked = {"labels": labels, "valence": valence, "arousal": arousal, "speakers": speakers}
            return {"mood": {name: list(value) for name, value in asked.items() if value}}
        case OfKind(kinds):
            return {"kind": list(kinds)}
        case AllOf(parts):
            return {"all": [condition_to_data(part) for part in parts]}
        case AnyOfThem(parts):
            return {"any": [condition_to_data(part) for part in parts]}
        case Not(part):
            return {"not": condition_to_data(part)}
        case While(what, during):
            return {"while": [condition_to_data(what), condition_to_data(during)]}


def condition_from_data(data: Json) -> Condition:
    """Raises ValueError, KeyError or RecursionError when it is none. Does not ask whether it makes sense."""
    kinds = list(data) if isinstance(data, dict) else []
    if len(kinds) != 1 or kinds[0] not in _READERS:
        raise ValueError(f"a condition is an object with one key of {', '.join(_READERS)}")
    return _READERS[kinds[0]](data[kinds[0]])


def text_from(value: Json, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name!r} must be a string, not {type(value).__name__}")
    return value.encode("utf-8", "replace").decode()  # half a surrogate pair is legal JSON and no text


def texts_from(value: Json, name: str) -> tuple[str, ...]:
    return tuple(text_from(each, name) for each in list_from(value, name))


def list_from(value: Json, name: str) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError(f"{name!r} must be an array, not {type(value).__name__}")
    return value


def object_from(value: Json, name: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise ValueError(f"{name!r} must be an object, not {type(value).__name__}")
    return value


def number_from(value: Json, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name!r} must be a finite number, not {str(value)[:40]!r}")
    return float(value)


def _example(vector: Vector, encoder: str) -> Json:
    return {"vector": _pack(vector)} | ({"encoder": encoder} if encoder else {})


def _pack(vector: Vector) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def _vector_from(value: Json) -> Vector:
    return tuple(np.frombuffer(base64.b64decode(text_from(value, "vector"), validate=True), dtype="<f4").tolist())


def _words(value: Json) -> Words:
    fields = object_from(value, "words")
    return Words(text_from(fields.get("text", ""), "text"), texts_from(fields.get("phrases", []), "phrases"))


def _picture(value: Json) -> Picture:
    fields = object_from(value, "picture")
    if "vector" not in fields:
        return Picture(_given(fields, "key"))
    return Picture(vector=_vector_from(fields["vector"]), encoder=text_from(fields.get("encoder", ""), "encoder"))


def _voice(value: Json) -> Voice:
    fields = object_from(value, "voice")
    if "vector" not in fields:
        return Voice(_given(fields, "speaker"))
    return Voice(vector=_vector_from(fields["vector"]), encoder=text_from(fields.get("encoder", ""), "encoder"))


def _given(fields: Mapping[str, Json], name: str) -> str:
    return text_from(fields[name], name)


def _mood(value: Json) -> MoodIs:
    fields = object_from(value, "mood")
    labels = tuple(_label(each) for each in list_from(fields.get("labels", []), "labels"))
    speakers = texts_from(fields.get("speakers", []), "speakers")
    return MoodIs(labels, _bounds(fields, "valence"), _bounds(fields, "arousal"), speakers)


def _label(value: Json) -> MoodLabel:
    for label in MOOD_LABELS:
        if value == label:
            return label
    raise ValueError(f"'labels' holds moods of {', '.join(MOOD_LABELS)}")


def _kind(value: Json) -> Modality:
    for kind in MODALITIES:
        if value == kind:
            return kind
    raise ValueError(f"'kind' holds kinds of {', '.join(MODALITIES)}")


def _bounds(fields: Mapping[str, Json], name: str) -> tuple[float, float] | None:
    if name not in fields:
        return None
    bounds = [number_from(each, name) for each in list_from(fields[name], name)]
    if len(bounds) != 2:
        raise ValueError(f"{name!r} holds two numbers, the lowest and the highest")
    return bounds[0], bounds[1]


def _while(value: Json) -> While:
    parts = list_from(value, "while")
    if len(parts) != 2:
        raise ValueError("'while' holds two conditions")
    return While(condition_from_data(parts[0]), condition_from_data(parts[1]))


_READERS: dict[str, Callable[[Json], Condition]] = {
    "words": _words,
    "meaning": lambda value: Meaning(text_from(value, "meaning")),
    "scene": lambda value: SceneText(text_from(value, "scene")),
    "picture": _picture,
    "voice": _voice,
    "speaker": lambda value: Speaker(texts_from(value, "speaker")),
    "mood": _mood,
    "kind": lambda value: OfKind(tuple(_kind(each) for each in list_from(value, "kind"))),
    "all": lambda value: AllOf(tuple(condition_from_data(each) for each in list_from(value, "all"))),
    "any": lambda value: AnyOfThem(tuple(condition_from_data(each) for each in list_from(value, "any"))),
    "not": lambda value: Not(condition_from_data(value)),
    "while": _while,
}
