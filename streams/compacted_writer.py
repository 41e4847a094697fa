"""Records of a compacted topic, written so that a process which is killed a moment later has lost none."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.kafka_clients import KafkaSettings

_PATIENCE_S = 20.0


class CompactedWriter:
    """For one topic of one partition. Methods block. Thread-safe."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self.topic = topic
        self._kafka = kafka
        self._lock = threading.Lock()
        self._producer: Producer | None = None

    def write(self, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Keys and values, in order; the broker has all of them when it returns. No value: the key is forgotten.

        Raises ConnectionError when the broker did not take them. Some may be there all the same: write all again.
        """
        if not records:
            return
        failures: list[KafkaError] = []

        def note(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        with self._lock:
            producer = self._producer = self._producer or self._connect()
            try:
                for key, value in records:
                    producer.produce(self.topic, value, key, partition=0, on_delivery=note)
                left = producer.flush(2 * _PATIENCE_S)
            except (KafkaException, BufferError) as error:
                raise self._not_taken(str(error)) from error
            if failures:
                raise self._not_taken(failures[0].str()) from KafkaException(failures[0])
            if left:
                raise self._not_taken("no answer")

    def _not_taken(self, why: str) -> ConnectionError:
        if self._producer is not None:
            # What this one could not send must not come later, behind what the next one sends.
            self._producer.purge()
            self._producer = None
        return ConnectionError(f"the broker did not take what belongs to topic {self.topic}: {why}")

    def _connect(self) -> Producer:
        return Producer(
            self._kafka.confluent()
            | {
                "enable.idempotence": True,  # retries neither double nor reorder (KIP-98)
                "acks": "all",
                "linger.ms": 0,
                "message.timeout.ms": round(_PATIENCE_S * 1000),
            }
        )
