"""Every message on a topic, as frozen past-tense facts.

On the wire each is a CloudEvents 1.0 event in Kafka's binary mode: the attributes are `ce_*` headers, the data is the
record's value. So a publisher in any language needs a Kafka client and a few headers (docs/events.md), and a chunk's
media bytes travel as they are. The version is the end of `ce_type`; a type or version this code does not know is a
BadEvent, never a guess.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import numpy as np
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.incident_facts import INCIDENT_STATES, EvidenceLine, IncidentFacts, IncidentState

Kind: TypeAlias = Literal["video", "audio"]
Modality: TypeAlias = Literal["scene", "speech", "text"]
CueKind: TypeAlias = Literal["words", "voice", "picture"]
Vector: TypeAlias = tuple[float, ...]

KINDS: tuple[Kind, ...] = ("video", "audio")
MODALITIES: tuple[Modality, ...] = ("scene", "speech", "text")
CUE_KINDS: tuple[CueKind, ...] = ("words", "voice", "picture")

SOURCE_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ARCHIVE_KEY_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){1,5}")
RULES = "rules"  # what stands for all rules where an event has a source
_PREFIX = "nowseen."
_MAX_TIME_S = 253_402_214_400  # 9999-12-31


@dataclass(frozen=True, slots=True)
class Message:
    """What a Kafka client sends: key, value and headers, all bytes."""

    key: bytes
    value: bytes
    headers: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class ChunkPublished:
    """A few seconds of one source's video or audio that decode without any other chunk.

    `start_s` is the event time (Unix seconds, UTC) of the first picture or sample shown; times inside the chunk count
    from there. The bytes are in `media`, or, above the inline limit, in the media archive under `archive_key`.
    """

    source: str
    kind: Kind
    start_s: float
    duration_s: float
    content_type: str
    media: bytes = b""
    archive_key: str | None = None
    is_last: bool = False  # the source ended on purpose: nothing is left to wait for

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class TextPublished:
    """A caption, a chat line, a headline: words that were written, not heard."""

    source: str
    start_s: float
    text: str
    end_s: float | None = None
    author: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class MoodCue:
    """One thing in a moment that speaks of a mood: a word, a trait of the voice, something in the picture.

    A cue that means the same whoever says it (a word, what a trained model says) has `valence` and `arousal`, both -1
    to 1. A measured trait of the voice has only `measured`, in the unit its name ends with: what it means depends on
    how this speaker usually sounds (domain/mood.py).
    """

    kind: CueKind
    what: str  # the word, the trait ("pitch_hz") or the picture's description, for people
    valence: float | None = None
    arousal: float | None = None
    measured: float | None = None


@dataclass(frozen=True, slots=True)
class MomentDescribed:
    """A stretch of one source's time and what was seen, heard or written in it.

    `vectors` are unit length, by name ("image", "text", "voice"). `encoder` names the model that made the one its
    collection is searched by; it is part of the moment's id. A moment that is not final holds text heard while the
    utterance goes on: the final one, of the same id, takes its place, or a MomentWithdrawn removes it.
    """

    source: str
    modality: Modality
    start_s: float
    end_s: float
    encoder: str
    vectors: Mapping[str, Vector]
    text: str = ""
    words: tuple[Word, ...] = ()
    thumbnail_key: str | None = None
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    cues: tuple[MoodCue, ...] = ()
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class MomentWithdrawn:
    """Of a moment that was not final nothing remained: what sounded like speech was none."""

    source: str
    modality: Modality
    start_s: float
    encoder: str


@dataclass(frozen=True, slots=True)
class CoverageAdvanced:
    """Everything of `source` and `modality` from `start_s` to `until_s` has been turned into moments.

    It follows those moments in the same partition, so that who has stored all before it knows the index is complete up
    to `until_s`. `moments` are their ids: what else was made of that time earlier is out of date
    (domain/described_time.py). None: that is not told, as of texts, which stand each for itself. `partition` is that of
    the media's topic which the source came on. The rest is what the work cost, for the metrics.
    """

    source: str
    modality: Modality
    start_s: float
    until_s: float
    published_s: float  # when the newest chunk behind it reached the broker (Unix seconds)
    decode_s: float = 0.0
    encode_s: float = 0.0
    batch_size: int = 0
    moments: tuple[str, ...] | None = None
    partition: int = 0


@dataclass(frozen=True, slots=True)
class WatermarkAdvanced:
    """The index of `source` and `modality` is complete, and searchable, up to `until_s`."""

    source: str
    modality: Modality
    until_s: float
    stored_s: float  # wall clock of the store's acknowledgement (Unix seconds)


@dataclass(frozen=True, slots=True)
class SpeechCut:
    """Audio of `source` is in utterances already sent up to `until_s`: `sample` samples into the chunk at `offset`.

    What a transcriber needs to go on after a crash exactly where the last utterance ended. Samples count at 16 kHz.
    """

    source: str
    partition: int
    offset: int
    sample: int
    until_s: float


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Somebody added or changed a standing query. The newest of an id holds.

    `definition` is the rule as domain/rule_json.py writes it, versioned by itself; `query` the words it was made of.
    """

    rule_id: str
    definition: str
    query: str
    set_s: float  # wall clock (Unix seconds)


