"""An event is the same before and after the wire, and whatever else arrives comes out as BadEvent."""

from __future__ import annotations

import json
import math
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.alerts import AlertRaised
from domain.errors import BadEvent
from domain.events import (
    CUE_KINDS,
    KINDS,
    MODALITIES,
    ChunkPublished,
    CoverageAdvanced,
    Event,
    EventRejected,
    Message,
    MomentDescribed,
    MomentWithdrawn,
    MoodCue,
    RuleKept,
    RuleRemoved,
    RuleSet,
    RulesKept,
    SpeechCut,
    TextPublished,
    WatermarkAdvanced,
    Word,
    check_source,
    decode,
    encode,
    kept_key,
)
from domain.incident_facts import INCIDENT_STATES, EvidenceLine, IncidentFacts

# The wire carries milliseconds. 1900 to 2200.
times_s = st.integers(-2_208_988_800_000, 7_258_118_400_000).map(lambda ms: ms / 1000)
durations_s = st.integers(1, 3_600_000).map(lambda ms: ms / 1000)
costs_s = st.floats(0, 1e6)
name_characters = string.ascii_letters + string.digits
sources = st.builds(
    str.__add__, st.sampled_from(name_characters), st.text(name_characters + "._-", max_size=127)
)  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
written = texts.filter(str.strip)
modalities = st.sampled_from(MODALITIES)
archive_keys = st.lists(sources, min_size=2, max_size=6).map("/".join)
vectors = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=5).map(tuple)
words = st.builds(Word, texts, times_s, times_s)
units = st.none() | st.floats(-1, 1)
cues = st.builds(MoodCue, st.sampled_from(CUE_KINDS), texts, units, units, st.none() | st.floats(-1e6, 1e6))

chunks = st.builds(
    ChunkPublished,
    sources,
    st.sampled_from(KINDS),
    times_s,
    durations_s,
    st.sampled_from(["video/mp2t", "video/mp4; codecs=\"avc1\"", "audio/ünknown"]),
    st.binary(min_size=1, max_size=20),
    st.none() | archive_keys,
    st.booleans(),
)  # fmt: skip
text_events = st.builds(
    lambda source, start_s, text, length_s, author, language: TextPublished(
        source, start_s, text, None if length_s is None else round(start_s + length_s, 3), author, language
    ),
    sources, times_s, written, st.none() | durations_s, st.none() | texts, st.none() | texts,
)  # fmt: skip
moments = st.builds(
    lambda source, modality, start_s, length_s, *rest: MomentDescribed(
        source, modality, start_s, round(start_s + length_s, 3), *rest
    ),
    sources,
    modalities,
    times_s,
    durations_s,
    written,
    st.dictionaries(texts, vectors, max_size=2),
    texts,
    st.lists(words, max_size=3).map(tuple),
    st.none() | archive_keys,
    st.dictionaries(texts, texts | st.floats(-1e9, 1e9), max_size=3),
    st.lists(cues, max_size=3).map(tuple),
    st.booleans(),
)
withdrawals = st.builds(MomentWithdrawn, sources, modalities, times_s, written)
coverage = (sources, modalities, times_s, times_s, costs_s, costs_s, costs_s, st.integers(0, 10_000))
coverages = st.builds(CoverageAdvanced, *coverage) | st.builds(
    CoverageAdvanced, *coverage, st.lists(texts, max_size=3).map(tuple), st.integers(0, 1000)
)
watermarks = st.builds(WatermarkAdvanced, sources, modalities, times_s, costs_s)
speech_cuts = st.builds(
    SpeechCut, sources, st.integers(0, 1000), st.integers(0, 2**53), st.integers(0, 60_000_000), times_s
)
spans_s = st.builds(lambda start_s, length_s: (start_s, round(start_s + length_s, 3)), times_s, durations_s)
evidence = st.builds(EvidenceLine, texts, texts, st.floats(-1e9, 1e9), times_s)
alerts = st.builds(
    lambda rule, incident, update, state, changed_s, source, span_s, text, lines, *rest: AlertRaised(
        IncidentFacts(rule, incident, update, state, changed_s, source, span_s[0], span_s[1], text, lines), *rest
    ),
    texts,
    texts,
    st.integers(0, 2**53),
    st.sampled_from(INCIDENT_STATES),
    times_s,
    sources,
    spans_s,
    texts,
    st.lists(evidence, max_size=3).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
    texts,
    st.none() | archive_keys,
    st.none() | spans_s,
)
messages = st.builds(
    Message, st.binary(max_size=5), st.binary(max_size=20), st.dictionaries(texts, st.binary(max_size=9), max_size=3)
)
rejections = st.builds(EventRejected, sources, st.integers(0, 1000), st.integers(0, 2**63), texts, messages)
rules_set = st.builds(RuleSet, sources, texts, texts, times_s)
kept = st.builds(RulesKept, times_s, st.binary()) | st.builds(RuleKept, sources, times_s, st.binary())
rule_events = st.one_of(rules_set, st.builds(RuleRemoved, sources, times_s), kept)
events = st.one_of(
    chunks, text_events, moments, withdrawals, coverages, watermarks, speech_cuts, alerts, rule_events, rejections
)


