from prometheus_client.parser import text_string_to_metric_families

from domain.deliveries import Delivery, DeliveryAttempted, DeliveryDeadLettered, EndpointDisabled
from domain.events import CoverageAdvanced, MomentDescribed, WatermarkAdvanced
from search.metrics import NodeMetrics
from search.watermarks import Watermarks


def samples(metrics: NodeMetrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """By sample name and label values, in the order of the labels' names."""
    page, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def moment(end_s: float) -> MomentDescribed:
    return MomentDescribed("cam", "scene", end_s - 2, end_s, "clip", {"image": (1.0,)})


def test_stored_moments_are_counted_with_their_freshness() -> None:
    metrics = NodeMetrics(Watermarks())
    metrics.stored([moment(100.0), moment(102.0)], stored_s=104.0)
    seen = samples(metrics)
    assert seen["nowseen_moments_stored_total", ("scene",)] == 2
    assert seen["nowseen_store_batch_size_sum", ()] == 2
    assert seen["nowseen_freshness_seconds_sum", ("scene",)] == 6.0
    assert seen["nowseen_freshness_seconds_bucket", ("3.0", "scene")] == 1


def test_a_moment_of_the_future_is_fresh_not_negative() -> None:
    metrics = NodeMetrics(Watermarks())
    metrics.stored([moment(200.0)], stored_s=100.0)
    assert samples(metrics)["nowseen_freshness_seconds_sum", ("scene",)] == 0


def test_coverage_tells_what_decoding_and_encoding_cost() -> None:
    metrics = NodeMetrics(Watermarks())
    metrics.covered(CoverageAdvanced("mic", "speech", 0.0, 4.0, 5.0, decode_s=0.25, encode_s=1.5, batch_size=3))
    metrics.covered(CoverageAdvanced("mic", "speech", 4.0, 8.0, 9.0))  # silence: nothing ran
    seen = samples(metrics)
    assert seen["nowseen_decode_seconds_sum", ("speech",)] == 0.25
    assert seen["nowseen_encode_seconds_count", ("speech",)] == 1
    assert seen["nowseen_encode_batch_size_sum", ("speech",)] == 3


def test_lag_dead_letters_and_stages() -> None:
    metrics = NodeMetrics(Watermarks())
    metrics.lag("moments", 7)
    metrics.lag("moments", 3)
    metrics.rejected("media.video")
    metrics.searched({"encode": 10.0, "store": 2.5})
    seen = samples(metrics)
    assert seen["nowseen_consumer_lag", ("moments",)] == 3
    assert seen["nowseen_dead_letters_total", ("media.video",)] == 1
    assert seen["nowseen_search_seconds_sum", ("store",)] == 0.0025


def test_the_watermarks_age_between_scrapes() -> None:
    watermarks, now_s = Watermarks(), 110.0
    metrics = NodeMetrics(watermarks, clock=lambda: now_s)
    watermarks.advance(WatermarkAdvanced("cam", "scene", 100.0, 105.0))
    assert samples(metrics)["nowseen_watermark_age_seconds", ("scene", "cam")] == 10.0
    now_s = 140.0
    assert samples(metrics)["nowseen_watermark_age_seconds", ("scene", "cam")] == 40.0


def test_two_nodes_in_one_process_do_not_mix() -> None:
    first, second = NodeMetrics(Watermarks()), NodeMetrics(Watermarks())
    first.rejected("media.audio")
    assert ("nowseen_dead_letters_total", ("media.audio",)) not in samples(second)


def test_what_became_of_webhooks_by_endpoint() -> None:
    metrics = NodeMetrics(Watermarks())
    for is_delivered in (False, False, True):
        metrics.webhook(DeliveryAttempted("id", "ops", 1, 5.0, is_delivered, "answered"))
    metrics.webhook(DeliveryDeadLettered(Delivery("team", "i", 0, "text/plain", "", 5.0), 9, 6.0, "answered 500"))
    metrics.webhook(EndpointDisabled("ops", 6.0, "answered 410"))
    seen = {key: value for key, value in samples(metrics).items() if key[0] == "nowseen_webhooks_total"}
    assert {labels: value for (_, labels), value in seen.items()} == {
        ("ops", "failed"): 2, ("ops", "delivered"): 1, ("team", "given_up"): 1,
    }  # fmt: skip