@dataclass(frozen=True, slots=True)
class RuleRemoved:
    """It takes the rule's place on its topic: who had not read that far would know the rule for ever."""

    rule_id: str
    removed_s: float


@dataclass(frozen=True, slots=True)
class RuleKept:
    """What one rule had learnt and told by `kept_s`, for whoever goes on after a crash (domain/rules_state.py)."""

    rule_id: str
    kept_s: float
    state: bytes


@dataclass(frozen=True, slots=True)
class RulesKept:
    """What is of no rule alone, as it was by `kept_s`. Every rule that had changed by then was kept before it."""

    kept_s: float
    state: bytes


@dataclass(frozen=True, slots=True)
class EventRejected:
    """A dead letter: where it came from, why, and the original key, value and headers."""

    topic: str
    partition: int
    offset: int
    reason: str
    original: Message


Event: TypeAlias = (
    ChunkPublished
    | TextPublished
    | MomentDescribed
    | MomentWithdrawn
    | CoverageAdvanced
    | WatermarkAdvanced
    | SpeechCut
    | AlertRaised
    | RuleSet
    | RuleRemoved
    | RuleKept
    | RulesKept
    | EventRejected
)


def encode(event: Event) -> Message:
    """The event as a Kafka record. The key keeps one source's events in order, in one partition."""
    match event:
        case ChunkPublished():
            extensions: dict[str, Any] = {"durationms": _ms(event.duration_s)}
            if event.archive_key is not None:
                extensions["dataref"] = event.archive_key
            if event.is_last:
                extensions["islast"] = "true"
            return _record(
                f"{event.kind}-chunk.published.v1", event.source, event.start_s, event.media, event.content_type,
                id=f"{event.kind}-{_ms(event.start_s)}", **extensions,
            )  # fmt: skip
        case TextPublished():
            data: dict[str, Any] = {"text": event.text}
            if event.end_s is not None:
                data["end_s"] = _round(event.end_s)
            if event.author is not None:
                data["author"] = event.author
            if event.language is not None:
                data["language"] = event.language
            return _json_record("text.published.v1", event.source, event.start_s, data)
        case MomentDescribed():
            data = {
                "modality": event.modality,
                "end_s": _round(event.end_s),
                "encoder": event.encoder,
                "vectors": {name: _pack(vector) for name, vector in event.vectors.items()},
                "text": event.text,
                "words": [[word.text, _round(word.start_s), _round(word.end_s)] for word in event.words],
                "thumbnail_key": event.thumbnail_key,
                "attributes": dict(event.attributes),
                "cues": [
                    {
                        name: value
                        for name in ("kind", "what", "valence", "arousal", "measured")
                        if (value := getattr(cue, name)) is not None
                    }
                    for cue in event.cues
                ],
                "is_final": event.is_final,
            }
            return _json_record("moment.described.v1", event.source, event.start_s, data)
        case MomentWithdrawn():
            data = {"modality": event.modality, "encoder": event.encoder}
            return _json_record("moment.withdrawn.v1", event.source, event.start_s, data)
        case CoverageAdvanced():
            data = {
                "modality": event.modality,
                "until_s": _round(event.until_s),
                "published_s": event.published_s,
                "decode_s": event.decode_s,
                "encode_s": event.encode_s,
                "batch_size": event.batch_size,
            }
            if event.moments is not None:
                data |= {"moments": list(event.moments), "partition": event.partition}
            return _json_record("coverage.advanced.v1", event.source, event.start_s, data)
        case WatermarkAdvanced():
            data = {"modality": event.modality, "stored_s": event.stored_s}
            return _json_record(
                "watermark.advanced.v1", event.source, event.until_s, data, key=f"{event.source}|{event.modality}"
            )
        case SpeechCut():
            data = {"partition": event.partition, "offset": event.offset, "sample": event.sample}
            return _json_record("speech.cut.v1", event.source, event.until_s, data)
        case AlertRaised(facts=facts):
            data = {
                "rule": facts.rule,
                "rule_id": event.rule_id,
                "incident": facts.incident,
                "update": facts.update,
                "state": facts.state,
                "start_s": _round(facts.start_s),
                "end_s": _round(facts.end_s),
                "text": facts.text,
                "evidence": [
                    {"what": line.what, "text": line.text, "score": line.score, "start_s": _round(line.start_s)}
                    for line in facts.evidence
                ],
                "webhooks": list(event.webhooks),
                "thumbnail_key": event.thumbnail_key,
                "clip_span_s": [_round(time_s) for time_s in event.clip_span_s] if event.clip_span_s else None,
            }
            return _json_record("alert.raised.v1", facts.source, facts.changed_s, data, key=facts.incident)
        case RuleSet():
            data = {"definition": event.definition, "query": event.query}
            return _json_record("rule.set.v1", event.rule_id, event.set_s, data)
        case RuleRemoved():
            return _json_record("rule.removed.v1", event.rule_id, event.removed_s, {})
        case RuleKept():
            id, key = f"rule-kept-{_ms(event.kept_s)}", kept_key(event.rule_id)
            return _record("rule.kept.v1", event.rule_id, event.kept_s, event.state, "application/zlib", id=id, key=key)
        case RulesKept():
            id = f"rules-kept-{_ms(event.kept_s)}"
            return _record("rules.kept.v1", RULES, event.kept_s, event.state, "application/zlib", id=id)
        case EventRejected():
            headers = {f"original_{name}": value for name, value in event.original.headers.items()}
            headers |= {
                "ce_specversion": b"1.0",
                "ce_type": f"{_PREFIX}event.rejected.v1".encode(),
                "ce_source": event.topic.encode(),
                "ce_id": f"{event.topic}-{event.partition}-{event.offset}".encode(),
                "ce_partition": str(event.partition).encode(),
                "ce_offset": str(event.offset).encode(),
                "ce_reason": event.reason.encode("utf-8", "replace"),
            }
            return Message(event.original.key, event.original.value, headers)


