"""What a search node tells Prometheus: how fresh, how much, how fast, how far behind.

Labels are modalities, topics, stages and webhooks, of which there are a handful; a source is a label only where its own
age is the point, since every new label value is a time series kept for as long as the process lives.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.deliveries import DeliveryAttempted, DeliveryDeadLettered, DeliveryEvent
from domain.events import CoverageAdvanced, MomentDescribed
from search.watermarks import Watermarks

_FRESHNESS_BUCKETS_S = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 60, 120, 300, 900, 3600)
_WORK_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SEARCH_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class NodeMetrics:
    """Counts of one node, in a registry of its own, so that two nodes in one process do not mix. Thread-safe."""

    def __init__(self, watermarks: Watermarks, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives Unix seconds; the age of the watermarks is taken against it at every scrape."""
        registry = self._registry = CollectorRegistry()
        by_modality = ("modality",)
        self._freshness = Histogram(
            "nowseen_freshness_seconds",
            "From a moment's end to the time it could be found.",
            by_modality,
            buckets=_FRESHNESS_BUCKETS_S,
            registry=registry,
        )
        self._stored = Counter(
            "nowseen_moments_stored", "Moments written to the store.", by_modality, registry=registry
        )
        self._store_batch = Histogram(
            "nowseen_store_batch_size", "Moments in one write.", buckets=_BATCH_BUCKETS, registry=registry
        )
        self._decode = Histogram(
            "nowseen_decode_seconds",
            "Decoding the media behind one step of coverage.",
            by_modality,
            buckets=_WORK_BUCKETS_S,
            registry=registry,
        )
        self._encode = Histogram(
            "nowseen_encode_seconds",
            "Running the models behind one step of coverage.",
            by_modality,
            buckets=_WORK_BUCKETS_S,
            registry=registry,
        )
        self._encode_batch = Histogram(
            "nowseen_encode_batch_size",
            "Pictures, utterances or texts given to the model at once.",
            by_modality,
            buckets=_BATCH_BUCKETS,
            registry=registry,
        )
        self._lag = Gauge("nowseen_consumer_lag", "Records not read yet.", ("topic",), registry=registry)
        self._dead_letters = Counter(
            "nowseen_dead_letters", "Events that can never be indexed.", ("topic",), registry=registry
        )
        self._webhooks = Counter(
            "nowseen_webhooks",
            "Attempts to tell an endpoint that were delivered or failed, and deliveries given up on.",
            ("endpoint", "outcome"),
            registry=registry,
        )
        self._search = Histogram(
            "nowseen_search_seconds", "Searches, by stage.", ("stage",), buckets=_SEARCH_BUCKETS_S, registry=registry
        )
        registry.register(_WatermarkAges(watermarks, clock))

    def stored(self, moments: Sequence[MomentDescribed], stored_s: float) -> None:
        """One write to the store, searchable since `stored_s` (Unix seconds)."""
        self._store_batch.observe(len(moments))
        for moment in moments:
            self._stored.labels(moment.modality).inc()
            self._freshness.labels(moment.modality).observe(max(0.0, stored_s - moment.end_s))

    def covered(self, coverage: CoverageAdvanced) -> None:
        """What one step of coverage cost. A step in which nothing ran is not counted as a fast one."""
        if coverage.decode_s > 0:
            self._decode.labels(coverage.modality).observe(coverage.decode_s)
        if coverage.encode_s > 0:
            self._encode.labels(coverage.modality).observe(coverage.encode_s)
        if coverage.batch_size > 0:
            self._encode_batch.labels(coverage.modality).observe(coverage.batch_size)

    def rejected(self, topic: str) -> None:
        self._dead_letters.labels(topic).inc()

    def webhook(self, event: DeliveryEvent) -> None:
        """What became of a delivery."""
        match event:
            case DeliveryAttempted(endpoint=endpoint, is_delivered=is_delivered):
                self._webhooks.labels(endpoint, "delivered" if is_delivered else "failed").inc()
            case DeliveryDeadLettered(delivery=delivery):
                self._webhooks.labels(delivery.endpoint, "given_up").inc()

    def lag(self, topic: str, records: int) -> None:
        self._lag.labels(topic).set(records)

    def searched(self, took_ms: Mapping[str, float]) -> None:
        """Milliseconds by stage, as a search reports them."""
        for stage, milliseconds in took_ms.items():
            self._search.labels(stage).observe(milliseconds / 1000)

    def render(self) -> tuple[bytes, str]:
        """The page for Prometheus and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class _WatermarkAges(Collector):
    def __init__(self, watermarks: Watermarks, clock: Callable[[], float]) -> None:
        self._watermarks = watermarks
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        ages = GaugeMetricFamily(
            "nowseen_watermark_age_seconds",
            "How far the complete part of the index lies behind the clock.",
            labels=("source", "modality"),
        )
        now_s = self._clock()
        for watermark in self._watermarks.snapshot():
            ages.add_metric((watermark.source, watermark.modality), now_s - watermark.until_s)
        yield ages
