"""What an attempt to deliver came to, and what that means.

After the Standard Webhooks specification 1.0.0 ("Delivery success and failure"): 2xx is a success and everything else a
failure; 410 asks to be left alone; redirects are not followed; 429, 502 and 504 ask for fewer requests; Retry-After is
heeded. It makes no exception for other 4xx, and neither do we: they are tried as long as a 500, because behind most of
them is a receiver that was set up wrongly (a route that is missing, a secret that is old) and will be mended, and what
was not delivered by then can't be had otherwise. What we do tell apart is whether an answer is about the endpoint or
about what was sent: one body that a receiver can't take must not slow down all the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["delivered", "endpoint failed", "delivery failed", "gone", "undeliverable"]

# Bad request, conflict, too large, unsupported type, unprocessable (RFC 9110, section 15.5).
_ABOUT_WHAT_WAS_SENT = frozenset({400, 409, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class Answered:
    """The endpoint answered with a status."""

    status: int
    retry_after: str | None = None  # the header, as it came
    excerpt: str = ""  # how the answer's body begins, when it is not a success; printable


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer: it took too long, the connection failed, we refuse to connect there, or there is no such endpoint."""

    kind: Literal["timeout", "connection", "refused", "no endpoint"]
    reason: str


Outcome: TypeAlias = Answered | Unanswered


def judge(outcome: Outcome) -> Verdict:
    match outcome:
        case Unanswered(kind="no endpoint"):
            return "undeliverable"
        case Unanswered():
            return "endpoint failed"
        case Answered(status=status) if 200 <= status < 300:
            return "delivered"
        case Answered(status=410):
            return "gone"
        case Answered(status=status):
            return "delivery failed" if status in _ABOUT_WHAT_WAS_SENT else "endpoint failed"


def explain(outcome: Outcome) -> str:
    """For people; printable, in one line."""
    match outcome:
        case Unanswered(kind=kind, reason=reason):
            return f"{kind}: {reason}"
        case Answered(status=status) if 300 <= status < 400:
            return f"answered {status}: redirects are not followed, so give the endpoint its final address"
        case Answered(status=status, excerpt=excerpt):
            return f"answered {status}: {excerpt}" if excerpt else f"answered {status}"


def retry_after_s(outcome: Outcome, now_s: float, longest_s: float) -> float:
    """Seconds that the answer asks us to wait, 0 to `longest_s`: Retry-After in seconds or as a date (RFC 9110, section
    10.2.3). 0 when it does not ask or can't be understood."""
    header = (outcome.retry_after or "").strip() if isinstance(outcome, Answered) else ""
    if re.fullmatch(r"[0-9]+", header):
        # Nine digits are 30 years; int() of a hostile header's thousands of digits raises.
        return min(float(header[:9]) if len(header) <= 9 else longest_s, longest_s)
    try:
        date = parsedate_to_datetime(header)
        asked_s = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_s
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(asked_s, 0.0), longest_s)