def decode(key: bytes | None, value: bytes | None, headers: Mapping[str, bytes | None]) -> Event:
    """The event in a Kafka record.

    Raises BadEvent when it is not one this version knows, saying which header or field is wrong.
    """
    contents = {name: content or b"" for name, content in headers.items()}  # Kafka allows null for a header's value
    if contents.get("ce_type") == f"{_PREFIX}event.rejected.v1".encode():
        return _rejected(key, value, contents)
    attributes, data = _attributes(value or b"", {name.lower(): content for name, content in contents.items()})
    ce_type = str(attributes["type"])
    reader = _READERS.get(ce_type.removeprefix(_PREFIX))
    if reader is None or not ce_type.startswith(_PREFIX):
        known = ", ".join(sorted(_PREFIX + name for name in _READERS))
        raise BadEvent(f"ce_type {ce_type!r} is not an event this version reads; it reads {known}")
    source = str(attributes["source"])
    check_source(source)
    when = attributes.get("time")
    if not isinstance(when, datetime) or when.tzinfo is None:
        raise BadEvent("ce_time has no time zone: end it with Z or an offset")
    if not 1 < when.year < 9999:  # so that rounding or another time zone can't leave what a datetime can hold
        raise BadEvent(f"ce_time lies in the year {when.year}")
    try:
        return reader(source, _round(when.timestamp()), data, attributes)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadEvent(f"{ce_type}: {_explain(error)} (docs/events.md has its schema)") from error


