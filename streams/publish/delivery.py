"""Events to the broker: all of them, each once, in order per source, or an honest count of those that did not arrive.

When the broker is slow or away the queue fills and `send` waits: publishing slows down and memory stays bounded.
"""

from __future__ import annotations

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from domain.errors import BadEvent
from domain.events import ChunkPublished, TextPublished, encode
from domain.ports import MediaArchive
from domain.topology import Topology
from streams.kafka_clients import KafkaSettings

_log = logging.getLogger(__name__)

_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    queue_kbytes: int = 65_536
    queue_messages: int = 10_000
    patience_s: float = 300.0  # for how long one event is tried before it counts as undelivered
    by_reference: bool = False  # every chunk goes to the archive: for a broker that keeps its data in memory


class Stopped(Exception):  # noqa: N818  (asked for, not an error)
    """The user asked to stop before the event was taken."""


class Delivery:
    """Thread-safe. Somebody has to call `poll` from time to time: that is when broker's answers are counted."""

    def __init__(
        self,
        settings: KafkaSettings,
        topology: Topology,
        archive: MediaArchive | None,
        options: DeliveryOptions = DeliveryOptions(),
        on_trouble: Callable[[str], None] = _log.warning,
    ) -> None:
        self._topology = topology
        self._archive = archive
        self._by_reference = options.by_reference
        self._bootstrap = settings.bootstrap
        self._on_trouble = on_trouble
        self._lock = threading.Lock()
        self._is_away = False
        self.stop = threading.Event()
        self.accepted: Counter[str] = Counter()  # by source: taken by `send`
        self.delivered: Counter[str] = Counter()  # by source: acknowledged by the broker
        self.delivered_bytes = 0
        config: dict[str, Any] = {
            **settings.confluent(),
            "enable.idempotence": True,  # retries neither double nor reorder (KIP-98)
            "acks": "all",
            "linger.ms": 5,
            "message.max.bytes": max(topology.topics[name].max_message_bytes for name in _TOPICS.values()),
            "queue.buffering.max.kbytes": options.queue_kbytes,
            "queue.buffering.max.messages": options.queue_messages,
            "message.timeout.ms": round(options.patience_s * 1000),
            "reconnect.backoff.max.ms": 5_000,
            "error_cb": self._on_error,
        }
        self._producer = Producer(config)

    def send(self, event: ChunkPublished | TextPublished) -> None:
        """Waits while the queue is full. Raises BadEvent for an event over the limits, Stopped once `stop` is set."""
        if isinstance(event, ChunkPublished):
            event = self._archived(event)
        message = encode(event)
        topic = _TOPICS[event.kind if isinstance(event, ChunkPublished) else "text"]
        size = len(message.value)

        def on_delivery(error: KafkaError | None, _: object) -> None:
            self._on_delivery(event.source, size, error)

        while True:
            if self.stop.is_set():
                raise Stopped
            try:
                self._producer.produce(
                    topic, message.value, message.key, headers=list(message.headers.items()), on_delivery=on_delivery
                )
                break
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise BadEvent(f"the event can't be sent: {error.args[0].str()}") from error
        with self._lock:
            self.accepted[event.source] += 1

    def poll(self, timeout_s: float) -> None:
        self._producer.poll(timeout_s)

    def flush(self, timeout_s: float) -> int:
        """Waits for the broker's answers; returns how many events are still without one."""
        return int(self._producer.flush(timeout_s))

    @property
    def waiting(self) -> int:
        return len(self._producer)

    def _archived(self, chunk: ChunkPublished) -> ChunkPublished:
        limits = self._topology.limits
        size = len(chunk.media)
        if size > limits.max_chunk_bytes:
            raise BadEvent(
                f"a {chunk.kind} chunk of {chunk.duration_s:.1f} s is {size} bytes, over limits.max_chunk_bytes "
                f"({limits.max_chunk_bytes}): lower the source's bit rate, or raise the limit in topology.yaml"
            )
        if not self._by_reference and size <= limits.max_inline_bytes:
            return chunk
        if self._archive is None:
            raise BadEvent(
                f"a {chunk.kind} chunk of {size} bytes has to go through the media archive, and there is none: "
                f"set one, or lower the source's bit rate (limits.max_inline_bytes is {limits.max_inline_bytes})"
            )
        wait_s = 1.0
        while True:
            try:
                key = self._archive.put_chunk(
                    chunk.source, chunk.kind, chunk.start_s, chunk.duration_s, chunk.content_type, chunk.media
                )
                return replace(chunk, media=b"", archive_key=key)
            except OSError as error:
                self._on_trouble(f"the media archive does not take chunks ({error}): trying again")
                if self.stop.wait(wait_s * random.uniform(0.5, 1.0)):
                    raise Stopped from error
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)

    def _on_delivery(self, source: str, size: int, error: KafkaError | None) -> None:
        with self._lock:
            if error is None:
                self.delivered[source] += 1
                self.delivered_bytes += size
                was_away, self._is_away = self._is_away, False
            else:
                was_away = False
        if error is not None:
            self._on_trouble(f"an event of {source} was not delivered: {error.str()}")
        elif was_away:
            self._on_trouble(f"the broker at {self._bootstrap} is back")

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE):
            with self._lock:
                was_away, self._is_away = self._is_away, True
            if not was_away:
                self._on_trouble(f"the broker at {self._bootstrap} is away ({error.str()}): trying again")
        else:
            self._on_trouble(f"Kafka: {error.str()}")


_TOPICS = {"video": "media.video", "audio": "media.audio", "text": "media.text"}
