"""When a rule listens: hours of the local day, on some days of the week, in a time zone with its summer time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start_minute` until before `end_minute` of the local day; past midnight where the end is the smaller.

    The days are those it begins on; none means every day.
    """

    start_minute: int  # 0 to 1439
    end_minute: int  # 1 to 1440
    zone: str = "UTC"  # a name of the IANA time zone database
    days: tuple[Weekday, ...] = ()

    def contain(self, time_s: float) -> bool:
        """Whether the time (Unix seconds) is inside. Raises ValueError, KeyError or OSError for a zone that is none."""
        local = datetime.fromtimestamp(time_s, _zone(self.zone))
        minute = local.hour * 60 + local.minute
        if self.start_minute < self.end_minute:
            return self.start_minute <= minute < self.end_minute and self._begin_on(local)
        if minute >= self.start_minute:
            return self._begin_on(local)
        return minute < self.end_minute and self._begin_on(local - timedelta(days=1))

    @property
    def share(self) -> float:
        """Of all time, 0 to 1; a day of summer time's beginning or end counts like any other."""
        length = (self.end_minute - self.start_minute) % DAY_MINUTES or DAY_MINUTES
        return length / DAY_MINUTES * (len(set(self.days)) / len(WEEKDAYS) if self.days else 1.0)

    def faults(self) -> tuple[str, ...]:
        faults = []
        if not (0 <= self.start_minute < DAY_MINUTES and 0 < self.end_minute <= DAY_MINUTES):
            faults.append("hours start at minute 0 to 1439 of the day and end at minute 1 to 1440")
        elif self.start_minute == self.end_minute:
            faults.append("it can never match: the hours end as they start; leave them out for the whole day")
        if unknown := sorted(set(self.days) - set(WEEKDAYS)):
            faults.append(f"{', '.join(unknown)} is no day of the week; there are {', '.join(WEEKDAYS)}")
        try:
            _zone(self.zone)
        except (KeyError, ValueError, OSError):  # an unknown name, one that is a path, one that is a folder
            faults.append(f"{self.zone[:60]!r} is no time zone; use a name such as Europe/Berlin or UTC")
        return tuple(faults)

    def _begin_on(self, day: datetime) -> bool:
        return not self.days or WEEKDAYS[day.weekday()] in self.days


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
