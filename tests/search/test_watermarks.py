from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from domain.events import MODALITIES, Modality, WatermarkAdvanced
from search.watermarks import Watermarks


def advanced(source: str, modality: Modality, until_s: float, stored_s: float = 0.0) -> WatermarkAdvanced:
    return WatermarkAdvanced(source, modality, until_s, stored_s)


_WATERMARKS = st.lists(
    st.builds(
        WatermarkAdvanced,
        st.sampled_from(["cam", "mic"]),
        st.sampled_from(MODALITIES),
        st.floats(0, 1e9),
        st.floats(0, 1e9),
    )
)


@given(_WATERMARKS)
def test_keeps_the_furthest_whatever_the_order(pushed: list[WatermarkAdvanced]) -> None:
    watermarks = Watermarks()
    for watermark in pushed:
        watermarks.advance(watermark)
    furthest: dict[str, dict[Modality, float]] = {}
    for watermark in pushed:
        known = furthest.setdefault(watermark.source, {})
        known[watermark.modality] = max(known.get(watermark.modality, 0.0), watermark.until_s)
    assert watermarks.complete_until() == furthest


def test_a_late_one_keeps_the_time_it_was_stored() -> None:
    watermarks = Watermarks()
    watermarks.advance(advanced("cam", "scene", 20.0, stored_s=21.0))
    watermarks.advance(advanced("cam", "scene", 10.0, stored_s=99.0))
    assert watermarks.snapshot() == (advanced("cam", "scene", 20.0, stored_s=21.0),)


def test_only_the_sources_asked_for_and_an_empty_entry_for_one_unknown() -> None:
    watermarks = Watermarks()
    watermarks.advance(advanced("cam", "scene", 20.0))
    watermarks.advance(advanced("mic", "speech", 5.0))
    assert watermarks.complete_until(["mic", "nobody"]) == {"mic": {"speech": 5.0}, "nobody": {}}


def test_pushes_from_many_threads_lose_nothing() -> None:
    watermarks = Watermarks()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda at: watermarks.advance(advanced(f"cam{at % 7}", "scene", at)), range(700)))
    assert watermarks.complete_until() == {f"cam{number}": {"scene": 693.0 + number} for number in range(7)}