def through_the_wire(event: Event) -> Event:
    message = encode(event)
    return decode(message.key, message.value, message.headers)


@given(chunks)
def test_a_chunk_survives_the_wire(event: ChunkPublished) -> None:
    assert through_the_wire(event) == event


@given(text_events)
def test_a_text_survives_the_wire(event: TextPublished) -> None:
    assert through_the_wire(event) == event


@given(moments)
def test_a_moment_survives_the_wire(event: MomentDescribed) -> None:
    assert through_the_wire(event) == event


@given(withdrawals)
def test_a_withdrawal_survives_the_wire(event: MomentWithdrawn) -> None:
    assert through_the_wire(event) == event


@given(coverages)
def test_coverage_survives_the_wire(event: CoverageAdvanced) -> None:
    assert through_the_wire(event) == event


@given(watermarks)
def test_a_watermark_survives_the_wire(event: WatermarkAdvanced) -> None:
    assert through_the_wire(event) == event


@given(speech_cuts)
def test_a_speech_cut_survives_the_wire(event: SpeechCut) -> None:
    assert through_the_wire(event) == event


@given(rule_events)
def test_what_is_known_of_rules_survives_the_wire(event: RuleSet | RuleRemoved | RuleKept | RulesKept) -> None:
    assert through_the_wire(event) == event
    key = "rules" if isinstance(event, RulesKept) else event.rule_id
    key = kept_key(key) if isinstance(event, RuleKept) else key
    assert encode(event).key == key.encode()  # the newest of each key is all that a compacted topic keeps


@given(alerts)
def test_an_alert_survives_the_wire(event: AlertRaised) -> None:
    assert through_the_wire(event) == event


@given(alerts)
def test_the_alerts_of_one_incident_stay_in_order(event: AlertRaised) -> None:
    assert encode(event).key.decode() == (event.facts.incident or event.facts.source)


@given(rejections)
def test_a_dead_letter_survives_the_wire(event: EventRejected) -> None:
    assert through_the_wire(event) == event


@given(events.filter(lambda event: not isinstance(event, EventRejected)))
def test_a_dead_letter_gives_the_event_back_as_it_came(event: Event) -> None:
    original = encode(event)
    rejected = through_the_wire(EventRejected("media.video", 3, 7, "why", original))

    assert isinstance(rejected, EventRejected)
    assert rejected.original == original
    assert decode(rejected.original.key, rejected.original.value, rejected.original.headers) == event


@given(st.one_of(chunks, text_events, moments, coverages, speech_cuts))
def test_the_key_is_the_source_so_that_one_source_stays_in_order(event: Any) -> None:
    assert encode(event).key == event.source.encode()


def test_a_watermark_is_compacted_by_source_and_modality() -> None:
    assert encode(WatermarkAdvanced("lobby", "speech", 1.0, 2.0)).key == b"lobby|speech"


