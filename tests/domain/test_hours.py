"""Hours are those of the wall clock in their zone, whatever summer time does."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hours import DAY_MINUTES, WEEKDAYS, Hours

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")

hours = st.builds(
    Hours,
    st.integers(0, DAY_MINUTES - 1),
    st.integers(1, DAY_MINUTES),
    st.sampled_from(ZONES),
    st.sets(st.sampled_from(WEEKDAYS), max_size=3).map(lambda days: tuple(sorted(days))),
).filter(lambda each: not each.faults())


def time_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        ("2026-01-05T21:59:59+01:00", False),
        ("2026-01-05T22:00:00+01:00", True),
        ("2026-01-06T05:59:59+01:00", True),
        ("2026-01-06T06:00:00+01:00", False),
        ("2026-07-06T21:30:00+00:00", True),  # 23:30 in Berlin, in summer
        ("2026-01-06T21:30:00+00:00", True),
        ("2026-07-06T20:30:00+00:00", True),
        ("2026-01-06T20:30:00+00:00", False),  # 21:30 in winter
    ],
)
def test_at_night_in_berlin(when: str, inside: bool) -> None:
    assert Hours(22 * 60, 6 * 60, "Europe/Berlin").contain(time_s(when)) is inside


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    friday_night = Hours(22 * 60, 6 * 60, "UTC", ("fri",))
    assert friday_night.contain(time_s("2026-01-09T23:00:00+00:00"))
    assert friday_night.contain(time_s("2026-01-10T05:00:00+00:00"))
    assert not friday_night.contain(time_s("2026-01-09T05:00:00+00:00"))
    assert not friday_night.contain(time_s("2026-01-10T23:00:00+00:00"))


@given(hours, st.integers(0, 4_000_000_000))
def test_what_is_inside_is_what_the_wall_clock_says(each: Hours, when_s: int) -> None:
    local = datetime.fromtimestamp(when_s, UTC).astimezone(ZoneInfo(each.zone))
    minutes = [
        m % DAY_MINUTES
        for m in range(each.start_minute, each.end_minute + DAY_MINUTES * (each.end_minute <= each.start_minute))
    ]
    minute = local.hour * 60 + local.minute
    begun_yesterday = each.end_minute <= each.start_minute and minute < each.start_minute
    begun_on = WEEKDAYS[(local.weekday() - begun_yesterday) % 7]
    assert each.contain(when_s) == (minute in minutes and (not each.days or begun_on in each.days))


@given(hours)
def test_the_share_is_that_of_a_week(each: Hours) -> None:
    in_utc = Hours(each.start_minute, each.end_minute, "UTC", each.days)
    inside = sum(in_utc.contain(minute * 60.0) for minute in range(7 * DAY_MINUTES))
    assert in_utc.share == pytest.approx(inside / (7 * DAY_MINUTES))


@pytest.mark.parametrize(
    ("faulty", "fault"),
    [
        (Hours(60, 60), "it can never match: the hours end as they start"),
        (Hours(-1, 60), "start at minute 0 to 1439"),
        (Hours(0, 1441), "end at minute 1 to 1440"),
        (Hours(0, 60, "Mars/Olympus"), "'Mars/Olympus' is no time zone"),
        (Hours(0, 60, "Europe"), "'Europe' is no time zone"),
        (Hours(0, 60, "../etc/passwd"), "is no time zone"),
        (Hours(0, 60, ""), "'' is no time zone"),
        (Hours(0, 60, "UTC", ("someday",)), "someday is no day of the week"),  # type: ignore[arg-type]
    ],
)
def test_hours_that_make_no_sense_say_so(faulty: Hours, fault: str) -> None:
    assert any(fault in each for each in faulty.faults())


def test_the_whole_day_is_from_midnight_to_midnight() -> None:
    day = Hours(0, DAY_MINUTES, "Asia/Kolkata", ("mon",))
    assert day.faults() == ()
    assert day.share == pytest.approx(1 / 7)
