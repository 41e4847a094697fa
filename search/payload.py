"""A moment as the JSON that stands beside its vectors, and back: the same in every engine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from domain.events import Modality, MomentDescribed, MoodCue, Vector, Word
from domain.mood import Mood, Share
from domain.ports import Labels, StoredMoment

HEARD = ("speakers", "moods", "cues")  # what a voice left in a payload


def to_payload(moment: MomentDescribed, stored_s: float, labels: Labels) -> dict[str, Any]:
    """Everything but the vectors. The words' times are kept to the millisecond, as the wire carries them."""
    payload: dict[str, Any] = {
        "source": moment.source,
        "start_s": float(moment.start_s),
        "end_s": float(moment.end_s),
        "encoder": moment.encoder,
        "text": moment.text,
        "stored_s": float(stored_s),
        # A word, because one of the engines can't match true and false.
        "state": "final" if moment.is_final else "provisional",
        **labels_payload(labels),
    }
    if moment.words:
        payload["words"] = _pack_words(moment.words, moment.start_s)
    if moment.thumbnail_key is not None:
        payload["thumbnail_key"] = moment.thumbnail_key
    if moment.attributes:
        payload["attributes"] = dict(moment.attributes)
    if moment.cues:
        payload["cues"] = _pack([cue.kind, cue.what, cue.valence, cue.arousal, cue.measured] for cue in moment.cues)
    return payload


def labels_payload(labels: Labels) -> dict[str, Any]:
    """The fields that change when a speaker is told apart better or a mood is understood later."""
    return {"speakers": list(labels.speakers), "moods": [_mood_payload(mood) for mood in labels.moods]}


def from_payload(
    id: str, modality: Modality, payload: Mapping[str, Any], vectors: Mapping[str, Vector], *, with_words: bool = True
) -> StoredMoment:
    """`with_words`: the words' times too. To unpack them takes longer than all the rest."""
    start_s = float(payload["start_s"])
    moment = MomentDescribed(
        source=payload["source"],
        modality=modality,
        start_s=start_s,
        end_s=float(payload["end_s"]),
        encoder=payload["encoder"],
        vectors=vectors,
        text=payload["text"],
        words=_unpack_words(payload["words"], start_s) if with_words and "words" in payload else (),
        thumbnail_key=payload.get("thumbnail_key"),
        attributes=dict(payload.get("attributes", {})),
        cues=tuple(MoodCue(*row) for row in json.loads(payload["cues"])) if "cues" in payload else (),
        is_final=payload["state"] == "final",
    )
    labels = Labels(tuple(payload.get("speakers", ())), tuple(_mood(each) for each in payload.get("moods", ())))
    return StoredMoment(id, moment, float(payload["stored_s"]), labels)


def _mood_payload(mood: Mood) -> dict[str, Any]:
    payload: dict[str, Any] = {"label": mood.label, "confidence": mood.confidence}
    if mood.label != "unknown":  # its zeros mean nothing, and no range may find them
        payload |= {"valence": mood.valence, "arousal": mood.arousal}
    if mood.evidence:
        shares = ([each.kind, each.what, each.valence, each.arousal, each.share] for each in mood.evidence)
        payload["evidence"] = _pack(shares)
    if mood.speaker is not None:
        payload["speaker"] = mood.speaker
    return payload


def _mood(payload: Mapping[str, Any]) -> Mood:
    return Mood(
        label=payload["label"],
        valence=float(payload.get("valence", 0.0)),
        arousal=float(payload.get("arousal", 0.0)),
        confidence=float(payload["confidence"]),
        evidence=tuple(Share(*row) for row in json.loads(payload.get("evidence", "[]"))),
        speaker=payload.get("speaker"),
    )


def _pack(rows: Iterable[object]) -> str:
    """One string instead of a list for each row: a quarter of the size, and one object for the engine to move."""
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"))


def _pack_words(words: tuple[Word, ...], start_s: float) -> str:
    start_ms = _ms(start_s)
    return _pack([word.text, _ms(word.start_s) - start_ms, _ms(word.end_s) - _ms(word.start_s)] for word in words)


def _unpack_words(packed: str, start_s: float) -> tuple[Word, ...]:
    start_ms = _ms(start_s)
    return tuple(
        Word(text, (start_ms + after_ms) / 1000, (start_ms + after_ms + length_ms) / 1000)
        for text, after_ms, length_ms in json.loads(packed)
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