def test_a_chunk_on_the_wire() -> None:
    message = encode(ChunkPublished("lobby", "video", 1_767_225_600.25, 2.0, "video/mp2t", b"media", is_last=True))

    assert message == Message(
        b"lobby",
        b"media",
        {
            "ce_specversion": b"1.0",
            "ce_type": b"nowseen.video-chunk.published.v1",
            "ce_source": b"lobby",
            "ce_id": b"video-1767225600250",
            "ce_time": b"2026-01-01T00:00:00.250000Z",
            "ce_durationms": b"2000",
            "ce_islast": b"true",
            "content-type": b"video/mp2t",
        },
    )


def ids(*events: Event) -> list[bytes]:
    return [encode(event).headers["ce_id"] for event in events]


@given(events.filter(lambda event: not isinstance(event, EventRejected)))
def test_an_event_sent_again_has_its_id_again(event: Event) -> None:
    first, again = ids(event, through_the_wire(event))
    assert first == again


def test_events_of_one_millisecond_have_ids_of_their_own() -> None:
    hello = TextPublished("chat", 100.0, "hello")
    scene = MomentDescribed("lobby", "scene", 100.0, 101.0, "e", {"image": (1.0,)})
    chat = [hello, replace(hello, text="hi"), replace(hello, author="Ann")]
    described = [scene, replace(scene, modality="speech"), replace(scene, modality="text", text="hi")]
    for several in (chat, described):
        assert len(set(ids(*several))) == len(several)


@given(
    st.none() | st.binary(max_size=10),
    st.none() | st.binary(max_size=100),
    st.dictionaries(
        st.sampled_from([
            "ce_specversion", "ce_type", "ce_source", "ce_id", "ce_time", "ce_durationms", "ce_dataref", "CE_TIME",
            "ce_", "ce_data", "content-type", "ce_partition", "ce_offset", "ce_reason", "traceparent",
        ]),
        st.binary(max_size=30) | st.sampled_from([
            b"1.0", b"nowseen.text.published.v1", b"nowseen.event.rejected.v1", b"lobby", b"2026-01-01T00:00:00Z",
        ]),
    ),
)  # fmt: skip
def test_random_headers_give_bad_event_or_an_event(
    key: bytes | None, value: bytes | None, headers: dict[str, bytes]
) -> None:
    only_bad_event(key, value, headers)


@given(st.data())
def test_a_damaged_record_gives_bad_event_or_an_event(data: st.DataObject) -> None:
    message = encode(data.draw(events))
    headers = dict(message.headers)
    name = data.draw(st.sampled_from(sorted(headers)))
    damage = data.draw(st.sampled_from(["drop", "replace", "cut", "value"]))
    value = message.value
    if damage == "drop":
        del headers[name]
    elif damage == "replace":
        headers[name] = data.draw(st.binary(max_size=30))
    elif damage == "cut":
        headers[name] = headers[name][: data.draw(st.integers(0, len(headers[name])))]
    else:
        value = data.draw(st.binary(max_size=50))

    only_bad_event(message.key, value, headers)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(st.data())
def test_any_json_in_any_field_gives_bad_event_or_an_event_that_can_be_sent_on(data: st.DataObject) -> None:
    message = encode(data.draw(st.one_of(text_events, moments, coverages, watermarks, speech_cuts)))
    fields = json.loads(message.value)
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(json_values)

    only_bad_event(message.key, json.dumps(fields).encode(), message.headers)


def only_bad_event(key: bytes | None, value: bytes | None, headers: dict[str, bytes]) -> None:
    """What decode lets through is an event that the rest of the house can send on."""
    try:
        event = decode(key, value, headers)
    except BadEvent as error:
        assert str(error)
    else:
        assert through_the_wire(event) == event


GOOD = encode(TextPublished("lobby", 1_767_225_600.0, "hello", author="Ann"))