def kept_key(rule_id: str) -> str:
    """Of a RuleKept; a record of this key without a value says that nothing is kept of the rule any more."""
    return f"rule|{rule_id}"  # a rule may be named as what stands for all of them


def check_source(source: str) -> None:
    """Raises BadEvent unless `source` is a name that fits in a URI, a file path and a query."""
    if not SOURCE_PATTERN.fullmatch(source):
        raise BadEvent(
            f"ce_source {source[:140]!r} is not a source name: use 1 to 128 letters, digits, '.', '_' or '-', "
            "starting with a letter or digit"
        )


def _rejected(key: bytes | None, value: bytes | None, headers: Mapping[str, bytes]) -> EventRejected:
    try:
        return EventRejected(
            topic=headers["ce_source"].decode(),
            partition=int(headers["ce_partition"]),
            offset=int(headers["ce_offset"]),
            reason=headers["ce_reason"].decode(),
            original=Message(
                key or b"",
                value or b"",
                {n.removeprefix("original_"): v for n, v in headers.items() if n.startswith("original_")},
            ),
        )
    except (KeyError, ValueError) as error:
        raise BadEvent(f"dead letter: {_explain(error)}") from error


def _attributes(value: bytes, headers: Mapping[str, bytes]) -> tuple[dict[str, Any], bytes]:
    """CloudEvents attributes of a record. The data stays bytes: each reader knows what it should be."""
    if not any(name.startswith("ce_") for name in headers):
        raise BadEvent(
            "not a CloudEvent: no ce_* headers. Send CloudEvents 1.0 in Kafka's binary mode (docs/events.md)"
        )
    for name in ("ce_specversion", "ce_type", "ce_source", "ce_id"):
        if name not in headers:
            raise BadEvent(f"header {name} is missing (docs/events.md)")
    if "ce_time" not in headers:  # the binding would put the time of arrival in its place
        raise BadEvent("ce_time is missing: send the event time as RFC 3339, such as 2026-01-31T12:00:00.000Z")
    if (spec := headers["ce_specversion"]) != b"1.0":
        raise BadEvent(f"ce_specversion is {spec[:20]!r}; this version reads 1.0")
    try:
        # Without its content type, so that the binding hands the data over as bytes instead of parsing it.
        bare = {name: value for name, value in headers.items() if name != "content-type"}
        message = KafkaMessage(headers=bare, key=None, value=b"")
        attributes = dict(from_binary(message, _Opaque()).get_attributes())
        content_type = headers.get("content-type", b"").decode()
    except (CloudEventValidationError, ValueError, OverflowError) as error:
        raise BadEvent(f"the ce_* headers are not valid CloudEvents 1.0: {_explain(error)}") from error
    attributes["datacontenttype"] = content_type
    return attributes, value


