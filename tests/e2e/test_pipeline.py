"""The main job on a real broker: publish real media, find it, lose nothing, double nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from domain.events import ChunkPublished, EventRejected, TextPublished, decode, encode

pytestmark = pytest.mark.slow

Stack = Any  # the fixtures' class; test modules do not import each other
Sources = dict[str, Any]

BOOKCLUB_START_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z
GALLERY_START_S = BOOKCLUB_START_S + 3600
THAT_DAY_S = BOOKCLUB_START_S + 6000  # other tests publish the same film at other times
AFTERWARDS_S = BOOKCLUB_START_S + 86_400 + 60


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
    best = published.search("cold hearted and rather selfish", limit=3, until=THAT_DAY_S)[0]
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
    best = published.search(query, limit=3, until=THAT_DAY_S)[0]
    assert best["source"] == "gallery"
    assert best["start_s"] < GALLERY_START_S + span.end_s
    assert best["end_s"] > GALLERY_START_S + span.start_s
    assert best["evidence"][0]["why"] == "picture"


def test_filters_by_source_and_time_hold(published: Stack, sample_sources: Sources) -> None:
    assert {m["source"] for m in published.search("a cat", source="gallery")} == {"gallery"}
    assert "gallery" not in {m["source"] for m in published.search("a cat", source="bookclub")}

    span = sample_sources["bookclub"].spans[2]
    start_s, end_s = BOOKCLUB_START_S + span.start_s, BOOKCLUB_START_S + span.end_s

    def heard(**when: float) -> bool:
        found = published.search("rather selfish", source="bookclub", kind="speech", **when)
        return any("selfish" in m["text"].lower() for m in found)

    assert heard(since=start_s, until=end_s)
    assert not heard(since=end_s + 1.5)
    assert not heard(until=start_s - 1.5)


def test_nonsense_finds_nothing(published: Stack) -> None:
    assert published.search("quarterly revenue guidance for semiconductor equipment") == []


def test_a_silent_source_has_no_speech(published: Stack) -> None:
    assert published.newest(source="gallery", kind="speech") == []


def test_thumbnails_and_clips_come_from_the_archive(published: Stack) -> None:
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


@pytest.mark.parametrize("part", ["worker", "node"])
def test_killing_a_part_loses_and_doubles_nothing(published: Stack, sample_sources: Sources, part: str) -> None:
    """kill -9 in the middle of the work: the same moments as without, each once."""
    spoken = sample_sources["bookclub"]
    undisturbed = {
        kind: sorted((round(m["start_s"] - BOOKCLUB_START_S, 2), m["text"]) for m in
                     published.newest(source="bookclub", kind=kind))
        for kind in ("speech", "scene")
    }  # fmt: skip
    assert len(undisturbed["speech"]) >= 4
    source, start_s = f"survivor-of-{part}", BOOKCLUB_START_S + (7200 if part == "worker" else 10800)
    last_word_s = start_s + spoken.spans[-1].end_s
    sources = [source, f"{source}-2", f"{source}-3"]  # more than a worker takes at once

    def complete(modality: str, at_s: float) -> int:
        """How many of them are."""
        try:
            return sum(published.complete_until(each, modality) >= at_s for each in sources)
        except httpx.TransportError:  # the node is being restarted
            return 0

    published.publish(*[str(spoken.path)] * len(sources), "--source", source, "--start-time", str(start_s))
    published.until(lambda: complete("speech", start_s + 0.1), "the work has begun", 60)
    assert complete("speech", last_word_s) < len(sources), "it was done before the kill"
    published.part(part).kill()
    published.until(lambda: complete("speech", last_word_s) == len(sources), "speech indexed", 120)
    published.until(lambda: complete("scene", last_word_s) == len(sources), "scenes indexed", 120)
    time.sleep(2.0)  # what came twice has been stored twice by now
    for each in sources:
        for kind, expected in undisturbed.items():
            found = published.newest(source=each, kind=kind)
            assert sorted((round(m["start_s"] - start_s, 2), m["text"]) for m in found) == expected, each


def test_what_was_split_once_is_whole_when_it_is_published_again(published: Stack, read_events: Any) -> None:
    """The same chunks, first with an end in the middle of every second one that somebody speaks in."""

    later_s = 18_000.0

    def found(source: str, after_s: float = 0.0) -> list[tuple[float, str]]:
        moments = published.newest(source=source, kind="speech")
        return sorted((round(m["start_s"] - BOOKCLUB_START_S - after_s, 2), m["text"]) for m in moments)

    def publish(chunks: list[ChunkPublished]) -> None:
        producer = Producer({"bootstrap.servers": published.broker, "enable.idempotence": True})
        for chunk in chunks:
            message = encode(chunk)
            producer.produce("media.audio", message.value, key=message.key, headers=list(message.headers.items()))
        assert producer.flush(20) == 0

    undisturbed = found("bookclub")
    records = read_events(published.broker, "media.audio", "bookclub", 1000)
    chunks = [replace(each.event, source="split", start_s=each.event.start_s + later_s) for each in records]
    publish([replace(chunk, is_last=chunk.is_last or at % 2 == 1) for at, chunk in enumerate(chunks)])
    until_s = chunks[-1].end_s - 0.1
    published.until(lambda: published.complete_until("split", "speech") >= until_s, "speech indexed", 120)
    assert len(found("split", later_s)) > len(undisturbed)
    publish(chunks)
    published.until(lambda: found("split", later_s) == undisturbed, "nothing of the first time is left", 120)


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


def test_every_bad_event_becomes_a_dead_letter_and_the_rest_flows_on(
    published: Stack, sample_sources: Sources, tmp_path: Path, make_film: Any, film_type: Any
) -> None:
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
    # One good event behind the bad ones in each partition.
    film = make_film(tmp_path / "good.ts", film_type(audio=None, seconds=2.0)).read_bytes()
    speech = (sample_sources["bookclub"].path.parent / "austen-0880.wav").read_bytes()
    for good in (
        TextPublished("villain", AFTERWARDS_S, "a good headline after all the bad ones"),
        ChunkPublished("villain", "video", AFTERWARDS_S, 2.0, "video/mp2t", film, is_last=True),
        ChunkPublished("villain", "audio", AFTERWARDS_S, 3.0, "audio/wav", speech, is_last=True),
    ):
        message, kind = encode(good), getattr(good, "kind", "text")
        producer.produce(f"media.{kind}", message.value, key=message.key, headers=dict(message.headers))
    assert producer.flush(20) == 0
    published.until(lambda: published.search("good headline", source="villain"), "the good text is found", 30)
    published.until(lambda: published.newest(source="villain", kind="scene"), "the good pictures are indexed", 30)
    [utterance] = published.until(lambda: published.newest(source="villain", kind="speech"), "the good sound", 30)
    assert "disposed" in utterance["text"].lower()

    letters = _dead_letters(published, at_least=len(BAD))
    for name, (topic, value, headers, reason) in BAD.items():
        mine = [letter for letter in letters if _name(letter) == name]
        assert mine, f"{name}: {[letter.reason for letter in letters]}"
        for letter in mine:
            assert (letter.topic, letter.original.value) == (topic, value), name
            assert reason in letter.reason, name
            assert headers.items() <= letter.original.headers.items(), name
            assert letter.original.key == b"villain"
    published.until(lambda: sum(_samples(published, "nowseen_dead_letters_total").values()) >= len(BAD), "counted", 10)


def _name(letter: EventRejected) -> str:
    return letter.original.headers.get("ce_id", b"no headers").decode()


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
    for name in ("freshness_seconds_count", "moments_stored_total", "encode_seconds_count"):
        counts = _samples(published, f"nowseen_{name}")
        assert counts["scene"] > 0, name
        assert counts["speech"] > 0, name
    assert sum(_samples(published, "nowseen_store_batch_size_count").values()) > 0
    topics = {"media.video", "media.audio", "media.text", "moments", "alerts"}
    published.until(lambda: set(_samples(published, "nowseen_consumer_lag")) == topics, "the lag is known", 20)
    assert set(published.get("/health")["lag"]) == topics


def _samples(stack: Stack, name: str) -> dict[str, float]:
    """Values by the sample's first label."""
    families = text_string_to_metric_families(httpx.get(stack.api + "/metrics").text)
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {next(iter(sample.labels.values()), ""): sample.value for sample in found}
