"""The endpoints, in memory and in a compacted topic, where the next process finds them."""

from __future__ import annotations

import logging

from domain.endpoint_records import decode_endpoint, encode_endpoint
from domain.endpoints import Endpoint
from domain.errors import BadEvent
from streams.compacted import latest_records
from streams.compacted_writer import CompactedWriter
from streams.kafka_clients import KafkaSettings

_log = logging.getLogger(__name__)


class EndpointTopic:
    """`load`, `put` and `remove` block, and raise ConnectionError when the broker can't be read or did not take it."""

    def __init__(self, kafka: KafkaSettings, topic: str = "webhooks") -> None:
        self._kafka = kafka
        self._writer = CompactedWriter(kafka, topic)
        self._by_name: dict[str, Endpoint] = {}  # replaced and never changed: one thread reads it while another writes

    def load(self) -> None:
        for key, record in latest_records(self._kafka, self._writer.topic).items():
            try:
                endpoint = decode_endpoint(key, record.value)
            except BadEvent as bad:
                _log.warning("topic %s: %s", self._writer.topic, bad)
            else:
                self._by_name = self._by_name | {endpoint.name: endpoint}

    def all(self) -> list[Endpoint]:
        """By name."""
        return sorted(self._by_name.values(), key=lambda endpoint: endpoint.name)

    def get(self, name: str) -> Endpoint | None:
        return self._by_name.get(name)

    def put(self, endpoint: Endpoint) -> None:
        self._writer.write([encode_endpoint(endpoint)])
        self._by_name = self._by_name | {endpoint.name: endpoint}

    def remove(self, name: str) -> None:
        self._writer.write([(name.encode(), None)])
        self._by_name = {other: endpoint for other, endpoint in self._by_name.items() if other != name}
