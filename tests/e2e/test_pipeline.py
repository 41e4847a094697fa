"""The main job on a real broker: publish real media, find it, lose nothing, double nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from domain.events import EventRejected, decode

pytestmark = pytest.mark.slow

Stack = Any  # the fixtures' class; test modules do not import each other
Sources = dict[str, Any]

BOOKCLUB_START_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z
GALLERY_START_S = BOOKCLUB_START_S + 3600


@pytest.fixture(scope="module")
def published(stack: Stack, sample_sources: Sources) -> Stack:
    """Bookclub and gallery, published at full speed and completely indexed."""
    spoken, seen = sample_sources["bookclub"], sample_sources["gallery"]
    first = stack.publish(str(spoken.path), "--source", "bookclub", "--start-time", str(BOOKCLUB_START_S))
    second = stack.publish(str(seen.path), "--source", "gallery", "--start-time", str(GALLERY_START_S))
    assert first["undelivered"] == second["undelivered"] == 0
    last_word_s = BOOKCLUB_START_S + spoken.spans[-1].end_s
    stack.until(lambda: stack.complete_until("bookclub", "speech") >= last_word_s, "speech indexed", 120)
    stack.until(lambda: stack.complete_until("bookclub", "scene") >= last_word_s, "scenes indexed", 120)
    last_seen_s = GALLERY_START_S + seen.spans[-1].end_s - 0.5
    stack.until(lambda: stack.complete_until("gallery", "scene") >= last_seen_s, "gallery indexed", 120)
    return stack


def test_what_was_said_is_found_by_its_words_at_its_time(published: Stack, sample_sources: Sources) -> None:
    span = sample_sources["bookclub"].spans[2]
    best = published.search("cold hearted and rather selfish", limit=3)[0]
    assert best["source"] == "bookclub"
    assert "selfish" in best["text"].lower()
    words = [evidence for evidence in best["evidence"] if evidence["why"] == "words"]
    assert words[0]["start_s"] == pytest.approx(BOOKCLUB_START_S + span.start_s, abs=1.0)
    assert words[0]["end_s"] == pytest.approx(BOOKCLUB_START_S + span.end_s, abs=1.0)


def test_what_was_said_is_found_by_its_meaning(published: Stack) -> None:
    found = published.search("a nicer wife would have improved his character", kind="speech")
    assert "amiable" in found[0]["text"].lower()


@pytest.mark.parametrize(("query", "slide"), [("a cup of espresso", 0), ("a cat", 1), ("a rocket", 2)])
def test_what_was_seen_is_found_at_its_time(published: Stack, sample_sources: Sources, query: str, slide: int) -> None:
    span = sample_sources["gallery"].spans[slide]
    best = published.search(query, limit=3)[0]
    assert best["source"] == "gallery"
    assert best["start_s"] < GALLERY_START_S + span.end_s
    assert best["end_s"] > GALLERY_START_S + span.start_s
    assert best["evidence"][0]["why"] == "picture"


def test_filters_by_source_and_time_hold(published: Stack) -> None:
    assert all(m["source"] == "bookclub" for m in published.search("a cat", source="bookclub"))
    late = published.search("selfish", since=BOOKCLUB_START_S + 20)
    assert all(m["end_s"] >= BOOKCLUB_START_S + 20 for m in late)


def test_nonsense_finds_nothing(published: Stack) -> None:
    assert published.search("quarterly revenue guidance for semiconductor equipment") == []


def test_a_silent_source_has_no_speech(published: Stack) -> None:
    assert published.newest(source="gallery", kind="speech") == []


def test_thumbnails_and_clips_come_from_the_archive(published: Stack) -> None:
    import httpx

    best = published.search("cold hearted and rather selfish", limit=1)[0]
    scene = published.search("a cat", limit=1)[0]
    assert httpx.get(scene["thumbnail_url"]).headers["content-type"] == "image/jpeg"
    part = httpx.get(best["clip_url"].partition("#")[0], headers={"Range": "bytes=0-99"}, timeout=60)
    assert part.status_code == 206
    assert part.headers["content-type"] == "video/mp4"
    assert part.content[4:8] == b"ftyp"


def test_the_terminal_prints_the_same(published: Stack) -> None:
    out = published.run("search", "cold hearted and rather selfish")
    assert "bookclub" in out
    assert "selfish" in out.lower()


def test_texts_are_found_seconds_later(published: Stack, sample_sources: Sources) -> None:
    summary = published.publish(str(sample_sources["newswire"].path), "--source", "newswire")
    assert summary["undelivered"] == 0
    moments = published.until(lambda: published.newest(source="newswire", kind="text"), "texts indexed", 30)
    best = published.search(moments[0]["text"], kind="text", limit=1)[0]
    assert best["text"] == moments[0]["text"]


def test_killing_the_worker_loses_and_doubles_nothing(published: Stack, sample_sources: Sources) -> None:
    """kill -9 in the middle of the work: the same moments as without, each once."""
    spoken = sample_sources["bookclub"]
    undisturbed = {
        kind: sorted((round(m["start_s"] - BOOKCLUB_START_S, 2), m["text"]) for m in
                     published.newest(source="bookclub", kind=kind))
        for kind in ("speech", "scene")
    }  # fmt: skip
    assert len(undisturbed["speech"]) >= 4
    start_s = BOOKCLUB_START_S + 7200
    published.publish(str(spoken.path), "--source", "survivor", "--start-time", str(start_s))
    published.until(lambda: published.complete_until("survivor", "speech") > start_s, "the work has begun", 60)
    published.part("worker").kill()
    last_word_s = start_s + spoken.spans[-1].end_s
    published.until(lambda: published.complete_until("survivor", "speech") >= last_word_s, "speech indexed", 120)
    published.until(lambda: published.complete_until("survivor", "scene") >= last_word_s, "scenes indexed", 120)
    time.sleep(2.0)  # what came twice has been stored twice by now
    for kind, expected in undisturbed.items():
        found = published.newest(source="survivor", kind=kind)
        assert sorted((round(m["start_s"] - start_s, 2), m["text"]) for m in found) == expected


BAD: dict[str, tuple[str, bytes, dict[str, bytes], str]] = {
    "no headers": ("media.video", b"hello", {}, "not a CloudEvent"),
    "garbage media": ("media.video", b"garbage" * 4000, {}, "can't be read as video/mp2t"),
    "garbage sound": ("media.audio", b"garbage" * 4000, {}, "can't be read as video/mp2t"),
    "empty chunk": ("media.audio", b"", {}, "empty"),
    "a playlist": ("media.video", b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", {}, "can't be read"),
    "unknown version": ("media.text", b"{}", {"ce_type": b"nowseen.text.published.v7"}, "is not an event"),
    "not JSON": ("media.text", b"plain words", {"ce_type": b"nowseen.text.published.v1"}, "not JSON"),
    "1 MB of text": (
        "media.text",
        b'{"text": "' + b"a" * 900_000 + b'"}',
        {"ce_type": b"nowseen.text.published.v1"},
        "at most 20000",
    ),
    "a clock a year ahead": ("media.video", b"x", {"ce_time": b"2099-01-01T00:00:00Z"}, "in the future"),
    "a path out of the archive": ("media.video", b"", {"ce_dataref": b"../../etc/passwd"}, "not a key"),
    "a missing reference": ("media.video", b"", {"ce_dataref": b"cam/video/20260101T00/1-2000.ts"}, "archive"),
    "zero duration": ("media.video", b"x", {"ce_durationms": b"0"}, "ce_durationms is 0"),
    "a wrong type": ("media.audio", b"x", {"content-type": b"text/html"}, "not a media container"),
}


def test_every_bad_event_becomes_a_dead_letter_and_the_rest_flows_on(published: Stack) -> None:
    producer = Producer({"bootstrap.servers": published.broker, "enable.idempotence": True})
    for name, (topic, value, headers, _) in BAD.items():
        kind = topic.removeprefix("media.")
        full = {
            "ce_specversion": b"1.0",
            "ce_type": f"nowseen.{kind}-chunk.published.v1".encode(),
            "ce_source": b"villain",
            "ce_id": name.encode(),
            "ce_time": b"2026-01-02T00:00:00Z",
            "ce_durationms": b"2000",
            "content-type": b"video/mp2t",
        } | headers
        producer.produce(topic, value, key=b"villain", headers=dict(full) if name != "no headers" else {})
    text = b'{"text": "a good headline after all the bad ones"}'
    good = {
        "ce_specversion": b"1.0", "ce_type": b"nowseen.text.published.v1", "ce_source": b"villain", "ce_id": b"good",
        "ce_time": b"2026-01-02T00:00:00Z", "content-type": b"application/json",
    }  # fmt: skip
    producer.produce("media.text", text, key=b"villain", headers=dict(good))
    assert producer.flush(20) == 0
    published.until(lambda: published.search("good headline", source="villain"), "the good event is found", 30)

    letters = _dead_letters(published, at_least=len(BAD))
    for name, (topic, value, _, reason) in BAD.items():
        mine = [letter for letter in letters if letter.topic == topic and reason in letter.reason]
        assert mine, f"{name}: {[letter.reason for letter in letters]}"
        assert any(letter.original.value == value for letter in mine), name
        assert all(letter.offset >= 0 and letter.partition >= 0 for letter in mine)


def _dead_letters(stack: Stack, at_least: int) -> list[EventRejected]:
    reader = Consumer({"bootstrap.servers": stack.broker, "group.id": "test", "auto.offset.reset": "earliest"})
    reader.assign([TopicPartition("dead-letters", 0, 0)])
    letters: list[EventRejected] = []
    deadline = time.monotonic() + 30
    while len(letters) < at_least and time.monotonic() < deadline:
        record = reader.poll(0.5)
        if record is not None and record.error() is None:
            letter = decode(record.key(), record.value(), dict(record.headers() or []))  # type: ignore[arg-type]
            assert isinstance(letter, EventRejected)
            letters.append(letter)
    reader.close()
    return letters


def test_metrics_tell_how_fresh_and_how_far_behind(published: Stack) -> None:
    import httpx

    page = httpx.get(published.api + "/metrics").text
    for name in ("freshness_seconds", "consumer_lag", "store_batch_size", "encode_seconds", "dead_letters_total"):
        assert f"nowseen_{name}" in page, name
