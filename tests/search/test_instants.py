import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.instants import BadInstant, format_instant, parse_instant


@pytest.mark.parametrize(
    "text",
    [
        "1767225600", "1767225600.0", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01",
        "2026-01-01T01:00:00+01:00", "2026-01-01T01:00:00 01:00", "2025-12-31T19:00:00-05:00", " 2026-01-01 00:00:00 ",
    ],
)  # fmt: skip
def test_one_instant_in_many_spellings(text: str) -> None:
    assert parse_instant(text) == 1767225600.0


@pytest.mark.parametrize("text", ["", "yesterday", "nan", "inf", "-1", "1e300", "2026-13-01", "9999999999999"])
def test_what_is_no_instant_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInstant, match="2026-01-01T00:00:00Z"):
        parse_instant(text)


@given(st.integers(0, 253_402_300_798_999))
def test_what_is_written_is_read_again(milliseconds: int) -> None:
    assert parse_instant(format_instant(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, abs=0.0011)
