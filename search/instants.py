"""Points in time as people and programs write them in a URL."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_LAST_S = 253_402_300_799  # the end of the year 9999
# A plus sign in a URL's query means a space unless it was escaped, and few escape the one of a time zone.
_UNESCAPED_ZONE = re.compile(r" (?=\d\d:?\d\d$)")


class BadInstant(ValueError):  # noqa: N818  (named like BadEvent and BadQuery: somebody else's mistake)
    """The text is no point in time. The message shows what is."""


def parse_instant(text: str) -> float:
    """Unix seconds from Unix seconds or ISO 8601; UTC where no zone is given.

    Raises BadInstant for anything else, and outside the years 1970 to 9999.
    """
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = datetime.fromisoformat(_UNESCAPED_ZONE.sub("+", text))
            seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise _bad(text) from None
    if not math.isfinite(seconds) or not 0 <= seconds <= _LAST_S:
        raise _bad(text)
    return seconds


def format_instant(seconds: float) -> str:
    """ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bad(text: str) -> BadInstant:
    return BadInstant(
        f"{text[:60]!r} is not a time from 1970 to 9999: write Unix seconds, such as 1767225600, or ISO 8601, such as "
        "2026-01-01T00:00:00Z (UTC where no zone is given)"
    )
