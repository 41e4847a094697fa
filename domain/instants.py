"""Points in time as people and programs write them in a question."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

LAST_S = 253_402_300_799  # the end of the year 9999
# A plus sign in a URL's query means a space unless it was escaped, and few escape the one of a time zone.
_UNESCAPED_ZONE = re.compile(r" (?=\d\d:?\d\d$)")
_AGO = re.compile(r"(\d{1,6})(s|m|h|d|w)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAYS_AGO = {"today": 0, "yesterday": 1}


class BadInstant(ValueError):  # noqa: N818  (named like BadEvent and BadQuery: somebody else's mistake)
    """The text is no point in time. The message shows what is."""


def parse_instant(text: str, now_s: float) -> float:
    """Unix seconds from Unix seconds, ISO 8601 (UTC where no zone is given), "now", "today" and "yesterday" (when they
    began, UTC), or how long ago: "90s", "10m", "2h", "3d", "1w".

    Raises BadInstant for anything else, and outside the years 1970 to 9999.
    """
    text = text.strip()
    if (ago := _seconds_ago(text.lower(), now_s)) is not None:
        return max(0.0, now_s - ago)
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = datetime.fromisoformat(_UNESCAPED_ZONE.sub("+", text))
            seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise _bad(text) from None
    if not math.isfinite(seconds) or not 0 <= seconds <= LAST_S:
        raise _bad(text)
    return seconds


def format_instant(seconds: float) -> str:
    """ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds_ago(text: str, now_s: float) -> float | None:
    if text == "now":
        return 0.0
    if text in _DAYS_AGO:
        return now_s % _UNIT_S["d"] + _DAYS_AGO[text] * _UNIT_S["d"]
    if parts := _AGO.fullmatch(text):
        return float(int(parts[1]) * _UNIT_S[parts[2]])
    return None


def _bad(text: str) -> BadInstant:
    return BadInstant(
        f"{text[:60]!r} is not a time from 1970 to 9999: write how long ago, such as 10m, 2h, 3d or yesterday, ISO "
        "8601 such as 2026-01-01T00:00:00Z (UTC where no zone is given), or Unix seconds such as 1767225600"
    )