def why_bad(value: bytes = GOOD.value, drop: str = "", **headers: bytes) -> str:
    merged = {**GOOD.headers, **{name.replace("content_type", "content-type"): v for name, v in headers.items()}}
    merged.pop(drop, None)
    with pytest.raises(BadEvent) as caught:
        decode(GOOD.key, value, merged)
    return str(caught.value)


@pytest.mark.parametrize("name", ["ce_specversion", "ce_type", "ce_source", "ce_id"])
def test_a_missing_header_is_named(name: str) -> None:
    assert why_bad(drop=name) == f"header {name} is missing (docs/events.md)"


def test_a_missing_time_is_never_replaced_by_the_time_of_arrival() -> None:
    assert why_bad(drop="ce_time").startswith("ce_time is missing: send the event time as RFC 3339")


def test_a_record_without_headers_is_told_what_to_send() -> None:
    with pytest.raises(BadEvent, match=r"not a CloudEvent: no ce_\* headers"):
        decode(None, b"hello", {"traceparent": b"x"})


@pytest.mark.parametrize(
    "ce_type", [b"nowseen.text.published.v2", b"text.published.v1", b"nowseen.", b"com.example.text"]
)
def test_an_unknown_type_or_version_is_refused_with_the_known_ones(ce_type: bytes) -> None:
    why = why_bad(ce_type=ce_type)

    assert why.startswith(f"ce_type {ce_type.decode()!r} is not an event this version reads; it reads ")
    assert "nowseen.text.published.v1" in why


def test_another_cloudevents_version_is_refused() -> None:
    assert why_bad(ce_specversion=b"0.3") == "ce_specversion is b'0.3'; this version reads 1.0"


@pytest.mark.parametrize("time", [b"yesterday", b"1767225600", b"2026-01-01T00:00:00", b"", b"\xff", b"9" * 999])
def test_a_time_that_is_not_rfc_3339_is_refused(time: bytes) -> None:
    assert why_bad(ce_time=time)


def test_a_time_with_an_offset_is_the_same_instant() -> None:
    event = decode(GOOD.key, GOOD.value, {**GOOD.headers, "ce_time": b"2026-01-01T02:00:00+02:00"})

    assert event == TextPublished("lobby", 1_767_225_600.0, "hello", author="Ann")


@given(st.data())
def test_header_names_may_be_in_any_case(data: st.DataObject) -> None:
    message = encode(data.draw(chunks | text_events))
    changed = {data.draw(st.sampled_from([name, name.upper(), name.title()])): v for name, v in message.headers.items()}

    assert decode(message.key, message.value, changed) == decode(message.key, message.value, message.headers)


def test_a_header_without_a_value_counts_as_empty() -> None:
    headers: dict[str, Any] = {**GOOD.headers, "ce_subject": None}  # Kafka allows null where the type says bytes

    with pytest.raises(BadEvent):
        decode(GOOD.key, GOOD.value, headers)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "the data is not JSON"),
        (b"{", "the data is not JSON"),
        (b"\xff\xfe\xfd", "the data is not JSON"),
        (b"[" * 100_000, "the data is not JSON"),
        (b'{"text": ' + b"9" * 10_000 + b"}", "the data is not JSON"),
        (b"[]", "the data is JSON but a list, not an object"),
        (b"{}", "'text' is missing"),
        (b'{"text": 5}', "'text' must be a string, not int"),
        (b'{"text": " \\n "}', "'text' is empty"),
        (b'{"text": "a", "end_s": NaN}', "'end_s' must be a finite number"),
        (b'{"text": "a", "end_s": 1e999}', "'end_s' must be a finite number"),
        (b'{"text": "a", "end_s": true}', "'end_s' must be a finite number"),
        (b'{"text": "a", "end_s": 1' + b"0" * 400 + b"}", ""),
        (b'{"text": "a", "end_s": 5}', "'end_s' is before ce_time"),
        (b'{"text": "a", "author": []}', "'author' must be a string, not list"),
    ],
)
def test_data_that_is_no_text_event_is_refused(value: bytes, why: str) -> None:
    assert why in why_bad(value=value)


