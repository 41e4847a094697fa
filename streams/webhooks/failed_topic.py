"""Deliveries that were given up on, in memory and in the journal's topic, under keys of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from domain.deliveries import DeliveryDeadLettered
from domain.delivery_records import FAILED_KEYS, decode_failed, encode_failed, failed_key
from domain.errors import BadEvent
from domain.failed_deliveries import FailedDeliveries
from streams.compacted import latest_records
from streams.compacted_writer import CompactedWriter
from streams.kafka_clients import KafkaSettings

_log = logging.getLogger(__name__)


class FailedTopic:
    """Thread-safe. `load`, `keep` and `remove` block, and raise ConnectionError when the broker can't be read or did
    not take it."""

    def __init__(self, kafka: KafkaSettings, topic: str = "deliveries") -> None:
        self._kafka = kafka
        self._writer = CompactedWriter(kafka, topic)
        self._failed = FailedDeliveries()
        self._newest_first: list[DeliveryDeadLettered] = []  # replaced and never changed
        self._lock = threading.Lock()

    def load(self) -> None:
        for key, record in latest_records(self._kafka, self._writer.topic).items():
            if not key.startswith(FAILED_KEYS):
                continue
            try:
                self._failed.add(decode_failed(key, record.value))
            except BadEvent as bad:
                _log.warning("topic %s: %s", self._writer.topic, bad)
        self._newest_first = self._failed.newest_first()

    def keep(self, letters: Sequence[DeliveryDeadLettered]) -> None:
        """Again is harmless."""
        with self._lock:
            self._writer.write([encode_failed(letter) for letter in letters])
            dropped = [id for letter in letters for id in self._failed.add(letter)]
            self._newest_first = self._failed.newest_first()
            self._writer.write([(failed_key(id), None) for id in dropped])

    def remove(self, letter: DeliveryDeadLettered) -> None:
        """Unless the same delivery was given up on again since."""
        with self._lock:
            if self._failed.get(letter.delivery.id) == letter:
                self._writer.write([(failed_key(letter.delivery.id), None)])
                self._failed.remove(letter.delivery.id)
                self._newest_first = self._failed.newest_first()

    def get(self, id: str) -> DeliveryDeadLettered | None:
        return self._failed.get(id)

    def newest_first(self) -> list[DeliveryDeadLettered]:
        return list(self._newest_first)