class _Opaque(JSONFormat):
    """Leaves data as it is: media is bytes, and JSON is parsed by the reader that knows what it should hold."""

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:
        return body

    def write_data(self, data: dict[str, Any] | str | bytes | None, datacontenttype: str | None) -> bytes:
        return data if isinstance(data, bytes) else b""


def _record(
    name: str, source: str, when_s: float, value: bytes, content_type: str, *, id: str, key: str = "", **more: Any
) -> Message:
    check_source(source)
    attributes = {
        "specversion": "1.0",
        "type": _PREFIX + name,
        "source": source,
        "id": id,
        "time": datetime.fromtimestamp(_ms(when_s) / 1000, UTC),
        "datacontenttype": content_type,
        **{name: str(value) for name, value in more.items()},
    }
    message = to_binary(CloudEvent(attributes, value), _Opaque())
    return Message((key or source).encode(), message.value, dict(message.headers))


def _json_record(name: str, source: str, when_s: float, data: dict[str, Any], key: str = "") -> Message:
    value = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    # Many events of a source may share a millisecond: what they say tells them apart.
    id = f"{name}-{_ms(when_s)}-{hashlib.sha256(value).hexdigest()[:16]}"
    return _record(name, source, when_s, value, "application/json", id=id, key=key)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _round(seconds: float) -> float:
    """To the millisecond: what the wire carries, so that an event is the same before and after it."""
    return _ms(seconds) / 1000


def _pack(vector: Vector) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def _unpack(packed: str) -> Vector:
    vector = np.frombuffer(base64.b64decode(packed, validate=True), dtype="<f4")
    if not vector.size or not np.isfinite(vector).all():
        raise ValueError("a vector is empty or holds a number that is not finite")
    return tuple(vector.tolist())


def _explain(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) and error.args else str(error)[:300]


def _json(data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"the data is not JSON: {str(error)[:200]}") from error
    if not isinstance(parsed, dict):
        raise BadEvent(f"the data is JSON but a {type(parsed).__name__}, not an object")
    return parsed


def _text(data: Mapping[str, Any], name: str) -> str:
    return _string(data[name], name)


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name!r} must be a string, not {type(value).__name__}")
    # Half of a surrogate pair is legal JSON and no text: nothing downstream could print or store it.
    return value.encode("utf-8", "replace").decode()


def _number(data: Mapping[str, Any], name: str) -> float:
    return _finite(data[name], name)


def _whole(data: Mapping[str, Any], name: str) -> int:
    if (number := _finite(data[name], name)) != int(number):
        raise ValueError(f"{name!r} must be a whole number, not {number}")
    return int(data[name])


def _time_s(value: Any, name: str) -> float:
    if abs(time_s := _finite(value, name)) > _MAX_TIME_S:
        raise ValueError(f"{name!r} is {time_s}, which is no time in Unix seconds")
    return _round(time_s)


def _finite(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name!r} must be a finite number, not {str(value)[:40]!r}")
    return float(value)


def _unit(value: Any, name: str) -> float:
    if abs(number := _finite(value, name)) > 1:
        raise ValueError(f"{name!r} is {number}; it lies between -1 and 1")
    return number


def _flag(data: Mapping[str, Any], name: str) -> bool:
    value = data[name]
    if not isinstance(value, bool):
        raise ValueError(f"{name!r} must be true or false, not {str(value)[:40]!r}")
    return value