def test_half_a_surrogate_pair_becomes_text_that_can_be_stored() -> None:
    event = decode(GOOD.key, b'{"text": "a\\ud800b"}', GOOD.headers)

    assert isinstance(event, TextPublished)
    assert event.text == "a?b"


CHUNK = encode(ChunkPublished("lobby", "audio", 1_767_225_600.0, 2.0, "video/mp2t", b"media"))


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"ce_durationms": b"0"}, "ce_durationms is 0"),
        ({"ce_durationms": b"-5"}, "ce_durationms is -5"),
        ({"ce_durationms": b"3600001"}, "ce_durationms is 3600001"),
        ({"ce_durationms": b"2.5"}, "invalid literal"),
        ({"ce_durationms": b"9" * 5000}, "nowseen.audio-chunk.published.v1: "),
        ({"ce_dataref": b"../../etc/passwd"}, "is not a key of the media archive"),
        ({"ce_dataref": b"http://example.com/x"}, "is not a key of the media archive"),
        ({"ce_dataref": b"/a/b"}, "is not a key of the media archive"),
        ({"ce_dataref": b""}, "is not a key of the media archive"),
        ({"content-type": b"\xff"}, "not valid CloudEvents"),
        ({"content-type": b""}, "header content-type is missing"),
    ],
)
def test_a_chunk_with_wrong_headers_is_refused(headers: dict[str, bytes], why: str) -> None:
    with pytest.raises(BadEvent) as caught:
        decode(CHUNK.key, CHUNK.value, {**CHUNK.headers, **headers})

    assert why in str(caught.value)


def test_a_chunk_without_a_duration_is_refused() -> None:
    headers = {name: value for name, value in CHUNK.headers.items() if name != "ce_durationms"}

    with pytest.raises(BadEvent, match="header ce_durationms is missing"):
        decode(CHUNK.key, CHUNK.value, headers)


@pytest.mark.parametrize("value", [None, b""])
def test_a_chunk_without_media_is_refused(value: bytes | None) -> None:
    with pytest.raises(BadEvent, match="the chunk is empty"):
        decode(CHUNK.key, value, CHUNK.headers)


@given(sources)
@example("a" * 128)
def test_a_source_name_is_letters_digits_dots_dashes(source: str) -> None:
    check_source(source)


@pytest.mark.parametrize(
    "source", ["", ".hidden", "-dash", "a" * 129, "two words", "a/b", "a\n", "ünder", "..", "rtsp://camera", "a\x00"]
)
def test_other_source_names_are_refused_on_both_sides(source: str) -> None:
    with pytest.raises(BadEvent, match="is not a source name"):
        encode(TextPublished(source, 0.0, "hello"))
    with pytest.raises(BadEvent):
        decode(GOOD.key, GOOD.value, {**GOOD.headers, "ce_source": source.encode()})


MOMENT = MomentDescribed(
    "lobby", "speech", 100.0, 101.0, "e", {"text": (1.0,)}, "hi", (Word("hi", 100.0, 101.0),), None, {"gain": 1.5}
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attributes", {"gain": math.nan}),
        ("attributes", {"gain": 10**400}),
        ("words", [["hi", math.nan, 1]]),
        ("words", [["hi", 1]]),
        ("words", [[5, 1, 2]]),
        ("thumbnail_key", 5),
        ("thumbnail_key", "../../secret"),
        ("vectors", {"text": "AAAA!"}),
        ("vectors", {"text": ""}),
        ("vectors", {"text": "AADAfw=="}),  # NaN
        ("vectors", {"text": "AAA="}),  # not whole numbers of 4 bytes
        ("vectors", []),
        ("modality", "smell"),
        ("end_s", 99.0),
        ("end_s", 1e20),
        ("attributes", {"gain": None}),
        ("end_s", "soon"),
    ],
)
def test_a_moment_nobody_could_store_is_refused(field: str, value: Any) -> None:
    message = encode(MOMENT)
    fields = {**json.loads(message.value), field: value}

    with pytest.raises(BadEvent):
        decode(message.key, json.dumps(fields).encode(), message.headers)
