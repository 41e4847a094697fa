"""Event times as the viewer's clock shows them. Pure: now and the zone are arguments."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo


def viewer_zone(name: str | None) -> tzinfo:
    """The zone of that name, or UTC: a browser can send anything."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def clock(when_s: float, zone: tzinfo, now_s: float) -> str:
    """12:03:11, with the date unless it is today, and with UTC where the viewer's zone is not known."""
    when, today = event_time(when_s, zone), event_time(now_s, zone)
    if when is None or today is None:
        return "at an unknown time"
    day = ""
    if when.date() != today.date():
        day = f"{when.day} {when:%b} " + ("" if when.year == today.year else f"{when.year} ")
    return f"{day}{when:%H:%M:%S}" + (" UTC" if zone is UTC else "")


def duration(seconds: float) -> str:
    if seconds < 0.95:
        return ""  # one picture or one line of text: it has a time, not a length
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02d} min"


def event_time(when_s: float, zone: tzinfo) -> datetime | None:
    """None for a number that is no time of the calendar."""
    try:
        return datetime.fromtimestamp(when_s, zone)
    except (ValueError, OverflowError, OSError):
        return None
