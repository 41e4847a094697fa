"""The journal of deliveries as a compacted topic: what a killed node had on its way goes on in the next one."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from domain.deliveries import Kept
from domain.delivery_records import KEPT_KEYS, decode_kept, encode_kept
from domain.errors import BadEvent
from streams.compacted import latest_records
from streams.compacted_writer import CompactedWriter
from streams.kafka_clients import KafkaSettings

_log = logging.getLogger(__name__)


class KafkaJournal:
    """A DeliveryJournal. The topic has one partition, so that what is appended later is read later; one process at a
    time appends."""

    def __init__(self, kafka: KafkaSettings, topic: str = "deliveries") -> None:
        self._kafka = kafka
        self._writer = CompactedWriter(kafka, topic)

    def append(self, states: Sequence[Kept]) -> None:
        """Raises ConnectionError when the broker did not take all of them."""
        self._writer.write([encode_kept(one) for one in states])

    def replay(self) -> list[Kept]:
        """Raises ConnectionError when the topic can't be read to its end. What can't be understood is left out, and
        said: one such record must not keep all others from being delivered."""
        kept: list[Kept] = []
        for key, record in latest_records(self._kafka, self._writer.topic).items():
            if not key.startswith(KEPT_KEYS):
                continue
            try:
                kept.append(decode_kept(key, record.value))
            except BadEvent as bad:
                _log.warning("topic %s: %s", self._writer.topic, bad)
        return kept
