"""What an answer means, and how long it asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery_outcomes import Answered, Unanswered, Verdict, explain, judge, retry_after_s

NOW_S = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the RFC's own example
LONGEST_S = 6 * 3600.0


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "delivered"), (202, "delivered"), (204, "delivered"), (299, "delivered"),
        (301, "endpoint failed"), (302, "endpoint failed"), (307, "endpoint failed"), (308, "endpoint failed"),
        (400, "delivery failed"), (413, "delivery failed"), (422, "delivery failed"),
        (401, "endpoint failed"), (403, "endpoint failed"), (404, "endpoint failed"), (429, "endpoint failed"),
        (410, "gone"),
        (500, "endpoint failed"), (502, "endpoint failed"), (503, "endpoint failed"), (504, "endpoint failed"),
        (100, "endpoint failed"), (600, "endpoint failed"), (999, "endpoint failed"),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    assert judge(Answered(status)) == verdict


def test_no_answer_is_the_endpoint_s_failure_unless_there_is_no_endpoint() -> None:
    assert judge(Unanswered("timeout", "10 s")) == "endpoint failed"
    assert judge(Unanswered("connection", "refused")) == "endpoint failed"
    assert judge(Unanswered("refused", "10.0.0.1 is private")) == "endpoint failed"
    assert judge(Unanswered("no endpoint", "ops")) == "undeliverable"


def test_the_reason_says_what_to_do_about_a_redirect() -> None:
    assert "final address" in explain(Answered(302))
    assert explain(Answered(500, excerpt="oops")) == "answered 500: oops"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60.0),  # the two obsolete forms that a recipient must read too
        ("Sun Nov  6 08:50:37 1994", 60.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),  # past
        ("999999", LONGEST_S),
        ("9" * 5000, LONGEST_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_S),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(header: str, seconds: float) -> None:
    assert retry_after_s(Answered(503, header), NOW_S, LONGEST_S) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{8} [A-Z+-0-9]{3,5}"))
def test_no_header_does_harm(header: str) -> None:
    assert 0.0 <= retry_after_s(Answered(429, header), NOW_S, LONGEST_S) <= LONGEST_S


@given(st.integers(0, int(LONGEST_S)))
def test_a_date_and_seconds_mean_the_same(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW_S + seconds, UTC), usegmt=True)

    assert retry_after_s(Answered(503, date), NOW_S, LONGEST_S) == float(seconds)
    assert retry_after_s(Answered(503, str(seconds)), NOW_S, LONGEST_S) == float(seconds)


def test_who_did_not_answer_asks_for_nothing() -> None:
    assert retry_after_s(Unanswered("timeout", "10 s"), NOW_S, LONGEST_S) == 0.0
