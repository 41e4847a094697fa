"""Hours as people write them: `mon-fri 08:00-18:00 Europe/Berlin`, `22:00-06:00`, `sat,sun 00:00-24:00`."""

from __future__ import annotations

import re

from domain.errors import BadRequest
from domain.hours import DAY_MINUTES, WEEKDAYS, Hours, Weekday

_HOURS = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:[-,][a-z]{3})*)\s+)?(?P<start>\d\d?:\d\d)\s*-\s*(?P<end>\d\d?:\d\d)(?:\s+(?P<zone>\S+))?",
    re.IGNORECASE,
)


def parse_hours(text: str) -> Hours:
    """Days (all when left out), local times, a time zone (UTC when left out). Past midnight where the end is earlier.

    Raises BadRequest.
    """
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise BadRequest(f"{text[:60]!r} are no hours: write them as in 'mon-fri 08:00-18:00 Europe/Berlin'")
    hours = Hours(
        _minute(found["start"]), _minute(found["end"]), found["zone"] or "UTC", _days((found["days"] or "").lower())
    )
    if faults := hours.faults():
        raise BadRequest("; ".join(faults))
    return hours


def format_hours(hours: Hours) -> str:
    """What parse_hours reads."""
    days = ",".join(hours.days)
    times = f"{_clock(hours.start_minute)}-{_clock(hours.end_minute)} {hours.zone}"
    return f"{days} {times}" if days else times


def _minute(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or hour * 60 + minute > DAY_MINUTES:
        raise BadRequest(f"{text} is no time of the day: write it from 00:00 to 24:00")
    return hour * 60 + minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days(text: str) -> tuple[Weekday, ...]:
    found: dict[Weekday, None] = {}
    for part in filter(None, text.split(",")):
        first, *last = part.split("-")
        begin, end = _weekday(first), _weekday(last[-1] if last else first)
        while True:
            found[WEEKDAYS[begin]] = None
            if begin == end:
                break
            begin = (begin + 1) % len(WEEKDAYS)
    return tuple(day for day in WEEKDAYS if day in found)


def _weekday(text: str) -> int:
    for number, day in enumerate(WEEKDAYS):
        if day == text:
            return number
    raise BadRequest(f"{text!r} is no day of the week; there are {', '.join(WEEKDAYS)}")
