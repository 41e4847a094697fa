"""A live source on Apache Kafka: text while people speak, and a worker killed in the middle of a sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from domain.events import MomentDescribed, MomentWithdrawn, decode
from domain.moments import moment_id

pytestmark = pytest.mark.slow

Stack = Any  # the fixtures' classes; test modules do not import each other
ReadEvents = Any

on_apache = pytest.mark.parametrize(
    "stack", [pytest.param("apache", id="apache-kafka", marks=pytest.mark.kafka)], indirect=True
)


@on_apache
def test_a_worker_killed_in_mid_utterance_loses_no_word_and_leaves_nothing_provisional(
    stack: Stack, sample_sources: dict[str, Any], read_events: ReadEvents
) -> None:
    spoken = sample_sources["bookclub"]
    last_word_s = spoken.spans[-1].end_s

    def said(name: str) -> tuple[list[float], list[tuple[str, list[str]]]]:
        """When each moment starts, and its text and words, once the whole source is searchable."""
        start_s = read_events(stack.broker, "media.audio", name, 1)[0].event.start_s
        stack.until(lambda: stack.complete_until(name, "speech") >= start_s + last_word_s, "speech indexed", 180)
        kept = left([record.event for record in read_events(stack.broker, "moments", name, 10_000)])
        assert all(moment.is_final for moment in kept)
        assert sorted(moment["text"] for moment in stack.newest(source=name, kind="speech")) == sorted(
            moment.text for moment in kept
        )
        return (
            [moment.start_s - start_s for moment in kept],
            [(moment.text, [word.text for word in moment.words]) for moment in kept],
        )

    stack.publish(str(spoken.path), "--source", "undisturbed", "--realtime")
    publishing = subprocess.Popen(
        [sys.executable, "-m", "nowseen", "publish", str(spoken.path), "--source", "struck", "--realtime"],
        env=stack.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for_provisional(stack, "struck")
        stack.part("worker").kill()
        assert publishing.wait(180) == 0
    finally:
        publishing.kill()
    (starts_s, words), (undisturbed_s, undisturbed) = said("struck"), said("undisturbed")
    assert words == undisturbed
    assert starts_s == pytest.approx(undisturbed_s, abs=0.01)


def left(events: Sequence[object]) -> list[MomentDescribed]:
    """The speech that remains when every event has been taken in: the newest of each id."""
    found: dict[str, MomentDescribed] = {}
    for event in events:
        match event:
            case MomentDescribed(modality="speech"):
                found[moment_id(event)] = event
            case MomentWithdrawn():
                gone = MomentDescribed(event.source, event.modality, event.start_s, event.start_s, event.encoder, {})
                found.pop(moment_id(gone), None)
            case _:
                pass
    return sorted(found.values(), key=lambda moment: moment.start_s)


def _wait_for_provisional(stack: Stack, source: str) -> None:
    """Returns when the second utterance or a later one of the source is known by its provisional text only."""
    reader = Consumer({"bootstrap.servers": stack.broker, "group.id": "test-live", "enable.auto.commit": False})
    finals = 0
    try:
        partitions = reader.list_topics("moments", 10).topics["moments"].partitions
        reader.assign([TopicPartition("moments", number, 0) for number in partitions])

        def comes() -> bool:
            nonlocal finals
            record = reader.poll(1.0)
            if record is None or record.error() is not None or record.key() != source.encode():
                return False
            event = decode(record.key(), record.value(), dict(record.headers() or []))  # type: ignore[arg-type]
            if not isinstance(event, MomentDescribed) or event.modality != "speech":
                return False
            finals += event.is_final
            return not event.is_final and finals > 0

        stack.until(comes, "provisional text", 120)
    finally:
        reader.close()