def _object(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data[name]
    if not isinstance(value, dict):
        raise ValueError(f"{name!r} must be an object, not {type(value).__name__}")
    return value


def _array(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data[name]
    if not isinstance(value, list):
        raise ValueError(f"{name!r} must be an array, not {type(value).__name__}")
    return value


def _archive_key(data: Mapping[str, Any], name: str) -> str | None:
    key = data[name]
    if key is not None and not ARCHIVE_KEY_PATTERN.fullmatch(_string(key, name)):
        raise ValueError(f"{name!r} {key[:80]!r} is not a key of the media archive")
    return None if key is None else str(key)


def _modality(data: dict[str, Any]) -> Modality:
    for modality in MODALITIES:
        if data["modality"] == modality:
            return modality
    raise ValueError(f"'modality' must be one of {', '.join(MODALITIES)}")


def _read_chunk(kind: Kind) -> Callable[[str, float, bytes, dict[str, Any]], Event]:
    def read(source: str, when_s: float, data: bytes, attributes: dict[str, Any]) -> Event:
        duration_ms = int(attributes["durationms"]) if "durationms" in attributes else None
        if duration_ms is None:
            raise ValueError("header ce_durationms is missing: the chunk's length in milliseconds")
        if not 0 < duration_ms <= 3_600_000:
            raise ValueError(f"ce_durationms is {duration_ms}; a chunk lasts more than 0 and at most 3600000")
        if not attributes["datacontenttype"]:
            raise ValueError("header content-type is missing: the container, such as video/mp2t or video/mp4")
        archive_key = attributes.get("dataref")
        if archive_key is not None and not ARCHIVE_KEY_PATTERN.fullmatch(archive_key):
            raise ValueError(f"ce_dataref {archive_key[:80]!r} is not a key of the media archive")
        if archive_key is None and not data:
            raise ValueError("the chunk is empty: neither media bytes nor ce_dataref")
        return ChunkPublished(
            source, kind, when_s, duration_ms / 1000, attributes["datacontenttype"], data, archive_key,
            attributes.get("islast") == "true",
        )  # fmt: skip

    return read


def _read_text(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    text = _text(fields, "text")
    if not text.strip():
        raise ValueError("'text' is empty")
    end_s = _time_s(fields["end_s"], "end_s") if fields.get("end_s") is not None else None
    if end_s is not None and end_s < when_s:
        raise ValueError("'end_s' is before ce_time")
    author = _text(fields, "author") if fields.get("author") is not None else None
    language = _text(fields, "language") if fields.get("language") is not None else None
    return TextPublished(source, when_s, text, end_s, author, language)


def _read_moment(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    end_s = _time_s(fields["end_s"], "end_s")
    if end_s < when_s:
        raise ValueError("'end_s' is before ce_time")
    return MomentDescribed(
        source=source,
        modality=_modality(fields),
        start_s=when_s,
        end_s=end_s,
        encoder=_text(fields, "encoder"),
        vectors={_string(name, "vectors"): _unpack(packed) for name, packed in _object(fields, "vectors").items()},
        text=_text(fields, "text"),
        words=tuple(
            Word(_string(text, "words"), _time_s(start_s, "words"), _time_s(end_s, "words"))
            for text, start_s, end_s in _array(fields, "words")
        ),
        thumbnail_key=_archive_key(fields, "thumbnail_key"),
        attributes={
            _string(name, "attributes"): _string(value, name) if isinstance(value, str) else _finite(value, name)
            for name, value in _object(fields, "attributes").items()
        },
        cues=tuple(_cue(each) for each in _array(fields, "cues")) if "cues" in fields else (),
        is_final=_flag(fields, "is_final") if "is_final" in fields else True,
    )


def _cue(fields: Any) -> MoodCue:
    if not isinstance(fields, dict):
        raise ValueError(f"'cues' must hold objects, not {type(fields).__name__}")
    for kind in CUE_KINDS:
        if fields["kind"] == kind:
            valence, arousal = (
                _unit(fields[name], name) if name in fields else None for name in ("valence", "arousal")
            )
            measured = _number(fields, "measured") if "measured" in fields else None
            return MoodCue(kind, _text(fields, "what"), valence, arousal, measured)
    raise ValueError(f"'kind' of a cue must be one of {', '.join(CUE_KINDS)}")


def _read_withdrawn(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    return MomentWithdrawn(source, _modality(fields), when_s, _text(fields, "encoder"))


def _read_coverage(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    moments = None
    if "moments" in fields:
        moments = tuple(_string(id, "moments") for id in _array(fields, "moments"))
    return CoverageAdvanced(
        source, _modality(fields), when_s, _time_s(fields["until_s"], "until_s"), _number(fields, "published_s"),
        _number(fields, "decode_s"), _number(fields, "encode_s"), _whole(fields, "batch_size"), moments,
        _whole(fields, "partition") if "partition" in fields else 0,
    )  # fmt: skip


def _read_watermark(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    return WatermarkAdvanced(source, _modality(fields), when_s, _number(fields, "stored_s"))


def _read_speech_cut(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    partition, offset, sample = (_whole(fields, name) for name in ("partition", "offset", "sample"))
    return SpeechCut(source, partition, offset, sample, when_s)


def _read_alert(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    start_s, end_s = _span_s([fields["start_s"], fields["end_s"]], "end_s")
    facts = IncidentFacts(
        rule=_text(fields, "rule"),
        incident=_text(fields, "incident"),
        update=_whole(fields, "update"),
        state=_state(fields),
        changed_s=when_s,
        source=source,
        start_s=start_s,
        end_s=end_s,
        text=_text(fields, "text"),
        evidence=tuple(_evidence(line) for line in _array(fields, "evidence")),
    )
    clip_span_s = fields["clip_span_s"]
    return AlertRaised(
        facts,
        webhooks=tuple(_string(name, "webhooks") for name in _array(fields, "webhooks")),
        rule_id=_text(fields, "rule_id"),
        thumbnail_key=_archive_key(fields, "thumbnail_key"),
        clip_span_s=None if clip_span_s is None else _span_s(_array(fields, "clip_span_s"), "clip_span_s"),
    )


def _state(fields: dict[str, Any]) -> IncidentState:
    for state in INCIDENT_STATES:
        if fields["state"] == state:
            return state
    raise ValueError(f"'state' must be one of {', '.join(INCIDENT_STATES)}")


def _evidence(fields: Any) -> EvidenceLine:
    if not isinstance(fields, dict):
        raise ValueError(f"'evidence' must hold objects, not {type(fields).__name__}")
    return EvidenceLine(
        _text(fields, "what"), _text(fields, "text"), _number(fields, "score"), _time_s(fields["start_s"], "start_s")
    )


def _span_s(span: list[Any], name: str) -> tuple[float, float]:
    start_s, end_s = (_time_s(time, name) for time in span)
    if end_s < start_s:
        raise ValueError(f"{name!r} lies before the start")
    return start_s, end_s


def _read_rule_set(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    fields = _json(data)
    return RuleSet(source, _text(fields, "definition"), _text(fields, "query"), when_s)


def _read_rule_removed(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    return RuleRemoved(source, when_s)


def _read_rule_kept(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    return RuleKept(source, when_s, data)


def _read_rules_kept(source: str, when_s: float, data: bytes, _: dict[str, Any]) -> Event:
    if source != RULES:
        raise ValueError(f"ce_source must be {RULES!r}")
    return RulesKept(when_s, data)


_READERS: dict[str, Callable[[str, float, bytes, dict[str, Any]], Event]] = {
    "video-chunk.published.v1": _read_chunk("video"),
    "audio-chunk.published.v1": _read_chunk("audio"),
    "text.published.v1": _read_text,
    "moment.described.v1": _read_moment,
    "moment.withdrawn.v1": _read_withdrawn,
    "coverage.advanced.v1": _read_coverage,
    "watermark.advanced.v1": _read_watermark,
    "speech.cut.v1": _read_speech_cut,
    "alert.raised.v1": _read_alert,
    "rule.set.v1": _read_rule_set,
    "rule.removed.v1": _read_rule_removed,
    "rule.kept.v1": _read_rule_kept,
    "rules.kept.v1": _read_rules_kept,
}
