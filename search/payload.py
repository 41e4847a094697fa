"""A moment as the JSON that stands beside its vectors, and back: the same in every engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from domain.events import Modality, MomentDescribed, Vector, Word
from domain.ports import StoredMoment


def to_payload(moment: MomentDescribed, stored_s: float) -> dict[str, Any]:
    """Everything but the vectors. The words' times are kept to the millisecond, as the wire carries them."""
    payload: dict[str, Any] = {
        "source": moment.source,
        "start_s": float(moment.start_s),
        "end_s": float(moment.end_s),
        "encoder": moment.encoder,
        "text": moment.text,
        "stored_s": float(stored_s),
    }
    if moment.words:
        payload["words"] = _pack(moment.words, moment.start_s)
    if moment.thumbnail_key is not None:
        payload["thumbnail_key"] = moment.thumbnail_key
    if moment.attributes:
        payload["attributes"] = dict(moment.attributes)
    return payload


def from_payload(
    id: str, modality: Modality, payload: Mapping[str, Any], vectors: Mapping[str, Vector]
) -> StoredMoment:
    start_s = float(payload["start_s"])
    moment = MomentDescribed(
        source=payload["source"],
        modality=modality,
        start_s=start_s,
        end_s=float(payload["end_s"]),
        encoder=payload["encoder"],
        vectors=vectors,
        text=payload["text"],
        words=_unpack(payload["words"], start_s) if "words" in payload else (),
        thumbnail_key=payload.get("thumbnail_key"),
        attributes=dict(payload.get("attributes", {})),
    )
    return StoredMoment(id, moment, float(payload["stored_s"]))


def _pack(words: tuple[Word, ...], start_s: float) -> str:
    """One string instead of a list for each word: a quarter of the size, and one object for the engine to move."""
    start_ms = _ms(start_s)
    rows = [[word.text, _ms(word.start_s) - start_ms, _ms(word.end_s) - _ms(word.start_s)] for word in words]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _unpack(packed: str, start_s: float) -> tuple[Word, ...]:
    start_ms = _ms(start_s)
    return tuple(
        Word(text, (start_ms + after_ms) / 1000, (start_ms + after_ms + length_ms) / 1000)
        for text, after_ms, length_ms in json.loads(packed)
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
