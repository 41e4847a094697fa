"""Event times, for a given now and zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.times import clock, duration, viewer_zone

NOON_S = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("when_s", "zone", "expected"),
    [
        (NOON_S, BERLIN, "13:00:00"),
        (NOON_S, UTC, "12:00:00 UTC"),
        (NOON_S - 13 * 3600, BERLIN, "00:00:00"),
        (NOON_S - 13 * 3600, UTC, "28 Feb 23:00:00 UTC"),
        (NOON_S - 366 * 86_400, BERLIN, "28 Feb 2025 13:00:00"),
    ],
)
def test_clock_is_the_viewers_and_names_the_day_unless_it_is_today(
    when_s: float, zone: ZoneInfo, expected: str
) -> None:
    assert clock(when_s, zone, NOON_S) == expected


@given(st.floats())
def test_any_number_is_a_time_or_is_said_to_be_none(when_s: float) -> None:
    assert clock(when_s, BERLIN, NOON_S)


@given(st.none() | st.text())
def test_any_zone_name_gives_a_zone(name: str | None) -> None:
    clock(NOON_S, viewer_zone(name), NOON_S)


def test_the_browsers_zone_is_used() -> None:
    assert viewer_zone("Europe/Berlin") == BERLIN
    assert viewer_zone("Nowhere/Else") is UTC
    assert viewer_zone("../../etc/passwd") is UTC


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, ""), (0.4, ""), (1, "1 s"), (4.4, "4 s"), (59.6, "1:00 min"), (125, "2:05 min")]
)
def test_duration(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected
